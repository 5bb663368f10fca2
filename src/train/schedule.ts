// The learning rate of each step, in float64.
import type { TrainFields } from "../front/spec.js";

/**
 * The learning rate of `step` from its peak `lr`; steps count from 0 (the first update of all has step 0, the last
 * `steps` − 1):
 *
 * - step < warmup:  lr · (step + 1) / warmup, which reaches lr at the last step of the warm-up;
 * - constant:       lr;
 * - cosine:         lr · (floor + (1 − floor) · (1 + cos πp) / 2), p = (step − warmup) / (steps − 1 − warmup),
 *   which falls from lr at the first step after the warm-up to floor · lr at the last step.
 *
 * A cosine of a single step has no way to fall and stays at lr.
 */
export function learningRate(
  { steps, schedule }: Pick<TrainFields, "steps" | "schedule">,
  step: number,
  lr: number,
): number {
  if (step < schedule.warmup) return (lr * (step + 1)) / schedule.warmup;
  if (schedule.kind === "constant") return lr;
  const span = steps - 1 - schedule.warmup;
  const progress = span <= 0 ? 0 : Math.min(1, (step - schedule.warmup) / span);
  return lr * (schedule.floor + ((1 - schedule.floor) * (1 + Math.cos(Math.PI * progress))) / 2);
}
