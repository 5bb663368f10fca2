// Files that a data file names: they lie in its folder, in the project's or in one that was opened, wherever links lead.
import { allowHelp } from "../diagnostics/allow.js";
import { BadFile } from "../diagnostics/bad-file.js";
import { InputError } from "../diagnostics/input-error.js";
import { NO_FILE } from "./open-file.js";
import { locate, type Reach, withFolder } from "./reach.js";

interface Naming {
  /** Where the path stands, for errors: `pairs.jsonl:3`. */
  readonly place: string;
  /** That of the data file. */
  readonly folder: string;
  /** What the file is, for errors: `image`. */
  readonly what: string;
  /** What may be read besides the data file's folder. */
  readonly reach: Reach;
}

/**
 * The real path of a file.
 * @param path as written, relative to the folder
 * @throws BadFile where there is none; InputError where it lies outside
 */
export function fileInFolder(path: string, { place, folder, what, reach }: Naming): string {
  const within = withFolder(reach, folder);
  const located = locate(reach.disk.paths.resolve(folder, path), within);
  const named = `the ${what} ${JSON.stringify(path)}`;
  switch (located.kind) {
    case "inside":
      return located.real;
    case "outside":
      throw new InputError(
        "file-outside",
        `${place}: ${named} lies outside the project's folder and the data file's`,
        allowHelp(located.folder),
      );
    case "missing":
      throw new BadFile(
        "file-unreadable",
        located.reason === NO_FILE
          ? `${place}: there is no ${what} ${JSON.stringify(path)}`
          : `${place}: ${named} cannot be read (${located.reason})`,
        "Correct the path, or put the file there.",
      );
  }
}
