// Which of several comparisons are significant: p corrected by Holm, "A simple sequentially rejective multiple test
// procedure" (1979), and enough runs behind each.
import type { Estimate } from "./answer.js";

/** The chance that one or more of a group of true zeros is called significant. */
export const LEVEL = 0.05;
/** Seeds that each arm of a comparison must have finished: two are one difference, which nothing can check. */
export const LEAST_SEEDS = 3;
/** Degrees of freedom of the residual; three seeds of two arms have two. */
export const LEAST_DEGREES = 2;

/** Estimates of one group, in their order, with what Holm makes of their p. Those without a p are no comparisons. */
export function corrected<T extends Estimate>(estimates: readonly T[]): T[] {
  const adjusted = holm(estimates.flatMap(({ p }) => (p === undefined ? [] : [p])));
  let next = 0;
  return estimates.map((estimate) => {
    if (estimate.p === undefined) return estimate;
    const pCorrected = adjusted[next++] as number;
    const { seeds = 0, degrees = 0 } = estimate;
    const enough = seeds >= LEAST_SEEDS && degrees >= LEAST_DEGREES;
    return { ...estimate, pCorrected, significant: enough && pCorrected < LEVEL };
  });
}

/** The smallest p times their count m, the next times m − 1, …: each at least the one before, and at most 1. */
export function holm(p: readonly number[]): number[] {
  const order = [...p.keys()].sort((a, b) => (p[a] as number) - (p[b] as number));
  const adjusted = p.map(() => 1);
  let least = 0;
  for (const [rank, index] of order.entries()) {
    least = Math.min(1, Math.max(least, (p.length - rank) * (p[index] as number)));
    adjusted[index] = least;
  }
  return adjusted;
}
