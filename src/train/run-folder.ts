// The folder of a run: its layout, and how it is made and opened.
import { COUNT, jsonReader } from "../data/checked-json.js";
import { contentHash } from "../data/content-hash.js";
import type { Disk } from "../data/disk.js";
import { InputError } from "../diagnostics/input-error.js";
import { diskFailure, folderExists, linkedFile, noRun } from "./errors.js";
import { RUN_FORMAT } from "./format.js";
import { fencedDisk } from "./heartbeat.js";
import { placeless } from "./placed-spec.js";
import { hasLeft, lockedBy, releaseLock, takeLock } from "./run-lock.js";
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
  /** The variant of every kernel that the run started with. */
  choices: "choices.json",
  /** Where the spec came from. */
  origin: "origin.json",
  /** The fingerprint of the run's documents, not their location. */
  data: "data.json",
  /** Tokenizers and codebooks, as they were at the start of the run. */
  files: "files",
  /** Equal in two runs with the same spec and seed. */
  metrics: "metrics.jsonl",
  /** Clock times, which differ between runs. */
  timing: "timing.jsonl",
  /** When, where and with which version each process trained it. */
  sessions: "sessions.jsonl",
  /** How spec and data changed at resumes; absent if they did not. */
  changes: "changes.json",
  /** TensorBoard takes any name with `tfevents` in it. */
  events: "events.out.tfevents.0",
  /** The spec and the hyperparameters for TensorBoard. */
  eventHead: "events.hparams.tfevents",
  checkpoints: "checkpoints",
  samples: "samples",
  /** How the PyTorch project of a run ended. */
  ended: "ended.json",
  /** What the PyTorch project of a run printed. */
  printed: "train.log",
  /** What was trained, for the report's heading. */
  about: "about.json",
  /** What the weights started from, if they were not drawn. */
  init: "init.json",
  report: "report.html",
  /** Output that could not be printed. */
  log: "log.txt",
  /** Names the process that trains; removed when it ends normally. */
  lock: "lock.json",
} as const;

export const pathIn = (run: Run, file: keyof typeof RUN_FILES): string =>
  run.disk.paths.join(run.path, RUN_FILES[file]);

/** The initial contents of a run's folder. */
export interface RunContents {
  /** The resolved spec, with paths relative to the run's folder. */
  readonly spec: string;
  /** Undefined if PyTorch trains it. */
  readonly plan: string | undefined;
  readonly choices?: string | undefined;
  /** The fingerprint of its documents, as `dataText` writes it. */
  readonly data?: string | undefined;
  /** Tokenizers and codebooks, in `RUN_FILES.files`. */
  readonly files?: readonly NamedFile[] | undefined;
  /** The path of the spec's file. */
  readonly file?: string | undefined;
  /** `spec` as that file alone gives it, if `--set` changed it. */
  readonly written?: string | undefined;
}

/**
 * Makes the folder of a new run and locks it until `closeRun`. The folder is made under a temporary name beside its place
 * and then renamed, so a killed process leaves nothing that blocks the next one.
 * @throws Failure if the folder exists or cannot be made
 */
