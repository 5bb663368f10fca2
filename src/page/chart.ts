// A chart of curves: draws them with uPlot, zooms, pans and shows the values under the pointer.
import uPlot from "uplot";
import { type Curve, drawnIn } from "./curve.js";
import { fill, h } from "./dom.js";
import { gestures } from "./gestures.js";
import { colourOf, short, swatch } from "./marks.js";
import { rangeOf } from "./range.js";
import { valuesAt } from "./tooltip.js";

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

export interface Chart {
  readonly element: HTMLElement;
  readonly show: (lines: readonly Line[], view: View) => void;
  /** Draws again, in other colours or at another size. */
  readonly redraw: () => void;
}

export interface ChartSetting {
  readonly title: string;
  readonly unit: string;
  readonly height: number;
  readonly zoomed: (zoom: readonly [number, number] | undefined) => void;
}

/** Lines with more points in view have no marks. */
const MARKED = 80;
/** Charts of more lines have no raw points behind them, which would hide the lines. */
const NOISY = 16;
/** Milliseconds without a zoom after which raw points are drawn again: they take most of the time. */
const REST_MS = 150;
/** Most lines that a legend names. */
const LEGEND = 3;

export function chart({ title, unit, height, zoomed }: ChartSetting): Chart {
  const plotted = h("div", { class: "plot", style: `min-height: ${height}px` });
  const tip = h("div", { class: "tip", hidden: true });
  const heading = h("h3", {}, title, " ", h("span", { class: "unit" }, unit));
  const legend = h("span", { class: "legend" });
  const caption = h("figcaption", {}, heading, legend);
  const element = h("figure", { class: "chart", "data-chart": title }, caption, plotted, tip);
  let lines: readonly Line[] = [];
  let view: View | undefined;
  let plot: uPlot | undefined;
  let made = "";
  let seen = false;
  let isMoving = false;
  let resting: ReturnType<typeof setTimeout> | undefined;
  let due = false;

  const draw = (): void => {
    due = false;
    if (view === undefined) return;
    const width = Math.floor(plotted.clientWidth);
    if (width <= 0) return;
    const key = [
      width,
      view.logX,
      view.logY,
      view.axis,
      lines.length <= NOISY,
      ...lines.map(({ colour, kind, dashed }) => `${colour}${kind}${dashed}`),
    ].join();
    if (key !== made) {
      plot?.destroy();
      made = key;
      const options = optionsOf(lines, view, { width, height, zoomed, tell: () => tell() });
      plot = new uPlot(options, options.series.map(() => []) as unknown as uPlot.AlignedData, plotted);
    }
    const [from, to] = extentOf(lines, view);
    // A column for each two pixels while many lines move.
    const count = Math.max(2, Math.round((width - 70) / (isMoving && lines.length > NOISY ? 2 : 1)));
    const scale = view.logX ? Math.log10 : (x: number) => x;
    const back = view.logX ? (x: number) => 10 ** x : (x: number) => x;
    const { smoothing } = view;
    const drawn = lines.map(({ curve, kind }) =>
      drawnIn(curve, { from, to, count, scale }, kind === "raw" ? Math.floor((smoothing * curve.y.length) / 2) : 0),
    );
    const [left, right] = [scale(from), scale(to)];
    const xs = Array.from({ length: 2 * count }, (_, i) => back(left + ((i + 0.5) / (2 * count)) * (right - left)));
    const hasNoise = smoothing > 0 && !isMoving;
    const behind = drawn.map(({ low, high }, i) => (hasNoise && lines[i]?.kind === "raw" ? woven(low, high) : []));
    const data = [...(lines.length <= NOISY ? behind : []), ...drawn.map(({ smooth }) => woven(smooth))];
    range = rangeOf(drawn, view.logY);
    bounds = [from, to];
    plot?.setData([xs, ...data] as uPlot.AlignedData, false);
    plot?.batch(() => {
      plot?.setScale("x", { min: from, max: to });
      plot?.setScale("y", { min: range[0], max: range[1] });
    });
  };
  let range: readonly [number, number] = [0, 1];
  let bounds: readonly [number, number] = [0, 1];
  const drawSoon = (): void => {
    if (due || !seen) return;
    due = true;
    requestAnimationFrame(draw);
  };
  const tell = (): void => {
    if (plot === undefined || view === undefined) return;
    const { left = -1, top = -1 } = plot.cursor;
    if (left < 0 || !plotted.matches(":hover")) {
      tip.hidden = true;
      return;
    }
    const at = plot.posToVal(left, "x");
    const away = (value: number): number => Math.abs((plot?.valToPos(value, "y") ?? 0) - top);
    tip.replaceChildren(
      h("p", {}, `${view.axis} ${view.axis === "steps" ? Math.round(at) : short(at, 5)}`),
      ...valuesAt(at, lines, view.smoothing, away),
    );
    tip.hidden = false;
    const { offsetLeft, offsetTop } = plotted;
    const x = offsetLeft + plot.over.offsetLeft + left;
    const flipped = left > plot.over.clientWidth / 2;
    tip.style.left = `${flipped ? x - tip.offsetWidth - 14 : x + 14}px`;
    tip.style.top = `${offsetTop + Math.max(0, Math.min(top, height - tip.offsetHeight))}px`;
  };
  new IntersectionObserver(
    (entries) => {
      seen = entries.some(({ isIntersecting }) => isIntersecting);
      drawSoon();
    },
    { rootMargin: "60px" },
  ).observe(element);
  new ResizeObserver(drawSoon).observe(plotted);
  // Paper shows what the screen does not.
  window.addEventListener("beforeprint", () => {
    if (element.isConnected) draw();
  });
  gestures(
    plotted,
    () => plot,
    () => bounds,
    () => view?.logX ?? false,
    zoomed,
  );
  return {
    element,
    show(others, now) {
      isMoving = view !== undefined && now.zoom !== view.zoom;
      clearTimeout(resting);
      if (isMoving)
        resting = setTimeout(() => {
          isMoving = false;
          drawSoon();
        }, REST_MS);
      lines = others;
      view = now;
      // The table of runs is the legend of several.
      const named = lines.length > 1 && lines.length <= LEGEND ? lines : [];
      fill(legend, ...named.map(({ label, colour }) => h("span", {}, swatch(colour), label)));
      drawSoon();
    },
    redraw() {
      made = "";
      drawSoon();
    },
  };
}

