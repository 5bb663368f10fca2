// Opens a trained model: a run's folder, or a spec with the folder of a checkpoint.
import type { Disk } from "../data/disk.js";
import { isFolder, type Reach } from "../data/reach.js";
import { type Diagnostic, isError, type Source } from "../diagnostics/diagnostic.js";
import { Failure } from "../diagnostics/failure.js";
import { InputError } from "../diagnostics/input-error.js";
import type { CheckedSpec } from "../front/spec.js";
import { type BEST, folderWeights, runWeights } from "../train/checkpoint.js";
import type { Weights } from "../train/checkpoint-files.js";
import { dataOf, runAt } from "../train/run-folder.js";
import { readSpec } from "./read-spec.js";
import { withData } from "./where-data.js";

export interface TrainedOptions {
  readonly checkpoint?: string;
  /** The checkpoint of a step, or the best of a run with `keep_best`. By default, the last. */
  readonly step?: number | typeof BEST;
  readonly allow?: readonly string[];
  /** Changes of the spec, each `PATH=VALUE`. */
  readonly set?: readonly string[];
  readonly data?: string;
}

export interface Trained {
  readonly spec: CheckedSpec;
  /** Paths in the spec are relative to this folder. */
  readonly folder: string;
  /** The files that the spec and its data may read. */
  readonly reach: Reach;
  readonly isRun: boolean;
  readonly weights: Weights;
  /** The fingerprint of the training documents, if it is known. */
  readonly documents: number | undefined;
}

export interface OpenedTrained {
  /** Undefined if the spec has errors. */
  readonly trained: Trained | undefined;
  /** Errors and warnings of the spec, then of its checkpoints. */
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: readonly Source[];
}

/** @throws InputError or Failure if the run or the checkpoint does not exist */
export function openTrained(disk: Disk, path: string, options: TrainedOptions): OpenedTrained {
  const { checkpoint, step, allow, set, data } = options;
  const isSpec = disk.exists(path) && !isFolder(disk, path);
  if (isSpec && checkpoint === undefined) {
    throw new InputError(
      "no-weights",
      `${path} is a spec, which has no weights.`,
      "Name the folder of a run, or add the folder of a checkpoint with --checkpoint.",
    );
  }
  const run = isSpec ? undefined : runAt(path, disk);
  const read = readSpec(disk, path, { allow, set });
  const { diagnostics, sources } = read;
  if (read.spec === undefined) return { trained: undefined, diagnostics, sources };
  const { spec, folder, reach, isRun } = withData({ ...read, spec: read.spec }, data);
  const found = { spec, folder, reach, isRun, documents: undefined };
  if (checkpoint !== undefined || run === undefined) {
    const weights = folderWeights(checkpoint as string, disk);
    return { trained: { ...found, weights }, diagnostics, sources };
  }
  const { weights, warnings } = runWeights(run, step);
  return {
    trained: { ...found, weights, documents: dataOf(run) },
    diagnostics: [...diagnostics, ...warnings],
    sources,
  };
}

/** @throws Failure also if the spec has errors */
export function rightTrained(disk: Disk, path: string, options: TrainedOptions): Trained {
  const { trained, diagnostics } = openTrained(disk, path, options);
  if (trained === undefined) throw new Failure(diagnostics.filter(isError));
  return trained;
}
