// Resolves files that a data file names. With links resolved, they must be in the data file's folder, the project's folder
// or an allowed folder.
import { allowHelp } from "../diagnostics/allow.js";
import { BadFile } from "../diagnostics/bad-file.js";
import { InputError } from "../diagnostics/input-error.js";
import { NO_FILE } from "./open-file.js";
import { locate, type Reach, withFolder } from "./reach.js";

interface Naming {
  /** Where the path is written, for errors: `pairs.jsonl:3`. */
  readonly place: string;
  /** The folder of the data file. */
  readonly folder: string;
  /** What the file is, for errors: `image`. */
  readonly what: string;
  /** What may be read besides the data file's folder. */
  readonly reach: Reach;
}

/**
 * The real path of a file.
 * @param path as written, relative to the folder
 * @throws BadFile if it does not exist; InputError if it is outside
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
        `${place}: ${named} is outside the project's folder and the data file's`,
        allowHelp(located.folder),
      );
    case "missing":
      throw new BadFile(
        "file-unreadable",
        located.reason === NO_FILE
          ? `${place}: there is no ${what} ${JSON.stringify(path)}`
          : `${place}: ${named} cannot be read (${located.reason})`,
        "Fix the path, or put the file there.",
      );
  }
}
