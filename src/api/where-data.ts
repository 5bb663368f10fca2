// The option `--data`: the new place of data that have moved.
import { isFolder, type Reach, withFolder } from "../data/reach.js";
import { sourcePath } from "../data/sources/source.fields.js";
import { InputError } from "../diagnostics/input-error.js";
import type { CheckedSpec, Json } from "../front/spec.js";
import { withPaths } from "./spec-paths.js";

interface Sited {
  readonly spec: CheckedSpec;
  /** The resolved spec. */
  readonly json?: Json | undefined;
  readonly folder: string;
  readonly reach: Reach;
  /** Whether the spec is that of a run, which may have moved away from its data. */
  readonly isRun: boolean;
}

/**
 * The spec with the data at the place that the user names.
 * @throws InputError if the data are not there
 */
export function withData<T extends Sited>(read: T, place: string | undefined): T {
  const { spec, json, folder, reach } = read;
  const { source } = spec.data;
  const written = sourcePath(source);
  if (written === undefined) {
    if (place === undefined) return read;
    throw new InputError(
      "bad-option",
      "--data does not apply: the data of this spec are not a file.",
      "Leave --data out.",
    );
  }
  if (place === undefined) return read;
  const { disk } = reach;
  const { basename, dirname, join, resolve } = disk.paths;
  const path = resolve(isFolder(disk, place) ? join(place, basename(written)) : place);
  if (!disk.exists(path))
    throw new InputError(
      "file-unreadable",
      `--data: ${path} does not exist.`,
      "Name the file, or the folder that contains it.",
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
 * Checks that the data of a run still exist.
 * @throws InputError if they do not
 */
export function checkDataThere({ spec, folder, reach: { disk }, isRun }: Sited): void {
  const path = sourcePath(spec.data.source);
  if (!isRun || path === undefined || disk.exists(disk.paths.resolve(folder, path))) return;
  throw new InputError(
    "file-unreadable",
    `The data of the run are no longer at ${path}.`,
    "Name the new place with --data: the file, or the folder that contains it.",
  );
}
