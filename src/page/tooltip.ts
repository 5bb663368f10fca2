// The values of all lines at the pointer.
import type uPlot from "uplot";
import { halfWindow, nearest, smoothedAt } from "./curve.js";
import { h } from "./dom.js";
import { short, swatch } from "./marks.js";
import type { Line, View } from "./plot-data.js";

interface Tooltip {
  readonly element: HTMLElement;
  /** Shows the values where the plot's cursor is, or nothing if the pointer is elsewhere. */
  readonly show: (plot: uPlot, lines: readonly Line[], view: View) => void;
}

/** Pixels between the pointer and the values. */
const AWAY = 14;

/** @param host holds the plot, and has the height */
export function tooltip(host: HTMLElement, height: number): Tooltip {
  const element = h("div", { class: "tip", hidden: true });
  return {
    element,
    show(plot, lines, { axis, smoothing }) {
      const { left = -1, top = -1 } = plot.cursor;
      element.hidden = left < 0 || !host.matches(":hover");
      if (element.hidden) return;
      const at = plot.posToVal(left, "x");
      const away = (value: number): number => Math.abs(plot.valToPos(value, "y") - top);
      element.replaceChildren(
        h("p", {}, `${axis} ${axis === "steps" ? Math.round(at) : short(at, 5)}`),
        ...valuesAt(at, lines, smoothing, away),
      );
      const x = host.offsetLeft + plot.over.offsetLeft + left;
      const isRight = left > plot.over.clientWidth / 2;
      element.style.left = `${isRight ? x - element.offsetWidth - AWAY : x + AWAY}px`;
      element.style.top = `${host.offsetTop + Math.max(0, Math.min(top, height - element.offsetHeight))}px`;
    },
  };
}

/** Lines that are listed: those around the one nearest to the pointer. */
const LISTED = 14;

/**
 * A table of the lines, the highest first, with their smoothed values and their own where these differ.
 * @param smoothing the share of a curve's points that is averaged
 * @param away how far a value is from the pointer
 */
function valuesAt(
  at: number,
  lines: readonly Line[],
  smoothing: number,
  away: (value: number) => number,
): HTMLElement[] {
  const values = lines.flatMap(({ curve, label, colour, kind }) => {
    const point = nearest(curve, at);
    if (point === undefined) return [];
    const value = smoothedAt(curve, point, halfWindow(curve, kind, smoothing));
    return [{ label, colour, value, own: curve.y[point] as number }];
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
