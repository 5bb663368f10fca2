// The fields of a spec as hyperparameters of a run, for TensorBoard and other trackers.
import { type Compared, settingsOf } from "../inspect/difference.js";
import type { Hyperparameters } from "../train/tensorboard.js";

/** Every field by its path, with defaults; lists and sizes are text. Without the ablations of the spec. */
export const hyperparametersOf = (spec: Compared): Hyperparameters =>
  new Map(
    [...settingsOf(spec)].filter(([path]) => !path.startsWith("ablate.")).map(([path, text]) => [path, typed(text)]),
  );

function typed(text: string): string | number | boolean {
  if (text === "true" || text === "false") return text === "true";
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}
