// What was trained, for the verbs that use it: a run's folder, or a spec with the folder of a checkpoint.
import { existsSync, statSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import type { Reach } from "../data/reach.js";
import { InputError } from "../diagnostics/input-error.js";
import { render } from "../diagnostics/render.js";
import type { CheckedSpec } from "../front/spec.js";
import { folderWeights, runWeights } from "../train/checkpoint.js";
import type { Weights } from "../train/checkpoint-files.js";
import { nodeDisk } from "../train/disk.js";
import { dataOf, type Run, runAt } from "../train/run-folder.js";
import { styleOf } from "./colour.js";
import { type ReadSpec, readSpec } from "./read-spec.js";
import { withData } from "./where-data.js";

export interface TrainedOptions {
  readonly checkpoint?: string;
  readonly step?: number;
  readonly allow?: readonly string[];
  readonly data?: string;
}

export interface Trained {
  readonly spec: CheckedSpec;
  /** Paths in the spec are relative to this folder. */
  readonly folder: string;
  /** What the spec and its data may read. */
  readonly reach: Reach;
  readonly isRun: boolean;
  readonly weights: Weights;
  /** The fingerprint of the documents that it was trained on, where that is known. */
  readonly documents: number | undefined;
}

function trainedOf(read: ReadSpec, weights: Weights, data: string | undefined, run?: Run): Trained | undefined {
  if (read.spec === undefined) return undefined;
  const { spec, folder, reach, isRun } = withData({ ...read, spec: read.spec }, data);
  return { spec, folder, reach, isRun, weights, documents: run && dataOf(run) };
}

export const RUN_ARGUMENT = ["<run>", "the folder of a run; or a spec, with --checkpoint"] as const;
export const CHECKPOINT_OPTION = ["--checkpoint <folder>", "a checkpoint's folder, whose weights are taken"] as const;
export const STEP_OPTION = ["--step <n>", "take the checkpoint of that step (default: the last)"] as const;

export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("It is a whole number from 0 on.");
  return Number(text);
}

/**
 * Undefined where the spec is wrong, which is then said on stderr.
 * @throws InputError or Failure where there is no such run or checkpoint
 */
export function openTrained(path: string, { checkpoint, step, allow, data }: TrainedOptions): Trained | undefined {
  if (existsSync(path) && statSync(path).isFile()) {
    if (checkpoint === undefined) {
      throw new InputError(
        `${path} is a spec, which has no weights of its own.`,
        "Name the folder of a run, or a checkpoint's folder with --checkpoint.",
      );
    }
    const read = readSpec(path, { allow });
    return trainedOf(read, folderWeights(checkpoint, nodeDisk), data);
  }
  const run = runAt(path);
  const read = readSpec(path, { allow });
  if (read.spec === undefined) return undefined;
  if (checkpoint !== undefined) return trainedOf(read, folderWeights(checkpoint, nodeDisk), data);
  const { weights, warnings } = runWeights(run, step);
  if (warnings.length > 0) process.stderr.write(`${render(warnings, [], styleOf(process.stderr))}\n`);
  return trainedOf(read, weights, data, run);
}
