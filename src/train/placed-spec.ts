// The paths of data and initial weights in a spec's text. They may change without changing the spec's meaning.
import type { Paths } from "../data/disk.js";
import { KINDS_WITH_PATHS } from "../data/sources/source.fields.js";

const STRING = /"(?:[^"\\]|\\.)*"/.source;
/** Paths as `printSpec` writes them: the call, and a path, or a list of paths, and a path of metadata. Or any other string. */
const PLACED = new RegExp(
  `\\b((?:${[...KINDS_WITH_PATHS, "checkpoint"].join("|")})\\((?:path: )?)((?:${STRING}|\\[${STRING}(?:, ${STRING})*\\])(?:, metadata: ${STRING})?)|${STRING}`,
  "g",
);

/** A spec's text, or a line of it, without those paths. Files are compared by their digests, not by their paths. */
export const placeless = (text: string): string =>
  text.replaceAll(PLACED, (found, call: string | undefined) => call?.replace("path: ", "") ?? found);

/** A spec's text with paths relative to `to` instead of `from`. */
export const movedSpec = (text: string, from: string, to: string, { relative, resolve }: Paths): string =>
  text.replaceAll(PLACED, (found, call: string | undefined, paths: string) => {
    if (call === undefined) return found;
    const moved = (path: string) => relative(resolve(to), resolve(from, JSON.parse(path) as string));
    const strings = new RegExp(STRING, "g");
    return call + paths.replaceAll(strings, (path) => JSON.stringify(moved(path).replaceAll("\\", "/")));
  });
