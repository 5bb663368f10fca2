// The folder of a run: what stands where, and how one is made and opened.
import { join, relative, resolve } from "node:path";
import { type Disk, nodeDisk } from "./disk.js";
import { diskFailure, folderExists, noRun } from "./mistakes.js";
import { takeLock } from "./run-lock.js";
import { tidyFolder } from "./whole-folder.js";

export interface Run {
  /** As the user named it. */
  readonly path: string;
  readonly disk: Disk;
}

/** Names in the folder of a run. */
export const RUN_FILES = {
  spec: "spec.mom",
  plan: "plan.json",
  /** Where the spec stood: its paths are relative to that place. */
  origin: "origin.json",
  /** The same in two runs of one spec and seed. */
  metrics: "metrics.jsonl",
  /** Clock times, which are not. */
  timing: "timing.jsonl",
  /** TensorBoard takes any name with `tfevents` in it. */
  events: "events.out.tfevents.0.mom",
  checkpoints: "checkpoints",
  samples: "samples",
  /** What was trained, as the report's heading tells it. */
  about: "about.json",
  /** What the weights started from, where they were not drawn. */
  init: "init.json",
  report: "report.html",
  /** Names the process that trains; gone when it ends in order. */
  lock: "lock.json",
} as const;

export const pathIn = (run: Run, file: keyof typeof RUN_FILES): string => join(run.path, RUN_FILES[file]);

/**
 * Makes the folder of a new run, which this process holds until `closeRun`.
 * @param contents the spec as resolved, the plan as JSON, and the path of the spec's file
 * @throws Failure where the folder exists or can't be made
 */
export function createRun(
  path: string,
  contents: { readonly spec: string; readonly plan: string; readonly file?: string | undefined },
  disk: Disk = nodeDisk,
): Run {
  const run = { path, disk };
  if (disk.exists(path)) throw folderExists(path);
  try {
    disk.makeFolder(path);
    takeLock(disk, pathIn(run, "lock"), path);
    disk.makeFolder(pathIn(run, "checkpoints"));
    disk.makeFolder(pathIn(run, "samples"));
    disk.create(pathIn(run, "plan"), new TextEncoder().encode(contents.plan));
    if (contents.file !== undefined) {
      const origin = { spec: relative(resolve(path), resolve(contents.file)) };
      disk.create(pathIn(run, "origin"), new TextEncoder().encode(`${JSON.stringify(origin)}\n`));
    }
    // Last, for a folder with a spec is a run.
    disk.create(pathIn(run, "spec"), new TextEncoder().encode(contents.spec));
    disk.sync(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") throw folderExists(path);
    if (disk.exists(path)) disk.remove(path);
    throw diskFailure(error, path, ", or name a folder elsewhere with --out.");
  }
  return run;
}

/**
 * Opens a run to go on with it, and ends what a killed writer left half done. This process holds it until `closeRun`.
 * @throws Failure where the folder is not that of a run, or another process trains it
 */
export function openRun(path: string, disk: Disk = nodeDisk): Run {
  const run = runAt(path, disk);
  takeLock(disk, pathIn(run, "lock"), path);
  tidyFolder(disk, pathIn(run, "checkpoints"));
  tidyFolder(disk, pathIn(run, "samples"));
  return run;
}

/** Lets others train it. A process that ends without has no hold on it either. */
export const closeRun = (run: Run): void => run.disk.remove(pathIn(run, "lock"));

/** The file that a run's spec was read from; the copy in the run where none is known. */
export function originOf(run: Run): string {
  const path = pathIn(run, "origin");
  if (!run.disk.exists(path)) return pathIn(run, "spec");
  const origin: unknown = JSON.parse(new TextDecoder().decode(run.disk.read(path)));
  const spec = typeof origin === "object" && origin !== null && "spec" in origin ? origin.spec : undefined;
  return typeof spec === "string" ? join(run.path, spec) : pathIn(run, "spec");
}

/** A run to read from; nothing in it is touched, and it may be in use. */
export function runAt(path: string, disk: Disk = nodeDisk): Run {
  const run = { path, disk };
  if (!disk.exists(path)) throw noRun(path, "the folder itself");
  for (const file of ["spec", "plan"] as const) if (!disk.exists(pathIn(run, file))) throw noRun(path, RUN_FILES[file]);
  return run;
}
