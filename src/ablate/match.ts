// Steps to match: how soon an arm's loss is as low as the baseline's was at the end.
import type { Match } from "./answer.js";
import { geometricMean, scaled } from "./estimate.js";
import type { Curve } from "./results.js";

/** Smoothed curves of one seed. */
export interface Pair {
  readonly baseline: Curve;
  readonly arm: Curve;
}

/**
 * @param pairs one for each seed of which both were trained
 * @param flops of an update of the arm, over those of the baseline
 * @returns undefined where no seed can be compared
 */
export function matchOf(pairs: readonly Pair[], flops: number): Match | undefined {
  const shares = pairs.map(shareToMatch).filter((share) => share !== undefined);
  const reached = shares.filter((share) => share !== "never");
  if (shares.length === 0) return undefined;
  if (reached.length < shares.length) {
    return { reached: reached.length === 0 ? "none" : "some", by: reached.length, of: shares.length };
  }
  const steps = scaled(geometricMean(reached), 100);
  return { reached: "all", steps, flops: scaled(steps, flops) };
}

/** Of the steps at which the baseline has its last loss, the share after which the arm has it. */
function shareToMatch({ baseline, arm }: Pair): number | "never" | undefined {
  const [end, target] = [baseline.steps.at(-1), baseline.losses.at(-1)];
  if (end === undefined || target === undefined || end <= 0 || arm.steps.length === 0) return undefined;
  const place = firstAtMost(arm, target);
  return place === undefined ? "never" : place / end;
}

/**
 * The first step at which the curve, with straight lines between its points, is at or below `target`. Where it already
 * is at its first point, it is that point's step: what was before is not known, so the match may have been sooner.
 */
function firstAtMost({ steps, losses }: Curve, target: number): number | undefined {
  const index = losses.findIndex((loss) => loss <= target);
  if (index === -1) return undefined;
  const [step, loss] = [steps[index] as number, losses[index] as number];
  const [before, higher] = [steps[index - 1], losses[index - 1]];
  if (before === undefined || higher === undefined) return step;
  return before + ((higher - target) / (higher - loss)) * (step - before);
}
