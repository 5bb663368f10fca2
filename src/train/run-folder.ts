// The folder of a run: what stands where, and how one is made and opened.
import { basename, dirname, join, relative, resolve } from "node:path";
import { type Disk, nodeDisk } from "./disk.js";
import { diskFailure, folderExists, noRun } from "./mistakes.js";
import { lockedBy, takeLock } from "./run-lock.js";
import { tidyFolder, WRITING } from "./whole-folder.js";

export interface Run {
  /** As the user named it. */
  readonly path: string;
  readonly disk: Disk;
}

/** Names in the folder of a run. */
export const RUN_FILES = {
  spec: "spec.mom",
  plan: "plan.json",
  /** The variant of every kernel that the run began with. */
  choices: "choices.json",
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
  /** What was to be printed where it could not be. */
  log: "log.txt",
  /** Names the process that trains; gone when it ends in order. */
  lock: "lock.json",
} as const;

export const pathIn = (run: Run, file: keyof typeof RUN_FILES): string => join(run.path, RUN_FILES[file]);

/**
 * Makes the folder of a new run, which this process holds until `closeRun`. It is made whole under another name beside
 * its place and then renamed: a process that is killed meanwhile leaves nothing that stands in the next one's way.
 * @param contents the spec as resolved, the plan and the choices as JSON, and the path of the spec's file
 * @throws Failure where the folder exists or can't be made
 */
export function createRun(
  path: string,
  contents: {
    readonly spec: string;
    readonly plan: string;
    readonly choices?: string;
    readonly file?: string | undefined;
  },
  disk: Disk = nodeDisk,
): Run {
  if (disk.exists(path)) throw folderExists(path);
  const parent = dirname(resolve(path));
  const aside: Run = { path: join(parent, `${asideOf(path)}${process.pid}`), disk };
  try {
    sweep(disk, parent, asideOf(path));
    disk.makeFolder(aside.path);
    takeLock(disk, pathIn(aside, "lock"), path);
    disk.makeFolder(pathIn(aside, "checkpoints"));
    disk.makeFolder(pathIn(aside, "samples"));
    disk.create(pathIn(aside, "plan"), new TextEncoder().encode(contents.plan));
    if (contents.choices !== undefined) {
      disk.create(pathIn(aside, "choices"), new TextEncoder().encode(contents.choices));
    }
    if (contents.file !== undefined) {
      const origin = { spec: relative(resolve(path), resolve(contents.file)) };
      disk.create(pathIn(aside, "origin"), new TextEncoder().encode(`${JSON.stringify(origin)}\n`));
    }
    disk.create(pathIn(aside, "spec"), new TextEncoder().encode(contents.spec));
    disk.sync(aside.path);
    disk.rename(aside.path, path);
    disk.sync(parent);
  } catch (error) {
    if (disk.exists(aside.path)) disk.remove(aside.path);
    if (disk.exists(path)) throw folderExists(path);
    throw diskFailure(error, path, ", or name a folder elsewhere with --out.");
  }
  return { path, disk };
}

/** What the name of a run's folder begins with while it is made; the process's id follows. */
const asideOf = (path: string): string => `${WRITING}${basename(resolve(path))}-`;

/** Removes what killed processes have left of this run. */
function sweep(disk: Disk, parent: string, prefix: string): void {
  const left = disk.exists(parent) ? disk.list(parent).filter((name) => /^\d+$/.test(afterPrefix(name, prefix))) : [];
  for (const name of left) {
    const path = join(parent, name);
    const pid = lockedBy(disk, join(path, RUN_FILES.lock));
    if (pid === undefined || pid === process.pid) disk.remove(path);
  }
}

const afterPrefix = (name: string, prefix: string): string =>
  name.startsWith(prefix) ? name.slice(prefix.length) : "";

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
