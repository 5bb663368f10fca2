// A chart of curves: draws them with uPlot, zooms, pans and shows the values under the pointer.
import uPlot from "uplot";
import { type Curve, drawnIn, nearest, smoothedAt } from "./curve.js";
import { fill, h } from "./dom.js";
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
/** Lines that the tooltip lists. */
const LISTED = 14;

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
    const { smoothing } = view;
    const values = lines.flatMap(({ curve, label, colour, kind }) => {
      const point = nearest(curve, at);
      if (point === undefined) return [];
      const half = kind === "raw" ? Math.floor((smoothing * curve.y.length) / 2) : 0;
      const value = smoothedAt(curve, point, half);
      return [{ label, colour, value, own: curve.y[point] as number, x: curve.x[point] as number }];
    });
    values.sort((a, b) => b.value - a.value);
    const away = (value: number): number => Math.abs((plot?.valToPos(value, "y") ?? 0) - top);
    const closest = values.reduce(
      (best, one) => (away(one.value) < away(best.value) ? one : best),
      values[0] as (typeof values)[0],
    );
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
    tip.replaceChildren(
      h("p", {}, `${view.axis} ${view.axis === "steps" ? Math.round(at) : short(at, 5)}`),
      h("table", {}, rows),
      ...rest,
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

export const colourOf = (number: number): string =>
  getComputedStyle(document.documentElement)
    .getPropertyValue(`--run-${number % COLOURS}`)
    .trim();
export const COLOURS = 12;

export const swatch = (colour: number): HTMLElement =>
  h("span", { class: "swatch", style: `background: var(--run-${colour % COLOURS})` });

/** A number for people: 0.2491, 12.3k, 4e-7. */
export function short(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  for (const [unit, power] of [
    ["E", 1e18],
    ["P", 1e15],
    ["T", 1e12],
    ["G", 1e9],
    ["M", 1e6],
    ["k", 1e4],
  ] as const)
    if (size >= power) return `${Number((value / (unit === "k" ? 1e3 : power)).toPrecision(digits))}${unit}`;
  if (size !== 0 && size < 1e-3) return value.toExponential(Math.max(0, digits - 3));
  return String(Number(value.toPrecision(digits)));
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

/** Double click shows all; the wheel zooms while Ctrl or Shift is held, and a drag pans while Shift is held. */
function gestures(
  host: HTMLElement,
  plotNow: () => uPlot | undefined,
  boundsNow: () => readonly [number, number],
  isLog: () => boolean,
  zoomed: (zoom: readonly [number, number] | undefined) => void,
): void {
  const scaled = (value: number): number => (isLog() ? Math.log10(value) : value);
  const back = (value: number): number => (isLog() ? 10 ** value : value);
  /** @param fixed the share of the width that stays in its place @param factor of the width @param shift in shares of it */
  const move = (fixed: number, factor: number, shift: number): void => {
    const [from, to] = boundsNow().map(scaled) as [number, number];
    const wide = to - from;
    const start = from + wide * (fixed - fixed * factor + shift);
    zoomed([back(start), back(start + wide * factor)]);
  };
  host.addEventListener("dblclick", () => zoomed(undefined));
  host.addEventListener(
    "wheel",
    (event) => {
      const plot = plotNow();
      if (plot === undefined || !(event.ctrlKey || event.shiftKey)) return;
      event.preventDefault();
      const { left, width } = plot.over.getBoundingClientRect();
      const turned = event.deltaY || event.deltaX;
      move((event.clientX - left) / width, 1.0015 ** turned, 0);
    },
    { passive: false },
  );
  host.addEventListener(
    "mousedown",
    (event) => {
      const plot = plotNow();
      if (plot === undefined || !event.shiftKey) return;
      event.preventDefault();
      event.stopPropagation();
      let before = event.clientX;
      const { width } = plot.over.getBoundingClientRect();
      const pan = (moved: MouseEvent): void => {
        move(0, 1, (before - moved.clientX) / width);
        before = moved.clientX;
      };
      window.addEventListener("mousemove", pan);
      window.addEventListener("mouseup", () => window.removeEventListener("mousemove", pan), { once: true });
    },
    { capture: true },
  );
  host.tabIndex = 0;
  host.addEventListener("keydown", (event) => {
    const moves: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => move(0, 1, -0.1),
      ArrowRight: () => move(0, 1, 0.1),
      "+": () => move(0.5, 0.8, 0),
      "-": () => move(0.5, 1.25, 0),
      Escape: () => zoomed(undefined),
    };
    const action = moves[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
}
