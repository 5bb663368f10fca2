// The paths of data and initial weights in a spec's text. They may change without changing the spec's meaning.
import type { Paths } from "../data/disk.js";

/** A path as `printSpec` writes it: the call, the field's name, and the path as a string. */
const PLACED = /\b(files|checkpoint)\((path: )?("(?:[^"\\]|\\.)*")/g;

/** A spec's text, or a line of it, without those paths. Files are compared by their digests, not by their paths. */
export const placeless = (text: string): string => text.replaceAll(PLACED, "$1(");

/** A spec's text with paths relative to `to` instead of `from`. */
export const movedSpec = (text: string, from: string, to: string, { relative, resolve }: Paths): string =>
  text.replaceAll(PLACED, (_, call: string, name: string | undefined, path: string) => {
    const place = relative(resolve(to), resolve(from, JSON.parse(path) as string)).replaceAll("\\", "/");
    return `${call}(${name ?? ""}${JSON.stringify(place)}`;
  });