/** Two values for each column. */
function woven(first: readonly (number | null)[], second?: readonly (number | null)[]): (number | null)[] {
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

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly zoomed: (zoom: readonly [number, number]) => void;
  readonly tell: () => void;
}

function optionsOf(lines: readonly Line[], view: View, { width, height, zoomed, tell }: Frame): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const [quiet, line] = [style.getPropertyValue("--quiet"), style.getPropertyValue("--line")];
  const axis: uPlot.Axis = {
    stroke: quiet,
    font: "12px system-ui, sans-serif",
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1, size: 4 },
  };
  const labels = (_: uPlot, values: number[]): string[] => values.map((value) => (value === null ? "" : short(value)));
  return {
    width,
    height,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: "runs" },
      points: { show: false },
      drag: { x: true, y: false, setScale: false },
      bind: { dblclick: () => null },
    },
    scales: {
      x: { time: false, auto: false, distr: view.logX ? 3 : 1 },
      y: { auto: false, distr: view.logY ? 3 : 1 },
    },
    axes: [
      { ...axis, grid: { show: false }, values: labels, size: 34 },
      { ...axis, values: labels, size: 58 },
    ],
    series: [
      {},
      // All raw points are behind all lines.
      ...(lines.length <= NOISY ? lines : []).map(
        ({ colour, kind }): uPlot.Series => ({
          stroke: colourOf(colour),
          width: 1,
          alpha: 0.28,
          spanGaps: true,
          points: { show: false },
          show: kind === "raw",
        }),
      ),
      ...lines.map(({ colour, kind, dashed }): uPlot.Series => {
        const stroke = colourOf(colour);
        return {
          stroke,
          width: 2,
          spanGaps: true,
          ...(dashed && { dash: [6, 4] }),
          points: {
            show: kind === "checks" && lines.length <= NOISY ? fewPoints : false,
            size: 6,
            fill: stroke,
            stroke,
          },
        };
      }),
    ],
    hooks: {
      setCursor: [tell],
      setSelect: [
        (plot) => {
          const { left, width: wide } = plot.select;
          if (wide < 4) return;
          const ends = [plot.posToVal(left, "x"), plot.posToVal(left + wide, "x")] as const;
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          zoomed(ends);
        },
      ],
    },
  };
}

const fewPoints = (plot: uPlot, series: number): boolean =>
  (plot.data[series] as (number | null)[]).filter((value) => value !== null).length <= MARKED;
