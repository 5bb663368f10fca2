// What verbs that use a trained model have in common: how it is named, and how it is opened.
import { InvalidArgumentError } from "commander";
import { nodeDisk } from "../api/node/disk.js";
import { openTrained as open, type Trained, type TrainedOptions } from "../api/trained.js";
import { printDiagnostics } from "./read-spec.js";

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
export function openTrained(path: string, options: TrainedOptions): Trained | undefined {
  const { trained, diagnostics, sources } = open(nodeDisk, path, options);
  printDiagnostics(diagnostics, sources);
  return trained;
}
