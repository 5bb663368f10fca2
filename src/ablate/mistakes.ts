// What can be wrong with an ablation as a whole: one constructor for each mistake.
import type { MistakeName } from "../diagnostics/codes.js";
import { mistake } from "../diagnostics/diagnostic.js";
import { Failure } from "../diagnostics/failure.js";

const error = (name: MistakeName, message: string, help: string): Failure =>
  new Failure([mistake(name, message, { help })]);

/** Values that are right one by one, and wrong together. What else was thrown is given back as it was. */
export function wrongArm(ablation: string, arm: string, cause: unknown): unknown {
  if (!(cause instanceof Failure)) return cause;
  return error(
    "wrong-arm",
    `In the arm \`${arm}\` of \`${ablation}\`: ${cause.message}`,
    "Each value is right on its own, but not these together: split the ablation into several.",
  );
}

export const equalArms = (ablation: string, one: string, other: string): Failure =>
  error(
    "equal-arms",
    `In \`${ablation}\` the arms \`${one}\` and \`${other}\` are the same spec.`,
    "Leave one of the values out.",
  );

export const repeatedSeeds = (ablation: string, seed: number): Failure =>
  error("repeated-seed", `\`${ablation}\` has the seed ${seed} twice.`, "Give each seed once.");

export const nothingTrained = (folder: string): Failure =>
  error(
    "nothing-trained",
    `There is no folder ${folder} to report on.`,
    "Give the command without --report to train, or name the ablation's folder with --out.",
  );
