// The vertical range of a chart: all lines, but not their first fall if it would flatten the rest, and few outliers.
import { FALL, topAfterFall } from "../report/first-fall.js";
import type { Drawn } from "./curve.js";

/** The share of the raw points that may be above the chart, and of those that may be below. */
const OUTLIERS = 0.02;
const MARGIN = 0.04;

export function rangeOf(drawn: readonly Drawn[], log: boolean): readonly [number, number] {
  const scale = (value: number): number => (log ? Math.log10(value) : value);
  const usable = (value: number | null): value is number => value !== null && (!log || value > 0);
  const extent = (from: number): readonly [number, number] => {
    let [low, high] = [Infinity, -Infinity];
    for (const { smooth } of drawn)
      for (let i = from; i < smooth.length; i++) {
        const value = smooth[i] as number | null;
        if (!usable(value)) continue;
        low = Math.min(low, scale(value));
        high = Math.max(high, scale(value));
      }
    return [low, high];
  };
  const all = extent(0);
  const rest = extent(Math.floor(FALL * (drawn[0]?.smooth.length ?? 0)));
  let [low, high] = [all[0], log ? all[1] : topAfterFall(all[0], all[1], rest[1])];
  const raw = sampled(drawn, usable, scale);
  const [least, most] = [quantile(raw, OUTLIERS), quantile(raw, 1 - OUTLIERS)];
  // Raw points widen the range, but at most by as much again.
  const wide = high - low;
  if (least !== undefined && most !== undefined && (wide > 0 || most > least)) {
    low = Math.max(Math.min(low, least), wide > 0 ? low - wide : Number.NEGATIVE_INFINITY);
    high = Math.min(Math.max(high, most), wide > 0 ? high + wide : Number.POSITIVE_INFINITY);
  }
  if (!(high >= low)) return log ? [0.1, 1] : [0, 1];
  const margin = MARGIN * (high - low) || Math.abs(high) * 0.1 || 1;
  const [from, to] = [low - margin, high + margin];
  return log ? [10 ** from, 10 ** to] : [from, to];
}

/** Raw points for the quantiles: enough of them, in order of their values. */
const ENOUGH = 1000;
function sampled(
  drawn: readonly Drawn[],
  usable: (value: number | null) => value is number,
  scale: (value: number) => number,
): Float64Array {
  const values: number[] = [];
  const every = Math.max(1, Math.floor((2 * drawn.length * (drawn[0]?.low.length ?? 0)) / ENOUGH));
  let i = 0;
  for (const { low, high } of drawn)
    for (const list of [low, high])
      for (const value of list) if (usable(value) && i++ % every === 0) values.push(scale(value));
  return Float64Array.from(values).sort();
}

const quantile = (ordered: Float64Array, share: number): number | undefined =>
  ordered[Math.min(ordered.length - 1, Math.floor(share * ordered.length))];
