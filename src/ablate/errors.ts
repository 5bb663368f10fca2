// Errors of an ablation as a whole, with one constructor each.
import type { ErrorName } from "../diagnostics/codes.js";
import { diagnosticOf } from "../diagnostics/diagnostic.js";
import { Failure } from "../diagnostics/failure.js";

const error = (name: ErrorName, message: string, help: string): Failure =>
  new Failure([diagnosticOf(name, message, { help })]);

/** For values that are valid alone but not together. Any other thrown value is returned unchanged. */
export function wrongArm(ablation: string, arm: string, cause: unknown): unknown {
  if (!(cause instanceof Failure)) return cause;
  return error(
    "wrong-arm",
    `In the arm \`${arm}\` of \`${ablation}\`: ${cause.message}`,
    "Each value is valid alone, but not all together: split the ablation.",
  );
}

export const equalArms = (ablation: string, one: string, other: string): Failure =>
  error(
    "equal-arms",
    `In \`${ablation}\` the arms \`${one}\` and \`${other}\` are the same spec.`,
    "Remove one of the values.",
  );

export const repeatedSeeds = (ablation: string, seed: number): Failure =>
  error("repeated-seed", `\`${ablation}\` has the seed ${seed} twice.`, "List each seed once.");

/** For job files that cannot be written as asked. */
export const unfitJobs = (message: string, help: string): Failure => error("unfit-jobs", message, help);

/** @param torch whether PyTorch trains */
export const severalGpus = (count: number, file: string, torch: boolean): Failure =>
  error(
    "several-gpus",
    `This machine has ${count} GPUs of one kind, and several jobs would share the first.`,
    `Give each its own: \`mom ablate ${file}${torch ? " --target torch" : ""} --emit shell --jobs ${count} -o jobs\` and \`sh jobs/run.sh\`. To share one GPU, hide the others from this process, for example in a container.`,
  );

export const nothingTrained = (folder: string): Failure =>
  error(
    "nothing-trained",
    `The folder ${folder} does not exist, so there is nothing to report.`,
    "Train the variants first, without --report, or pass the ablation's folder with --out.",
  );
