// Takes the run of a variant for this process: makes its folder, or opens the one that an earlier process began.
import type { CheckedSpec } from "../front/spec.js";
import { folderInUse, otherTrainer } from "../train/errors.js";
import { createRun, openRun, pathIn, type Run, type RunContents } from "../train/run-folder.js";
import { heldAt } from "../train/run-lock.js";
import type { Hyperparameters } from "../train/tensorboard.js";
import type { NamedFile } from "../train/whole-folder.js";
import { type AblationFolder, runOf } from "./folder.js";

export interface VariantRequest {
  readonly id: string;
  readonly spec: CheckedSpec;
  /** The resolved spec as text, with paths relative to the run's folder. */
  readonly text: string;
  /** The fields of the spec. */
  readonly hyperparameters: Hyperparameters;
  /** Reads its tokenizers and codebooks. */
  readonly files: () => readonly NamedFile[];
  /** The file that the ablation's spec was read from. */
  readonly specFile: string;
  readonly keepWeights: boolean;
}

/** What trains a run: mom itself, which compiles a plan, or a PyTorch project. */
export type TrainedBy = "mom" | "torch";

export const isBegun = (run: Run): boolean => run.disk.exists(pathIn(run, "spec"));

/**
 * Locks the variant's run, and returns whether it was started before. A run that was killed while it was created is created
 * again.
 * @throws Failure if another process holds it, or the other trainer began it
 */
export function takeRun(
  folder: AblationFolder,
  request: Pick<VariantRequest, "id" | "text" | "files" | "specFile">,
  by: TrainedBy,
  made: () => Pick<RunContents, "plan" | "choices" | "data">,
): { run: Run; begun: boolean } {
  const run = runOf(folder, request.id);
  const { disk, path } = run;
  if (isBegun(run)) {
    const before: TrainedBy = disk.exists(pathIn(run, "plan")) ? "mom" : "torch";
    if (before !== by) throw otherTrainer(path, before === "torch");
    return { run: openRun(path, disk, by === "mom" ? ["spec", "plan"] : ["spec"]), begun: true };
  }
  if (disk.exists(path)) {
    const held = heldAt(disk, pathIn(run, "lock"));
    if (held?.alive && held.where !== "here") throw folderInUse(path, held);
    disk.remove(path);
  }
  const contents = { spec: request.text, ...made(), files: request.files(), file: request.specFile };
  return { run: createRun(path, contents, disk), begun: false };
}
