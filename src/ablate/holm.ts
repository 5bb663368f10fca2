// Decides which comparisons are significant: with p corrected by Holm, "A simple sequentially rejective multiple test
// procedure" (1979), and with enough runs.
import type { Estimate } from "./answer.js";

/** The probability that a family of true zeros has a significant result. */
export const LEVEL = 0.05;
/** The finished seeds that each compared arm needs. Two seeds give a single difference, whose variance is unknown. */
export const LEAST_SEEDS = 3;
/** The degrees of freedom that the residual needs; three seeds of two arms have two. */
export const LEAST_DEGREES = 2;

/** Adds Holm's corrected p to the estimates of a family. Estimates without a p are not compared. */
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

/** The smallest of m values of p times m, the next times m − 1, …; each at least the previous one, and at most 1. */
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