export function createRun(path: string, contents: RunContents, disk: Disk): Run {
  const { dirname, join, relative, resolve } = disk.paths;
  if (disk.exists(path)) throw folderExists(path);
  const parent = dirname(resolve(path));
  const aside: Run = { path: join(parent, `${asideOf(disk, path)}${disk.processes.token}`), disk };
  try {
    sweep(disk, parent, asideOf(disk, path));
    disk.makeFolder(aside.path);
    takeLock(disk, pathIn(aside, "lock"), path);
    disk.makeFolder(pathIn(aside, "checkpoints"));
    disk.makeFolder(pathIn(aside, "samples"));
    if (contents.plan !== undefined) disk.create(pathIn(aside, "plan"), new TextEncoder().encode(contents.plan));
    if (contents.choices !== undefined) {
      disk.create(pathIn(aside, "choices"), new TextEncoder().encode(contents.choices));
    }
    if (contents.data !== undefined) disk.create(pathIn(aside, "data"), new TextEncoder().encode(contents.data));
    if (contents.file !== undefined) {
      const origin = {
        format: RUN_FORMAT,
        spec: relative(resolve(path), resolve(contents.file)),
        written: meaningOf(contents.written ?? contents.spec),
      };
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
    throw diskFailure(error, path, ", or choose another folder with --out.");
  }
  return fencedRun({ path, disk });
}

const fencedRun = (run: Run): Run => ({ path: run.path, disk: fencedDisk(run.disk, pathIn(run, "lock"), run.path) });

/** The temporary name of a run's folder while it is made; the process's token is appended. */
const asideOf = ({ paths }: Disk, path: string) => `${WRITING}${paths.basename(paths.resolve(path))}-`;

/** Removes what killed processes left of this run. */
function sweep(disk: Disk, parent: string, prefix: string): void {
  const left = disk.exists(parent)
    ? disk.list(parent).filter((name) => /^\d+(?:-[0-9a-f]+)?$/.test(afterPrefix(name, prefix)))
    : [];
  for (const name of left) {
    const path = disk.paths.join(parent, name);
    const lock = disk.paths.join(path, RUN_FILES.lock);
    const token = afterPrefix(name, prefix);
    // A process that has just made the folder has not locked it yet; the token in the name identifies it.
    const gone = disk.exists(lock) ? lockedBy(disk, lock) === undefined : hasLeft(disk, token, path);
    if (gone || token === disk.processes.token) disk.remove(path);
  }
}

const afterPrefix = (name: string, prefix: string) => (name.startsWith(prefix) ? name.slice(prefix.length) : "");

/**
 * Opens a run to continue it, and cleans up after a killed writer. This process locks it until `closeRun`.
 * @throws Failure if the folder is not a run folder, or another process trains it
 */
export function openRun(path: string, disk: Disk, files: RunSigns = MOMS_OWN): Run {
  const run = runAt(path, disk, files);
  for (const file of ["metrics", "timing", "sessions", "events", "log", "printed"] as const)
    if (disk.isLink(pathIn(run, file))) throw linkedFile(pathIn(run, file));
  takeLock(disk, pathIn(run, "lock"), path);
  tidyFolder(disk, pathIn(run, "checkpoints"));
  tidyFolder(disk, pathIn(run, "samples"));
  return fencedRun(run);
}

/** Unlocks the run, unless another process has taken it over. The lock of a process that has ended does not count either. */
export const closeRun = (run: Run): void => releaseLock(run.disk, pathIn(run, "lock"));

/** The file that a run's spec was read from. It is untrusted, so it alone never permits reading a file. */
interface Origin {
  /** In format 1, paths in the run's spec are relative to this file; later, to the run's folder. */
  readonly format: number;
  readonly spec: string;
  /** `meaningOf` the file when the run started; earlier versions did not record it. */
  readonly written?: string;
}

/** The SHA-256 of a resolved spec, without the paths of its data and initial weights. */
export const meaningOf = (text: string): string => contentHash(new TextEncoder().encode(placeless(text)));

const readOrigin = jsonReader<{ readonly format?: number; readonly spec: string; readonly written?: string }>({
  type: "object",
  properties: {
    format: { type: "integer", minimum: 1 },
    spec: { type: "string", minLength: 1 },
    written: { type: "string" },
  },
  required: ["spec"],
  additionalProperties: false,
});

/** @throws InputError if the file is damaged */
export function originOf(run: Run): Origin | undefined {
  const path = pathIn(run, "origin");
  if (!run.disk.exists(path)) return undefined;
  const origin = readOrigin(run.disk.read(path));
  if ("wrong" in origin)
    throw new InputError(
      "bad-record",
      `${path}: ${origin.wrong}.`,
      "Restore it from a copy, or remove it. The run then reads only its own folder and those of --data and --allow.",
    );
  const { format = 1, spec, written } = origin.value;
  return { format, spec: run.disk.paths.join(run.path, spec), ...(written !== undefined && { written }) };
}

const readData = jsonReader<{ readonly fingerprint: number }>({
  type: "object",
  properties: { format: { type: "integer", minimum: 1 }, fingerprint: COUNT, documents: COUNT },
  required: ["fingerprint"],
  additionalProperties: false,
});

/** What a run records about its data: the fingerprint and the number of all documents. */
export const dataText = (fingerprint: number, documents: number): string =>
  `${JSON.stringify({ format: RUN_FORMAT, fingerprint, documents })}\n`;

/**
 * The fingerprint of a run's documents; undefined if unknown.
 * @throws InputError if the file is damaged
 */
export function dataOf(run: Run): number | undefined {
  const path = pathIn(run, "data");
  if (!run.disk.exists(path)) return undefined;
  const data = readData(run.disk.read(path));
  if (!("wrong" in data)) return data.value.fingerprint;
  throw new InputError(
    "bad-record",
    `${path}: ${data.wrong}.`,
    "Restore it from a copy, or remove it. The data are then not compared.",
  );
}

type RunSigns = readonly ("spec" | "plan")[];
/** The files that show that a folder is a run which mom itself trains. */
const MOMS_OWN: RunSigns = ["spec", "plan"];

/** Opens a run for reading. It is not changed and may be in use. @param files which must be there */
export function runAt(path: string, disk: Disk, files: RunSigns = MOMS_OWN): Run {
  const run = { path, disk };
  if (!disk.exists(path)) throw noRun(path, "the folder");
  for (const file of files) if (!disk.exists(pathIn(run, file))) throw noRun(path, RUN_FILES[file]);
  return run;
}
