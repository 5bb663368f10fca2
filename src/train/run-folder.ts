// The folder of a run: what stands where, and how one is made and opened.
import { COUNT, jsonReader } from "../data/checked-json.js";
import type { Disk } from "../data/disk.js";
import { InputError } from "../diagnostics/input-error.js";
import { RUN_FORMAT } from "./format.js";
import { diskFailure, folderExists, linkedFile, noRun } from "./mistakes.js";
import { lockedBy, takeLock } from "./run-lock.js";
import { type NamedFile, tidyFolder, WRITING } from "./whole-folder.js";

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
  /** Where the spec came from. */
  origin: "origin.json",
  /** The documents that the run learns from: what they are, not where. */
  data: "data.json",
  /** Tokenizers and codebooks, as they were when the run began. */
  files: "files",
  /** The same in two runs of one spec and seed. */
  metrics: "metrics.jsonl",
  /** Clock times, which are not. */
  timing: "timing.jsonl",
  /** TensorBoard takes any name with `tfevents` in it. */
  events: "events.out.tfevents.0",
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

export const pathIn = (run: Run, file: keyof typeof RUN_FILES): string =>
  run.disk.paths.join(run.path, RUN_FILES[file]);

/** What a run's folder begins with. */
export interface RunContents {
  /** As resolved; its paths are right in the run's folder. */
  readonly spec: string;
  readonly plan: string;
  readonly choices?: string | undefined;
  /** Which documents it learns from, as `dataText` writes it. */
  readonly data?: string | undefined;
  /** Tokenizers and codebooks, in `RUN_FILES.files`. */
  readonly files?: readonly NamedFile[] | undefined;
  /** The path of the spec's file. */
  readonly file?: string | undefined;
}

/**
 * Makes the folder of a new run, which this process holds until `closeRun`. It is made whole under another name beside
 * its place and then renamed: a process that is killed meanwhile leaves nothing that stands in the next one's way.
 * @throws Failure if the folder exists or can't be made
 */
