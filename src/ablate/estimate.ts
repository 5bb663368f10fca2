// Computes interval and p of an estimate from its standard error, with Student's t.
import { compiled, stdtr, stdtri } from "cephes";
import type { Estimate } from "./answer.js";

await compiled;

const CONFIDENCE = 0.95;

/**
 * @param error standard error of `value`, whose square is distributed as χ² / degrees
 * @param degrees of freedom; without any, there is no interval and no p
 */
export function estimateOf(value: number, error: number, degrees: number): Estimate {
  if (degrees < 1) return { estimate: value };
  const reach = error * stdtri(degrees, (1 + CONFIDENCE) / 2);
  // An empty contrast has no error. A p that underflows becomes the smallest positive number, never zero.
  const p = error > 0 ? Math.max(Number.MIN_VALUE, 2 * stdtr(degrees, -Math.abs(value) / error)) : 1;
  return { estimate: value, low: value - reach, high: value + reach, p };
}

/** The estimate times a factor, which is treated as exact. */
export function scaled({ estimate, low, high, ...rest }: Estimate, factor: number): Estimate {
  const [first, last] = factor < 0 ? [high, low] : [low, high];
  return {
    estimate: factor * estimate,
    ...(first !== undefined && { low: factor * first }),
    ...(last !== undefined && { high: factor * last }),
    ...rest,
  };
}

/** The geometric mean of positive numbers, with a t-interval on their logarithms. It has no p, since it is never zero. */
export function geometricMean(values: readonly number[]): Estimate {
  const logs = values.map(Math.log);
  const error = deviationOf(logs);
  const estimate = Math.exp(meanOf(logs));
  // If one value is zero, the mean is zero and its logarithm is not finite.
  if (error === undefined || !Number.isFinite(error)) return { estimate };
  const { low = 0, high = 0 } = estimateOf(meanOf(logs), error / Math.sqrt(logs.length), logs.length - 1);
  return { estimate, low: Math.exp(low), high: Math.exp(high) };
}

export const meanOf = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0) / values.length;

/** Sample standard deviation (n − 1); undefined for fewer than two values. */
export function deviationOf(values: readonly number[]): number | undefined {
  if (values.length < 2) return undefined;
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((total, value) => total + (value - mean) ** 2, 0) / (values.length - 1));
}
