// Steps to match: how soon an arm's loss is as low as the baseline's was at the end.
import type { Match } from "./answer.js";
import { geometricMean, scaled } from "./estimate.js";
import type { Curve } from "./results.js";

/** Of one seed. */
export interface Pair {
  /** The baseline's final loss, and the step at which it came to it. */
  readonly target: number;
  readonly end: number;
  /** As measured. */
  readonly arm: Curve;
}

/** The step at which a curve comes down to a loss; undefined where it does not. */
export type Crossing = (curve: Curve, target: number) => Place | undefined;

export interface Place {
  readonly step: number;
  /** Whether that is the curve's first point, after the beginning: the loss may have been reached before it. */
  readonly atMost: boolean;
}

/**
 * @param pairs one for each seed of which both were trained
 * @param flops of an update of the arm, over those of the baseline
 * @returns undefined where no seed can be compared
 */
export function matchOf(pairs: readonly Pair[], flops: number, crossing: Crossing): Match | undefined {
  const shares = pairs.map((pair) => shareToMatch(pair, crossing)).filter((share) => share !== undefined);
  const reached = shares.filter((share) => share !== "never");
  if (shares.length === 0) return undefined;
  if (reached.length < shares.length) {
    return { reached: reached.length === 0 ? "none" : "some", by: reached.length, of: shares.length };
  }
  const steps = scaled(geometricMean(reached.map(({ share }) => share)), 100);
  if (!reached.some(({ atMost }) => atMost)) return { reached: "all", steps, flops: scaled(steps, flops) };
  // Upper bounds have no interval.
  const bound = { estimate: steps.estimate };
  return { reached: "all", steps: bound, flops: scaled(bound, flops), atMost: true };
}

/** Of the steps after which the baseline has its final loss, the share after which the arm has it. */
function shareToMatch({ target, end, arm }: Pair, crossing: Crossing): Share | "never" | undefined {
  if (end <= 0 || arm.steps.length === 0) return undefined;
  const place = crossing(arm, target);
  return place === undefined ? "never" : { share: place.step / end, atMost: place.atMost };
}

interface Share extends Omit<Place, "step"> {
  readonly share: number;
}

/**
 * For curves with little noise: the first point at or below `target`, and between it and the one before a straight line.
 * Where that is the first point of all, it is at most that point's step: what was before is not known.
 */
export const firstCrossing: Crossing = (curve, target) => {
  const index = curve.losses.findIndex((loss) => loss <= target);
  return index === -1 ? undefined : between(curve, index, target);
};

/**
 * For curves with a batch's noise on each point: where the falling curve that is nearest by least squares crosses
 * `target`, which is where the sum of all losses before it, less `target` each, is greatest (Groeneboom, "Estimating a
 * monotone density", 1985). The first point of a smoothed curve that is low enough would not do: noise takes it there
 * too soon. On 2 + 5/√step with noise of 0.1, an arm just like the baseline would match after about 77 % of 1000 steps.
 */
export const fallingCrossing: Crossing = (curve, target) => {
  let [sum, greatest, index] = [0, 0, 0];
  for (const [i, loss] of curve.losses.entries()) {
    sum += loss - target;
    if (sum > greatest) [greatest, index] = [sum, i + 1];
  }
  return index === curve.losses.length ? undefined : between(curve, index, target);
};

/** On the straight line from the point before, which is above `target`, to one that is not. */
function between({ steps, losses }: Curve, index: number, target: number): Place {
  const [step, loss] = [steps[index] as number, losses[index] as number];
  const [before, higher] = [steps[index - 1], losses[index - 1]];
  if (before === undefined || higher === undefined) return { step, atMost: step > 0 };
  return { step: before + ((higher - target) / (higher - loss)) * (step - before), atMost: false };
}
