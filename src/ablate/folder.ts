// The folder of an ablation: a run's folder for each variant, with its outcome. A variant's state is read from its own
// folder, so a killed process cannot leave a table that is out of date.

import type { Disk } from "../data/disk.js";
import { checkpointSteps } from "../train/checkpoint.js";
import { replaceFile } from "../train/replace-file.js";
import { pathIn, type Run } from "../train/run-folder.js";
import { type Held, heldAt } from "../train/run-lock.js";
import { WRITING } from "../train/whole-folder.js";

export interface AblationFolder {
  /** As the user wrote it. */
  readonly path: string;
  readonly disk: Disk;
}

/** File names in the folder. */
export const ABLATION_FILES = {
  /** A run's folder for each variant, by its id. */
  variants: "variants",
  /** The list of variants: ids, arms, settings and seeds. */
  table: "variants.json",
  /** What the arms are, and what they cost. */
  design: "design.json",
  html: "report.html",
  markdown: "report.md",
  csv: "report.csv",
  json: "report.json",
  /** Output that could not be printed. */
  log: "log.txt",
} as const;
const OUTCOME = "outcome.json";

/** The exit codes of `mom train` by the kind of failure, as they are stored in `outcome.json`. */
export const EXITS = { input: 1, device: 3, diverged: 4, fault: 70, inUse: 75 } as const;

/** How a variant ended, stored beside its metrics. */
export type Ending =
  | { readonly state: "done"; readonly device: string }
  /** `reason` is a sentence; `exit` is the exit code that `mom train` would have. */
  | { readonly state: "failed"; readonly reason: string; readonly exit: number };

/** A process that trains a variant. */
export interface VariantWorker {
  readonly pid: number;
  /** The machine's name; absent if that is this machine. */
  readonly host?: string;
  /** When it last showed that it was alive: ISO 8601, in UTC. */
  readonly seen: string;
}

export type VariantState =
  /** `step` is that of its last checkpoint, if it was started; `vanished` stopped without releasing its lock, for example because it was killed. */
  | { readonly state: "pending"; readonly step?: number; readonly vanished?: VariantWorker }
  | ({ readonly state: "running" } & VariantWorker)
  | Ending;

export const variantsIn = ({ path, disk }: AblationFolder): string => disk.paths.join(path, ABLATION_FILES.variants);

/** A variant's run, which may not exist yet. */
export const runOf = (folder: AblationFolder, id: string): Run => ({
  path: folder.disk.paths.join(variantsIn(folder), id),
  disk: folder.disk,
});

export function stateOf(folder: AblationFolder, id: string): VariantState {
  const run = runOf(folder, id);
  if (!run.disk.exists(run.path)) return { state: "pending" };
  const ending = readEnding(run);
  if (ending?.state === "done") return ending;
  const held = heldAt(run.disk, pathIn(run, "lock"));
  const other = held?.where === "here" ? undefined : held;
  if (other?.alive) return { state: "running", ...workerOf(other) };
  if (ending) return ending;
  const step = checkpointSteps(run).at(-1);
  return { state: "pending", ...(step !== undefined && { step }), ...(other && { vanished: workerOf(other) }) };
}

const workerOf = ({ pid, host, where, seen }: Held): VariantWorker => ({
  pid,
  ...(where === "elsewhere" && host !== undefined && { host }),
  seen: new Date(seen).toISOString(),
});

function readEnding(run: Run): Ending | undefined {
  const path = run.disk.paths.join(run.path, OUTCOME);
  if (!run.disk.exists(path)) return undefined;
  try {
    const ending: unknown = JSON.parse(new TextDecoder().decode(run.disk.read(path)));
    return isEnding(ending) ? ending : undefined;
  } catch {
    return undefined;
  }
}

function isEnding(value: unknown): value is Ending {
  if (typeof value !== "object" || value === null || !("state" in value)) return false;
  if (value.state === "done") return "device" in value && typeof value.device === "string";
  return value.state === "failed" && "reason" in value && typeof value.reason === "string" && "exit" in value;
}

/** Stores how a variant ended; undefined deletes the outcome, so that the variant is trained again. */
export function writeEnding(folder: AblationFolder, id: string, ending: Ending | undefined): void {
  const run = runOf(folder, id);
  const path = run.disk.paths.join(run.path, OUTCOME);
  if (ending === undefined) {
    run.disk.remove(path);
    return;
  }
  // The folder is missing if the process died before it created it.
  if (!run.disk.exists(run.path)) run.disk.makeFolder(run.path);
  writeInto(folder, folder.disk.paths.join(ABLATION_FILES.variants, id, OUTCOME), `${JSON.stringify(ending)}\n`);
}

/** Replaces a file of the ablation's folder atomically. */
export function writeInto({ path, disk }: AblationFolder, name: string, text: string): void {
  replaceFile(disk, disk.paths.join(path, name), text, ", then give the same command again.");
}

/** Deletes the weights of a variant; a comparison needs only its metrics. */
export function dropWeights(folder: AblationFolder, id: string): void {
  const run = runOf(folder, id);
  for (const name of run.disk.exists(pathIn(run, "checkpoints")) ? run.disk.list(pathIn(run, "checkpoints")) : [])
    run.disk.remove(run.disk.paths.join(pathIn(run, "checkpoints"), name));
}

/** Ids of runs in the folder that belong to no variant, because the spec has changed. */
export function strangers(folder: AblationFolder, ids: readonly string[]): string[] {
  const path = variantsIn(folder);
  const known = new Set(ids);
  const names = folder.disk.exists(path) ? folder.disk.list(path) : [];
  return names.filter((name) => !known.has(name) && !name.startsWith(WRITING));
}
