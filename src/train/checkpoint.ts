// The checkpoints of a run. They are written completely or not at all and checked when read; only the newest are kept.

import type { Disk } from "../data/disk.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import {
  type Checkpoint,
  checkpointFiles,
  type LiveCheckpoint,
  parseCheckpoint,
  parseState,
  parseWeights,
  type Read,
  type Weights,
} from "./checkpoint-files.js";
import {
  badCheckpoint,
  damagedCheckpoint,
  diskFailure,
  noBestCheckpoint,
  noCheckpoint,
  noWholeCheckpoint,
} from "./errors.js";
import type { StartedOptimizer } from "./optimizer-state.js";
import { pathIn, type Run } from "./run-folder.js";
import { removeWholeFolder, writeArrivingFolder } from "./whole-folder.js";

const nameOf = (step: number) => `step-${step}`;

/** Steps with a checkpoint, complete or damaged, ascending. */
export function checkpointSteps(run: Run): number[] {
  const folder = pathIn(run, "checkpoints");
  const names = run.disk.exists(folder) ? run.disk.list(folder) : [];
  return names.flatMap((name) => (/^step-\d+$/.test(name) ? [Number(name.slice(5))] : [])).sort((a, b) => a - b);
}

/**
 * Writes a checkpoint, then removes the oldest beyond `keep`, except the best.
 * @throws Failure if the disk fails, and what reading the device throws; earlier checkpoints are then unchanged
 */
export async function writeCheckpoint(run: Run, checkpoint: LiveCheckpoint, keep: number): Promise<void> {
  const folder = pathIn(run, "checkpoints");
  try {
    await writeArrivingFolder(run.disk, folder, nameOf(checkpoint.step), checkpointFiles(checkpoint, run.disk));
    const steps = checkpointSteps(run).filter((step) => step <= checkpoint.step);
    const best = checkpoint.state.best?.step;
    for (const step of steps.slice(0, -keep)) if (step !== best) removeWholeFolder(run.disk, folder, nameOf(step));
  } catch (error) {
    const last = checkpointSteps(run).at(-1);
    const left =
      last === undefined
        ? "restart this run with --resume"
        : `continue from ${nameOf(last)}, which is unchanged, with --resume`;
    throw diskFailure(error, run.disk.paths.join(folder, nameOf(checkpoint.step)), `, then ${left}.`);
  }
}

const filesIn =
  (disk: Disk, folder: string): Read =>
  (name) => {
    const path = disk.paths.join(folder, name);
    return disk.exists(path) ? disk.open(path) : undefined;
  };

const folderOf = (run: Run, step: number) => run.disk.paths.join(pathIn(run, "checkpoints"), nameOf(step));

/** The checkpoint of a step, or a clause that describes what is wrong with it. */
export const readCheckpoint = (run: Run, step: number): Checkpoint | string =>
  parseCheckpoint(filesIn(run.disk, folderOf(run, step)), run.disk);

/**
 * The newest complete checkpoint, with a warning for each newer damaged one; none if no checkpoint exists yet.
 * @throws Failure if checkpoints exist and none is complete
 */
export function latestCheckpoint(run: Run): { checkpoint?: Checkpoint; warnings: readonly Diagnostic[] } {
  const { found, warnings } = newestIntact(run, parseCheckpoint);
  return found === undefined ? { warnings } : { checkpoint: found, warnings };
}

/** Names the checkpoint with the lowest loss that `keep_best` names. */
export const BEST = "best";

/**
 * The weights of a run after `step` updates, or of its newest complete checkpoint.
 * @throws Failure if no such checkpoint exists
 */
export function runWeights(
  run: Run,
  wanted?: number | typeof BEST,
): { weights: Weights; warnings: readonly Diagnostic[] } {
  const steps = checkpointSteps(run);
  const step = wanted === BEST ? bestStep(run) : wanted;
  if (step !== undefined && steps.includes(step)) {
    return { weights: folderWeights(folderOf(run, step), run.disk), warnings: [] };
  }
  const { found, warnings } = step === undefined ? newestIntact(run, parseWeights) : { found: undefined, warnings: [] };
  if (found === undefined) throw noCheckpoint(run.path, step, steps);
  return { weights: found, warnings };
}

/** @throws Failure if the run keeps no best checkpoint */
function bestStep(run: Run): number {
  const { found } = newestIntact(run, parseState);
  if (found?.state.best === undefined) throw noBestCheckpoint(run.path);
  return found.state.best.step;
}

/**
 * The weights in a checkpoint's folder.
 * @throws Failure if the checkpoint is not complete
 */
export function folderWeights(folder: string, disk: Disk): Weights {
  const weights = parseWeights(filesIn(disk, folder), disk);
  if (typeof weights === "string") throw badCheckpoint(folder, weights);
  return weights;
}

/**
 * The optimizer's state in a checkpoint's folder.
 * @throws Failure if the checkpoint is not complete
 */
export function folderOptimizer(folder: string, disk: Disk): StartedOptimizer {
  const found = parseCheckpoint(filesIn(disk, folder), disk);
  if (typeof found === "string") throw badCheckpoint(folder, found);
  return { state: found.optimizer, updates: found.step + (found.state.updates ?? 0) };
}

function newestIntact<T>(
  run: Run,
  parse: (read: Read, disk: Disk) => T | string,
): { found?: T; warnings: readonly Diagnostic[] } {
  const damage: { path: string; what: string }[] = [];
  for (const step of checkpointSteps(run).reverse()) {
    const found = parse(filesIn(run.disk, folderOf(run, step)), run.disk);
    const warnings = damage.map(({ path, what }) => damagedCheckpoint(path, what));
    if (typeof found !== "string") return { found, warnings };
    damage.push({ path: folderOf(run, step), what: found });
  }
  if (damage.length === 0) return { warnings: [] };
  throw noWholeCheckpoint(
    pathIn(run, "checkpoints"),
    damage.map(({ path, what }) => `${path}: ${what}`),
  );
}
