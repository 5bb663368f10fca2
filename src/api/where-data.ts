// Where the data of a spec are, when they are not where it says: in a folder that the user names.
import { isFolder, type Reach, withFolder } from "../data/reach.js";
import { sourcePath } from "../data/sources/source.fields.js";
import { InputError } from "../diagnostics/input-error.js";
import type { CheckedSpec, Json } from "../front/spec.js";
import { withPaths } from "./spec-paths.js";

interface Sited {
  readonly spec: CheckedSpec;
  /** The same as resolved. */
  readonly json?: Json | undefined;
  readonly folder: string;
  readonly reach: Reach;
  /** Whether it is that of a run, which may have moved away from its data. */
  readonly isRun: boolean;
}

/**
 * The same spec with its data where the user says that they are.
 * @throws InputError where they are not there, and where a run's spec names data that are not there
 */
export function withData<T extends Sited>(read: T, place: string | undefined): T {
  const { spec, json, folder, reach } = read;
  const { source } = spec.data;
  const written = sourcePath(source);
  if (written === undefined) {
    if (place === undefined) return read;
    throw new InputError("bad-option", "--data: the data of this spec are no file.", "Leave --data out.");
  }
  if (place === undefined) return read;
  const { disk } = reach;
  const { basename, dirname, join, resolve } = disk.paths;
  const path = resolve(isFolder(disk, place) ? join(place, basename(written)) : place);
  if (!disk.exists(path))
    throw new InputError(
      "file-unreadable",
      `--data: there is no ${path}.`,
      "Name the file, or the folder that it is in.",
    );
  return {
    ...read,
    reach: withFolder(reach, dirname(path)),
    spec: { ...spec, data: { ...spec.data, source: { ...source, path } } },
    json: json === undefined ? json : withPaths(json, (was, use) => (use === "data" ? path : was)),
    folder,
  };
}

/**
 * For what reads the data.
 * @throws InputError where those of a run are gone
 */
export function checkDataThere({ spec, folder, reach: { disk }, isRun }: Sited): void {
  const path = sourcePath(spec.data.source);
  if (!isRun || path === undefined || disk.exists(disk.paths.resolve(folder, path))) return;
  throw new InputError(
    "file-unreadable",
    `The data of the run are not at ${path} any more.`,
    "Say with --data where they are: the file, or its folder.",
  );
}
