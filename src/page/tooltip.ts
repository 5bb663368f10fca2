// The values of all lines at one place.
import { type Curve, nearest, smoothedAt } from "./curve.js";
import { h } from "./dom.js";
import { short, swatch } from "./marks.js";

/** Lines that are listed: those around the one nearest to the pointer. */
const LISTED = 14;

interface Named {
  readonly curve: Curve;
  readonly label: string;
  readonly colour: number;
  readonly kind: "raw" | "checks";
}

/**
 * A table of the lines, the highest first, with their smoothed values and their own where these differ.
 * @param smoothing the share of a curve's points that is averaged
 * @param away how far a value is from the pointer
 */
export function valuesAt(
  at: number,
  lines: readonly Named[],
  smoothing: number,
  away: (value: number) => number,
): HTMLElement[] {
  const values = lines.flatMap(({ curve, label, colour, kind }) => {
    const point = nearest(curve, at);
    if (point === undefined) return [];
    const half = kind === "raw" ? Math.floor((smoothing * curve.y.length) / 2) : 0;
    return [{ label, colour, value: smoothedAt(curve, point, half), own: curve.y[point] as number }];
  });
  values.sort((a, b) => b.value - a.value);
  const [first] = values;
  if (first === undefined) return [];
  const closest = values.reduce((best, one) => (away(one.value) < away(best.value) ? one : best), first);
  const start = Math.max(0, Math.min(values.indexOf(closest) - LISTED / 2, values.length - LISTED));
  const rows = values
    .slice(start, start + LISTED)
    .map((one) =>
      h(
        "tr",
        { class: one === closest ? "closest" : undefined },
        h("td", {}, swatch(one.colour), one.label),
        h("td", {}, short(one.value)),
        h("td", { class: "own" }, one.own === one.value ? "" : short(one.own)),
      ),
    );
  const rest = values.length > rows.length ? [h("p", {}, `and ${values.length - rows.length} more`)] : [];
  return [h("table", {}, rows), ...rest];
}
