// What a stream shows. NO_COLOR and FORCE_COLOR decide of colours, else whether it is a terminal; of links that terminals
// can open, what they are known to do, or FORCE_HYPERLINK.
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

/** Whether it makes links of texts. */
export const linking = (stream: NodeJS.WriteStream): boolean =>
  createSupportsHyperlinks(stream) && process.env.NO_COLOR === undefined;

/** How diagnostics are shown there. */
export function styleOf(stream: NodeJS.WriteStream): Style {
  const links = linking(stream);
  return {
    colour: coloured(stream),
    addressOf: links ? (path) => pathToFileURL(resolve(path)).href : undefined,
  };
}
