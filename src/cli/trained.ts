// Arguments and options of the verbs that use a trained model.
import { InvalidArgumentError } from "commander";
import { nodeDisk } from "../api/node/disk.js";
import { openTrained as open, type Trained, type TrainedOptions } from "../api/trained.js";
import { BEST } from "../train/checkpoint.js";
import { printDiagnostics } from "./read-spec.js";

export const RUN_ARGUMENT = ["<run>", "the folder of a run; or a spec, together with --checkpoint"] as const;
export const CHECKPOINT_OPTION = [
  "--checkpoint <folder>",
  "the folder of a checkpoint, whose weights are used",
] as const;
export const STEP_OPTION = [
  "--step <n>",
  "use the checkpoint of this step, or `best` with `keep_best` (default: the last)",
] as const;

export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("Expected a whole number, 0 or more.");
  return Number(text);
}

export const stepOrBest = (text: string): number | typeof BEST => (text === BEST ? BEST : wholeNumber(text));

/**
 * Opens a trained model. If the spec has errors, prints them to stderr and returns undefined.
 * @throws InputError or Failure if the run or the checkpoint does not exist
 */
export function openTrained(path: string, options: TrainedOptions): Trained | undefined {
  const { trained, diagnostics, sources } = open(nodeDisk, path, options);
  printDiagnostics(diagnostics, sources);
  return trained;
}
