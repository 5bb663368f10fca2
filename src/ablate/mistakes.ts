// What can be wrong with an ablation as a whole: one constructor for each mistake.
import { Failure } from "../diagnostics/failure.js";

const error = (code: string, title: string, message: string, help: string): Failure =>
  new Failure([{ code, severity: "error", title, message, help }]);

/** Values that are right one by one, and wrong together. What else was thrown is given back as it was. */
export function wrongArm(ablation: string, arm: string, cause: unknown): unknown {
  if (!(cause instanceof Failure)) return cause;
  return error(
    "wrong-arm",
    "An arm is no right spec",
    `In the arm \`${arm}\` of \`${ablation}\`: ${cause.message}`,
    "Each value is right on its own, but not these together: split the ablation into several.",
  );
}

export const equalArms = (ablation: string, one: string, other: string): Failure =>
  error(
    "equal-arms",
    "Two arms are the same spec",
    `In \`${ablation}\` the arms \`${one}\` and \`${other}\` are the same spec.`,
    "Leave one of the values out.",
  );

export const repeatedSeeds = (ablation: string, seed: number): Failure =>
  error("repeated-seed", "A seed twice", `\`${ablation}\` has the seed ${seed} twice.`, "Give each seed once.");

export const nothingTrained = (folder: string): Failure =>
  error(
    "nothing-trained",
    "Nothing has been trained",
    `There is no folder ${folder} to report on.`,
    "Give the command without --report to train, or name the ablation's folder with --out.",
  );
