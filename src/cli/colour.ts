// Colours and links on a stream. NO_COLOR and FORCE_COLOR decide on colours; without them, a terminal gets colours. A
// terminal that is known to open links gets links; FORCE_HYPERLINK overrides this.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { createSupportsHyperlinks } from "supports-hyperlinks";
import type { Style } from "../diagnostics/render.js";

export function coloured(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== "") return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "0") return true;
  return stream.isTTY === true && TERM !== "dumb";
}

/** Whether the stream shows links. */
export const linking = (stream: NodeJS.WriteStream): boolean =>
  createSupportsHyperlinks(stream) && process.env.NO_COLOR === undefined;

/** How diagnostics are shown on the stream. */
export function styleOf(stream: NodeJS.WriteStream): Style {
  const links = linking(stream);
  return {
    colour: coloured(stream),
    addressOf: links ? (path) => pathToFileURL(resolve(path)).href : undefined,
  };
}
