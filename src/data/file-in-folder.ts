// Files that a data file names: they lie in its folder or below, wherever links lead.
import { realpathSync } from "node:fs";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { InputError } from "../diagnostics/input-error.js";

export interface Naming {
  /** Where the path stands, for errors: `pairs.jsonl:3`. */
  readonly place: string;
  /** That of the data file. */
  readonly folder: string;
  /** What the file is, for errors: `image`. */
  readonly what: string;
}

/**
 * The real path of a file.
 * @param path as written, relative to the folder
 * @throws InputError where there is none, or it lies outside
 */
export function fileInFolder(path: string, { place, folder, what }: Naming): string {
  const leaves = new InputError(
    `${place}: the ${what} ${JSON.stringify(path)} lies outside the data file's folder`,
    "Put it beside the data file, or below, and give its path from there.",
  );
  const file = resolve(folder, path);
  if (isAbsolute(path) || !inside(resolve(folder), file)) throw leaves;
  let real: string;
  try {
    real = realpathSync(file);
  } catch {
    throw new InputError(
      `${place}: there is no ${what} ${JSON.stringify(path)}`,
      "Correct the path, or put the file there.",
    );
  }
  if (!inside(realpathSync(folder), real)) throw leaves;
  return real;
}

function inside(from: string, to: string): boolean {
  const way = relative(from, to);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
