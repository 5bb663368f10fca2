// The spec in a run's folder, and the files that it may read. A run can come from someone else, so its paths follow the rule
// for all specs, and the contents of the run do not extend it.
import type { Disk } from "../data/disk.js";
import { readRegular, textOf, Unreadable } from "../data/open-file.js";
import { locate, type Reach, reachOf } from "../data/reach.js";
import { check } from "../front/check.js";
import { originOf, pathIn, runAt } from "../train/run-folder.js";
import { type Readers, readersFor, SOURCE_BYTES } from "./read-spec-files.js";
import { pathsIn } from "./spec-paths.js";

export interface SpecOfRun {
  /** The file to read. */
  readonly file: string;
  /** Paths in the spec are relative to the folder of this file. */
  readonly entry: string;
  readonly reach: Reach;
}

/** Whether a path is the folder of a run rather than a spec. */
export const isRunFolder = ({ exists, paths }: Disk, path: string): boolean =>
  exists(paths.join(path, "spec.mom")) && exists(paths.join(path, "plan.json"));

/** @throws Failure if the folder is not a run; InputError if its origin.json is damaged */
export function specOfRun(disk: Disk, path: string, allow?: readonly string[]): SpecOfRun {
  const run = runAt(path, disk);
  const file = pathIn(run, "spec");
  const own = reachOf(disk, file, allow);
  const origin = originOf(run);
  if (origin === undefined) return { file, entry: file, reach: own };
  const entry = origin.format === 1 ? origin.spec : file;
  const outside = namedBy(file, entry, own).filter((named) => locate(named, own).kind === "outside");
  if (outside.length === 0) return { file, entry, reach: own };
  // The original spec may read the files that it names. If it still exists and names the same files, so may the run.
  const theirs = reachOf(disk, origin.spec, allow);
  const named = new Set(namedBy(origin.spec, origin.spec, theirs));
  const same = outside.every((one) => named.has(one));
  return { file, entry, reach: same ? { disk, folders: [...own.folders, ...theirs.folders] } : own };
}

/** The absolute paths that a spec names, except its initial weights. Empty if the spec cannot be read. */
function namedBy(file: string, entry: string, reach: Reach): string[] {
  const { dirname, resolve } = reach.disk.paths;
  try {
    const text = textOf(readRegular(reach.disk, file, SOURCE_BYTES));
    const readers: Readers = readersFor(reach);
    const { partial } = check({ path: entry, text }, readers.readText);
    return pathsIn(partial).flatMap(({ use, path }) => (use === "init" ? [] : [resolve(dirname(entry), path)]));
  } catch (error) {
    if (error instanceof Unreadable) return [];
    throw error;
  }
}