export function createRun(path: string, contents: RunContents, disk: Disk): Run {
  const { dirname, join, relative, resolve } = disk.paths;
  if (disk.exists(path)) throw folderExists(path);
  const parent = dirname(resolve(path));
  const aside: Run = { path: join(parent, `${asideOf(disk, path)}${disk.processes.own}`), disk };
  try {
    sweep(disk, parent, asideOf(disk, path));
    disk.makeFolder(aside.path);
    takeLock(disk, pathIn(aside, "lock"), path);
    disk.makeFolder(pathIn(aside, "checkpoints"));
    disk.makeFolder(pathIn(aside, "samples"));
    disk.create(pathIn(aside, "plan"), new TextEncoder().encode(contents.plan));
    if (contents.choices !== undefined) {
      disk.create(pathIn(aside, "choices"), new TextEncoder().encode(contents.choices));
    }
    if (contents.data !== undefined) disk.create(pathIn(aside, "data"), new TextEncoder().encode(contents.data));
    if (contents.file !== undefined) {
      const origin = { format: RUN_FORMAT, spec: relative(resolve(path), resolve(contents.file)) };
      disk.create(pathIn(aside, "origin"), new TextEncoder().encode(`${JSON.stringify(origin)}\n`));
    }
    if (contents.files?.length) disk.makeFolder(pathIn(aside, "files"));
    for (const { name, bytes } of contents.files ?? []) disk.create(join(aside.path, name), bytes);
    if (contents.files?.length) disk.sync(pathIn(aside, "files"));
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
const asideOf = ({ paths }: Disk, path: string) => `${WRITING}${paths.basename(paths.resolve(path))}-`;

/** Removes what killed processes have left of this run. */
function sweep(disk: Disk, parent: string, prefix: string): void {
  const left = disk.exists(parent) ? disk.list(parent).filter((name) => /^\d+$/.test(afterPrefix(name, prefix))) : [];
  for (const name of left) {
    const path = disk.paths.join(parent, name);
    const lock = disk.paths.join(path, RUN_FILES.lock);
    const pid = Number(afterPrefix(name, prefix));
    // A process that has just made the folder has not locked it yet; its number says whose it is.
    const gone = disk.exists(lock) ? lockedBy(disk, lock) === undefined : !disk.processes.isRunning(pid);
    if (gone || pid === disk.processes.own) disk.remove(path);
  }
}

const afterPrefix = (name: string, prefix: string) => (name.startsWith(prefix) ? name.slice(prefix.length) : "");

/**
 * Opens a run to go on with it, and ends what a killed writer left half done. This process holds it until `closeRun`.
 * @throws Failure if the folder is not that of a run, or another process trains it
 */
export function openRun(path: string, disk: Disk): Run {
  const run = runAt(path, disk);
  for (const file of ["metrics", "timing", "events", "log"] as const)
    if (disk.isLink(pathIn(run, file))) throw linkedFile(pathIn(run, file));
  takeLock(disk, pathIn(run, "lock"), path);
  tidyFolder(disk, pathIn(run, "checkpoints"));
  tidyFolder(disk, pathIn(run, "samples"));
  return run;
}

/** Lets others train it. A process that ends without has no hold on it either. */
export const closeRun = (run: Run): void => run.disk.remove(pathIn(run, "lock"));

/** The file that a run's spec was read from. Whoever made the run wrote it: nothing may be read because of it alone. */
interface Origin {
  /** In format 1, paths in the run's spec are relative to this file; later they are right in the run's folder. */
  readonly format: number;
  readonly spec: string;
}

const readOrigin = jsonReader<{ readonly format?: number; readonly spec: string }>({
  type: "object",
  properties: { format: { type: "integer", minimum: 1 }, spec: { type: "string", minLength: 1 } },
  required: ["spec"],
  additionalProperties: false,
});

/** @throws InputError if the file that says so is damaged */
export function originOf(run: Run): Origin | undefined {
  const path = pathIn(run, "origin");
  if (!run.disk.exists(path)) return undefined;
  const origin = readOrigin(run.disk.read(path));
  if ("wrong" in origin)
    throw new InputError(
      "bad-record",
      `${path}: ${origin.wrong}.`,
      "Restore it from a copy, or remove it: the run then reads its own folder and those of --data and --allow.",
    );
  const { format = 1, spec } = origin.value;
  return { format, spec: run.disk.paths.join(run.path, spec) };
}

const readData = jsonReader<{ readonly fingerprint: number }>({
  type: "object",
  properties: { format: { type: "integer", minimum: 1 }, fingerprint: COUNT, documents: COUNT },
  required: ["fingerprint"],
  additionalProperties: false,
});

/** What a run keeps of its data: the fingerprint of all documents, and how many there are. */
export const dataText = (fingerprint: number, documents: number): string =>
  `${JSON.stringify({ format: RUN_FORMAT, fingerprint, documents })}\n`;

/**
 * The fingerprint of the documents that a run learns from; undefined if it is not known.
 * @throws InputError if the file that says so is damaged
 */
export function dataOf(run: Run): number | undefined {
  const path = pathIn(run, "data");
  if (!run.disk.exists(path)) return undefined;
  const data = readData(run.disk.read(path));
  if (!("wrong" in data)) return data.value.fingerprint;
  throw new InputError(
    "bad-record",
    `${path}: ${data.wrong}.`,
    "Restore it from a copy, or remove it: the data are not compared then.",
  );
}

/** A run to read from; nothing in it is touched, and it may be in use. */
export function runAt(path: string, disk: Disk): Run {
  const run = { path, disk };
  if (!disk.exists(path)) throw noRun(path, "the folder itself");
  for (const file of ["spec", "plan"] as const) if (!disk.exists(pathIn(run, file))) throw noRun(path, RUN_FILES[file]);
  return run;
}
