// The checkpoints of a run: written whole or not at all, checked when read, the newest kept.
import { join } from "node:path";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { type Checkpoint, checkpointFiles, parseCheckpoint } from "./checkpoint-files.js";
import { damagedCheckpoint, diskFailure, noWholeCheckpoint } from "./mistakes.js";
import { pathIn, type Run } from "./run-folder.js";
import { removeWholeFolder, writeWholeFolder } from "./whole-folder.js";

const nameOf = (step: number): string => `step-${step}`;

/** Steps of which there is a checkpoint, whole or damaged, ascending. */
export function checkpointSteps(run: Run): number[] {
  const folder = pathIn(run, "checkpoints");
  const names = run.disk.exists(folder) ? run.disk.list(folder) : [];
  return names.flatMap((name) => (/^step-\d+$/.test(name) ? [Number(name.slice(5))] : [])).sort((a, b) => a - b);
}

/**
 * Writes a checkpoint, then removes the oldest beyond `keep`.
 * @throws Failure where the disk refuses it; the earlier checkpoints are as they were then
 */
export function writeCheckpoint(run: Run, checkpoint: Checkpoint, keep: number): void {
  const folder = pathIn(run, "checkpoints");
  try {
    writeWholeFolder(run.disk, folder, nameOf(checkpoint.step), checkpointFiles(checkpoint));
    const steps = checkpointSteps(run).filter((step) => step <= checkpoint.step);
    for (const step of steps.slice(0, -keep)) removeWholeFolder(run.disk, folder, nameOf(step));
  } catch (error) {
    const last = checkpointSteps(run).at(-1);
    const left =
      last === undefined
        ? "begin this run again with --resume"
        : `go on from ${nameOf(last)}, which is as it was, with --resume`;
    throw diskFailure(error, join(folder, nameOf(checkpoint.step)), `, then ${left}.`);
  }
}

/** The checkpoint of a step, or in a few words why it can't be had. */
export function readCheckpoint(run: Run, step: number): Checkpoint | string {
  const folder = join(pathIn(run, "checkpoints"), nameOf(step));
  const read = (name: string): Uint8Array | undefined => {
    const path = join(folder, name);
    return run.disk.exists(path) ? run.disk.read(path) : undefined;
  };
  return parseCheckpoint(read);
}

/**
 * The newest checkpoint that is whole, with a warning for each newer one that is damaged; no checkpoint at all
 * where none has been written yet.
 * @throws Failure where there are some and none is whole
 */
export function latestCheckpoint(run: Run): { checkpoint?: Checkpoint; warnings: readonly Diagnostic[] } {
  const damage: { path: string; what: string }[] = [];
  for (const step of checkpointSteps(run).reverse()) {
    const found = readCheckpoint(run, step);
    const warnings = damage.map(({ path, what }) => damagedCheckpoint(path, what));
    if (typeof found !== "string") return { checkpoint: found, warnings };
    damage.push({ path: join(pathIn(run, "checkpoints"), nameOf(step)), what: found });
  }
  if (damage.length === 0) return { warnings: [] };
  throw noWholeCheckpoint(
    pathIn(run, "checkpoints"),
    damage.map(({ path, what }) => `${path}: ${what}`),
  );
}
