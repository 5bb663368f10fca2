// A loss curve smoothed, and the loss that it ends with.
import { meanOf } from "./estimate.js";
import type { Curve } from "./results.js";

/**
 * The mean of the last `window` points, or of all where there are fewer: a single batch's loss says little.
 * Undefined where there is none or one of them is not finite.
 */
export function finalLoss({ losses }: Curve, window: number): number | undefined {
  const last = meanOf(losses.slice(-window));
  return Number.isFinite(last) ? last : undefined;
}

/**
 * Means over `window` points, each at the mean of their steps, so that the curve does not lag. Points that are not
 * finite are left out. A curve of n points has n − window + 1 means, or one where it is shorter.
 */
export function smoothed({ steps, losses }: Curve, window: number): Curve {
  const kept = [...losses.keys()].filter((index) => Number.isFinite(losses[index]));
  const width = Math.min(window, kept.length);
  const means = (values: readonly number[]): number[] => {
    const sums = [0];
    for (const index of kept) sums.push((sums.at(-1) as number) + (values[index] as number));
    return Array.from(
      { length: width === 0 ? 0 : kept.length - width + 1 },
      (_, from) => ((sums[from + width] as number) - (sums[from] as number)) / width,
    );
  };
  return { steps: means(steps), losses: means(losses) };
}
