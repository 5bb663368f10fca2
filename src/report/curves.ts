// Prepares curves for drawing: smooths and thins them, and chooses round numbers for the axes.

import { FALL, topAfterFall } from "./first-fall.js";

export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Means over a centred window of `window` points, which do not lag as running averages do. Near the start the window narrows
 * on both sides, so a steep first fall stays steep. Near the end it only extends back.
 */
export function smoothed(points: readonly Point[], window: number): Point[] {
  const half = Math.floor(window / 2);
  const sums = [0];
  for (const { y } of points) sums.push((sums.at(-1) as number) + y);
  return points.map(({ x }, index) => {
    const back = Math.min(half, index);
    const ahead = Math.min(back, points.length - 1 - index);
    const total = (sums[index + ahead + 1] as number) - (sums[index - back] as number);
    return { x, y: total / (back + ahead + 1) };
  });
}

/** At most about `2 · buckets` points that keep the curve's outline: the lowest and highest of each bucket. */
export function thinned(points: readonly Point[], buckets: number): Point[] {
  if (points.length <= 2 * buckets) return [...points];
  return Array.from({ length: buckets }, (_, bucket) => {
    const from = Math.floor((bucket * points.length) / buckets);
    const stretch = points.slice(from, Math.floor(((bucket + 1) * points.length) / buckets));
    const low = stretch.reduce((best, point) => (point.y < best.y ? point : best));
    const high = stretch.reduce((best, point) => (point.y > best.y ? point : best));
    return low.x === high.x ? [low] : low.x < high.x ? [low, high] : [high, low];
  }).flat();
}

/** The value that `share` of the numbers are below. */
export function quantile(values: readonly number[], share: number): number {
  const ordered = [...values].sort((a, b) => a - b);
  return ordered[Math.min(ordered.length - 1, Math.floor(share * ordered.length))] as number;
}

/** The highest value, without a first fall that would flatten the rest of the curves. */
export function topOf(points: readonly Point[]): number {
  const last = points.reduce((most, { x }) => Math.max(most, x), 0);
  const highest = (from: number): number =>
    points.reduce((high, { x, y }) => (x >= from ? Math.max(high, y) : high), Number.NEGATIVE_INFINITY);
  const low = points.reduce((least, { y }) => Math.min(least, y), Number.POSITIVE_INFINITY);
  return topAfterFall(low, highest(Number.NEGATIVE_INFINITY), highest(FALL * last));
}

export interface Axis {
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly { readonly value: number; readonly label: string }[];
}

/**
 * An axis over [from, to] with about `count` ticks at 1, 2 or 5 times a power of ten.
 * @param outward the axis ends at ticks; otherwise at `from` and `to`
 * @param least the smallest distance between ticks: 1 for whole numbers
 */
export function axis(
  from: number,
  to: number,
  count: number,
  { outward = false, least = 0 }: { outward?: boolean; least?: number } = {},
): Axis {
  const range = to > from ? to - from : Math.abs(from) || 1;
  const [low, high] = to > from ? [from, to] : [from - range / 2, from + range / 2];
  const power = 10 ** Math.floor(Math.log10(range / count));
  const step = Math.max(least, ([1, 2, 5].find((factor) => factor * power * count >= range) ?? 10) * power);
  // The tolerance makes 0.3 / 0.1 count as 3.
  const first = outward ? Math.floor(low / step + 1e-9) : Math.ceil(low / step - 1e-9);
  const last = outward ? Math.ceil(high / step - 1e-9) : Math.floor(high / step + 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => {
    const value = (first + index) * step;
    return { value, label: tickLabel(value, step) };
  });
  return outward ? { from: first * step, to: last * step, ticks } : { from: low, to: high, ticks };
}

/** A label with as many decimals as the step: 0.60, 12k, 1e-4. */
function tickLabel(value: number, step: number): string {
  if (value === 0) return "0";
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  if (Math.abs(value) >= 10_000 && step >= 100) return `${Number((value / 1000).toFixed(3))}k`;
  if (decimals > 3) return value.toExponential(Math.max(0, Math.floor(Math.log10(Math.abs(value)) + 1e-9) + decimals));
  return value.toFixed(decimals);
}
