// What a chart draws at some width: a value of each line for each column of pixels, and the ranges of both axes.
import { type Curve, type Drawn, drawnIn, halfWindow } from "./curve.js";
import { rangeOf } from "./range.js";

export interface Line {
  readonly curve: Curve;
  readonly label: string;
  /** The number of a colour in the style sheet. */
  readonly colour: number;
  /** `raw` lines are smoothed and have their points behind them; `checks` are few points with a mark each. */
  readonly kind: "raw" | "checks";
  readonly dashed?: boolean;
}

/** What all charts of the page share. */
export interface View {
  /** The part of the horizontal axis; undefined for all of it. */
  readonly zoom: readonly [number, number] | undefined;
  readonly logX: boolean;
  readonly logY: boolean;
  /** The share of a curve's points that its smoothing averages. */
  readonly smoothing: number;
  readonly axis: string;
}

type Values = readonly (number | null)[];

export interface PlotData {
  /** Two for each column, ascending. */
  readonly xs: readonly number[];
  /** The raw points of each line; none if the chart shows none. */
  readonly behind: readonly Values[];
  readonly smooth: readonly Values[];
  readonly bounds: readonly [number, number];
  readonly range: readonly [number, number];
}

/** Charts of more lines have no raw points behind them, which would hide the lines. */
export const NOISY = 16;

/**
 * @param columns of pixels
 * @param isMoving while a chart is zoomed it shows no raw points, which take most of the time
 */
export function plotData(lines: readonly Line[], view: View, columns: number, isMoving: boolean): PlotData {
  const { logX, logY, smoothing } = view;
  const bounds = extentOf(lines, view);
  const [from, to] = bounds;
  // A column for each two pixels while many lines move.
  const count = Math.max(2, Math.round(columns / (isMoving && lines.length > NOISY ? 2 : 1)));
  const scale = logX ? Math.log10 : (x: number) => x;
  const back = logX ? (x: number) => 10 ** x : (x: number) => x;
  const drawn = lines.map(({ curve, kind }) =>
    drawnIn(curve, { from, to, count, scale }, halfWindow(curve, kind, smoothing)),
  );
  const [left, right] = [scale(from), scale(to)];
  const xs = Array.from({ length: 2 * count }, (_, i) => back(left + ((i + 0.5) / (2 * count)) * (right - left)));
  const hasNoise = smoothing > 0 && !isMoving;
  const noise = ({ low, high }: Drawn, i: number): Values =>
    hasNoise && lines[i]?.kind === "raw" ? woven(low, high) : [];
  return {
    xs,
    behind: lines.length <= NOISY ? drawn.map(noise) : [],
    smooth: drawn.map((one) => woven(one.smooth)),
    bounds,
    range: rangeOf(drawn, logY),
  };
}

/** Two values for each column. */
function woven(first: Values, second?: Values): (number | null)[] {
  const values: (number | null)[] = Array(2 * first.length).fill(null);
  for (let i = 0; i < first.length; i++) {
    values[2 * i] = first[i] as number | null;
    if (second !== undefined && second[i] !== first[i]) values[2 * i + 1] = second[i] as number | null;
  }
  return values;
}

function extentOf(lines: readonly Line[], { zoom, logX }: View): readonly [number, number] {
  if (zoom !== undefined) return zoom;
  let [from, to] = [Infinity, -Infinity];
  for (const {
    curve: { x },
  } of lines) {
    const first = logX ? x.find((at) => at > 0) : x[0];
    if (first !== undefined) from = Math.min(from, first);
    to = Math.max(to, x.at(-1) ?? -Infinity);
  }
  if (!(to > from)) return from === to ? [from / 2, from * 1.5 || 1] : [0, 1];
  return [logX ? from : Math.min(from, 0.02 * to), to];
}
