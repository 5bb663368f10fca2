// A curve in the browser: its points, and what makes it quick to draw any part of it at any width.

export interface Curve {
  /** Ascending. */
  readonly x: Float64Array;
  readonly y: Float32Array;
  /** Sums of y before each point: one more than there are points. */
  readonly sums: Float64Array;
  /** The lowest and highest of each group of 4, of 16, … points. */
  readonly levels: readonly { readonly low: Float32Array; readonly high: Float32Array }[];
}

const GROUP = 4;

/** The lowest and highest values of what each point stands for, if it is the mean of several. */
interface Range {
  readonly low: ArrayLike<number>;
  readonly high: ArrayLike<number>;
}

/** A curve of the points whose numbers are finite. */
export function curveOf(xs: ArrayLike<number>, ys: ArrayLike<number>, range: Range = { low: ys, high: ys }): Curve {
  const x = new Float64Array(ys.length);
  const y = new Float32Array(ys.length);
  const [low, high] = [new Float32Array(ys.length), new Float32Array(ys.length)];
  let count = 0;
  for (let i = 0; i < ys.length; i++) {
    const [at, value] = [xs[i] as number, ys[i] as number];
    if (!Number.isFinite(value) || !Number.isFinite(at)) continue;
    x[count] = at;
    y[count] = value;
    low[count] = range.low[i] as number;
    high[count] = range.high[i] as number;
    count++;
  }
  const sums = new Float64Array(count + 1);
  for (let i = 0; i < count; i++) sums[i + 1] = (sums[i] as number) + (y[i] as number);
  const own = y.subarray(0, count);
  const levels = [{ low: low.subarray(0, count), high: high.subarray(0, count) }];
  for (let last = levels[0]; last !== undefined && last.low.length > GROUP; ) {
    last = grouped(last);
    levels.push(last);
  }
  return { x: x.subarray(0, count), y: own, sums, levels };
}

function grouped({ low, high }: Curve["levels"][number]): {
  low: Float32Array<ArrayBuffer>;
  high: Float32Array<ArrayBuffer>;
} {
  const length = Math.ceil(low.length / GROUP);
  const made = { low: new Float32Array(length).fill(Infinity), high: new Float32Array(length).fill(-Infinity) };
  for (let i = 0; i < low.length; i++) {
    const to = Math.floor(i / GROUP);
    if ((low[i] as number) < (made.low[to] as number)) made.low[to] = low[i] as number;
    if ((high[i] as number) > (made.high[to] as number)) made.high[to] = high[i] as number;
  }
  return made;
}

/** The number of values below `wanted`; the values ascend. */
export function below(values: Float64Array, wanted: number): number {
  let [from, to] = [0, values.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((values[middle] as number) < wanted) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** The point nearest to x; undefined for an empty curve. */
export function nearest({ x }: Curve, wanted: number): number | undefined {
  const after = below(x, wanted);
  if (x.length === 0) return undefined;
  if (after === 0) return 0;
  if (after === x.length) return after - 1;
  return wanted - (x[after - 1] as number) < (x[after] as number) - wanted ? after - 1 : after;
}

/**
 * The mean over a centred window of `2 · half + 1` points, which does not lag as a running average does. Near the start it
 * narrows on both sides, so a steep first fall stays steep. Near the end it only extends back.
 */
export function smoothedAt({ sums }: Curve, point: number, half: number): number {
  const back = Math.min(half, point);
  const ahead = Math.min(back, sums.length - 2 - point);
  return ((sums[point + ahead + 1] as number) - (sums[point - back] as number)) / (back + ahead + 1);
}

/**
 * Half of the smoothing window of a curve, in points. A curve of few points is not smoothed.
 * @param smoothing the share of the points that is averaged
 */
export const halfWindow = ({ y }: Curve, kind: "raw" | "checks", smoothing: number): number =>
  kind === "raw" ? Math.floor((smoothing * y.length) / 2) : 0;

/** A part of the horizontal axis in columns of equal width. `scale` is linear or a logarithm. */
export interface Columns {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly scale: (x: number) => number;
}

/** What a curve has in each column. A column without points is not in it. */
export interface Drawn {
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
  readonly smooth: readonly (number | null)[];
}

/** Points of a level that are looked at for each column, at least. */
const SHARPNESS = 2;

/** @param half of the smoothing window, in points */
export function drawnIn(curve: Curve, columns: Columns, half: number): Drawn {
  const { x, y, levels } = curve;
  const { from, to, count, scale } = columns;
  const low: (number | null)[] = Array(count).fill(null);
  const high: (number | null)[] = Array(count).fill(null);
  const smooth: (number | null)[] = Array(count).fill(null);
  const [first, last] = [below(x, from), below(x, to + Number.EPSILON * Math.abs(to))];
  let depth = 0;
  while (depth + 1 < levels.length && (last - first) / GROUP ** (depth + 1) >= SHARPNESS * count) depth++;
  const level = levels[depth] as Curve["levels"][number];
  const size = GROUP ** depth;
  const [left, right] = [scale(from), scale(to)];
  const perUnit = count / (right - left || 1);
  const columnOf = (at: number): number => Math.max(0, Math.min(count - 1, Math.floor((scale(at) - left) * perUnit)));
  for (let i = Math.floor(first / size); i * size < last; i++) {
    const point = Math.max(first, i * size);
    const column = columnOf(x[point] as number);
    const [lowest, highest] = [level.low[i] as number, level.high[i] as number];
    if (low[column] === null || lowest < (low[column] as number)) low[column] = lowest;
    if (high[column] === null || highest > (high[column] as number)) high[column] = highest;
    smooth[column] = smoothedAt(curve, point, half);
  }
  // The lines reach to the points beyond both ends.
  const between = (before: number, at: number, of: (point: number) => number): number => {
    const [a, b] = [x[before] as number, x[before + 1] as number];
    return of(before) + ((of(before + 1) - of(before)) * (at - a)) / (b - a || 1);
  };
  for (const [column, before, at] of [
    [0, first - 1, from],
    [count - 1, last - 1, to],
  ] as const) {
    if (smooth[column] !== null || before < 0 || before + 1 >= x.length) continue;
    smooth[column] = between(before, at, (point) => smoothedAt(curve, point, half));
    low[column] = between(before, at, (point) => y[point] as number);
    high[column] = low[column] as number;
  }
  return { low, high, smooth };
}
