// The places of data and first weights in a spec's text, which may change while the spec stays what it is.
import type { Paths } from "../data/disk.js";

/** What `printSpec` writes before such a path, and the path as a string. */
const PLACED = /\b(files|checkpoint)\((path: )?("(?:[^"\\]|\\.)*")/g;

/** A spec's text, or a line of it, without those places: what is there is compared by its digest. */
export const placeless = (text: string): string => text.replaceAll(PLACED, "$1(");

/** A spec's text whose paths are relative to one folder, as it is right in another. */
export const movedSpec = (text: string, from: string, to: string, { relative, resolve }: Paths): string =>
  text.replaceAll(PLACED, (_, call: string, name: string | undefined, path: string) => {
    const place = relative(resolve(to), resolve(from, JSON.parse(path) as string)).replaceAll("\\", "/");
    return `${call}(${name ?? ""}${JSON.stringify(place)}`;
  });
