// A line chart as inline SVG. Colours and fonts come from the page's style sheet, so the chart follows light and dark mode.

import { escapeHtml } from "../diagnostics/visible.js";
import { type Axis, axis, type Point, quantile, thinned, topOf } from "./curves.js";

export interface Series {
  /** An empty label has no entry in the legend. */
  readonly label: string;
  /** Ascending in x. Points that are not finite are gaps. */
  readonly points: readonly Point[];
  /** `faint` curves are in the background and may leave the chart; `marked` curves have a dot at each point. */
  readonly look: "faint" | "line" | "marked";
  /** The number of the colour in the style sheet. */
  readonly color: number;
}

export interface Chart {
  readonly title: string;
  /** The unit of the vertical axis; may be empty. */
  readonly unit: string;
  readonly series: readonly Series[];
}

const WIDTH = 560;
const HEIGHT = 300;
const FRAME = { left: 58, right: WIDTH - 16, top: 12, bottom: HEIGHT - 38 } as const;
/** The share of a faint curve's points that may be below the chart, and the share that may be above. */
const OUTLIERS = 0.01;

/** A figure with a heading, a legend and the curves over steps, mostly without their first fall; empty if no point is finite. */
export function lineChart(chart: Chart): string {
  const series = chart.series
    .map((one) => ({ ...one, points: one.points.filter(({ y }) => Number.isFinite(y)) }))
    .filter(({ points }) => points.length > 0);
  if (series.length === 0) return "";
  const xs = series.flatMap(({ points }) => points.map(({ x }) => x));
  const extents = series.map(extent);
  const low = Math.min(...extents.map(([from]) => from));
  const inside = series.flatMap(({ points }, i) => points.filter(({ y }) => y <= (extents[i] as [number, number])[1]));
  const high = topOf(inside);
  const across = axis(0, quantile(xs, 1), 6, { least: 1 });
  const up = axis(low, high, 5, { outward: true });
  const place = ({ x, y }: Point): Point => ({
    x: FRAME.left + ((x - across.from) / (across.to - across.from)) * (FRAME.right - FRAME.left),
    y: FRAME.bottom - ((y - up.from) / (up.to - up.from)) * (FRAME.bottom - FRAME.top),
  });
  const title = escapeHtml(chart.title);
  const unit = chart.unit === "" ? "" : ` <span class="unit">${escapeHtml(chart.unit)}</span>`;
  return `<figure class="chart">
<figcaption><h3>${title}${unit}</h3>${series.length > 1 ? legend(series) : ""}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">
${grid(across, up, place)}
<svg x="${FRAME.left}" y="${FRAME.top}" width="${FRAME.right - FRAME.left}" height="${FRAME.bottom - FRAME.top}" viewBox="${FRAME.left} ${FRAME.top} ${FRAME.right - FRAME.left} ${FRAME.bottom - FRAME.top}">
${series.map((one) => path(one, place)).join("\n")}
</svg>
${series.map((one) => marks(one, up, place)).join("")}${cutOff(series, up, place)}
</svg>
</figure>
`;
}

/** The lowest and highest value of a series that the chart must show. */
function extent({ points, look }: Series): [number, number] {
  const ys = points.map(({ y }) => y);
  const share = look === "faint" && points.length >= 1 / OUTLIERS ? OUTLIERS : 0;
  return [quantile(ys, share), quantile(ys, 1 - share)];
}

/** Where the highest curve that leaves the chart comes back: its highest value. */
function cutOff(series: readonly Series[], up: Axis, place: (point: Point) => Point): string {
  const cut = series
    .filter(({ look, points }) => look !== "faint" && points.some(({ y }) => y > up.to))
    .map(({ points }) => ({
      top: points.reduce((best, point) => (point.y > best.y ? point : best)),
      back: points.find(({ y }, i) => y <= up.to && i > 0) ?? (points.at(-1) as Point),
    }));
  if (cut.length === 0) return "";
  const { top, back } = cut.reduce((best, one) => (one.top.y > best.top.y ? one : best));
  const x = round(place(back).x);
  return `<text x="${x + 6}" y="${FRAME.top + 8}" class="cut">↑ ${top.y.toPrecision(3)} at step ${top.x}</text>`;
}

function legend(series: readonly Series[]): string {
  const named = series.filter(({ label }) => label !== "");
  const entries = named.map(
    ({ label, look, color }) =>
      `<span class="key"><svg viewBox="0 0 22 10" aria-hidden="true"><path class="${look} color-${color}" d="M1 5H21"/>${
        look === "marked" ? `<circle class="dot color-${color}" cx="11" cy="5" r="3.5"/>` : ""
      }</svg>${escapeHtml(label)}</span>`,
  );
  return `<span class="legend">${entries.join("")}</span>`;
}

function grid(across: Axis, up: Axis, place: (point: Point) => Point): string {
  const horizontal = up.ticks.map(({ value, label }) => {
    const y = round(place({ x: across.from, y: value }).y);
    return `<path class="grid" d="M${FRAME.left} ${y}H${FRAME.right}"/><text x="${FRAME.left - 8}" y="${y}" class="up">${label}</text>`;
  });
  const vertical = across.ticks.map(({ value, label }) => {
    const x = round(place({ x: value, y: up.from }).x);
    return `<path class="axis" d="M${x} ${FRAME.bottom}v5"/><text x="${x}" y="${FRAME.bottom + 18}" class="across">${label}</text>`;
  });
  const base = `<path class="axis" d="M${FRAME.left} ${FRAME.bottom}H${FRAME.right}"/>`;
  const name = `<text x="${(FRAME.left + FRAME.right) / 2}" y="${HEIGHT - 4}" class="across name">step</text>`;
  return [...horizontal, base, ...vertical, name].join("\n");
}

function path({ points, look, color }: Series, place: (point: Point) => Point): string {
  const corners = thinned(points, 400).map(place);
  const d = corners.map(({ x, y }, index) => `${index === 0 ? "M" : "L"}${round(x)} ${round(y)}`).join("");
  return `<path class="${look} color-${color}" d="${d}"/>`;
}

/** Dots with their values as tooltips, if there are few enough to distinguish. A single point always has a dot. */
function marks({ label, points, look, color }: Series, up: Axis, place: (point: Point) => Point): string {
  if (points.length > 1 && (look !== "marked" || points.length > 60)) return "";
  return points
    .filter(({ y }) => y >= up.from && y <= up.to)
    .map((point) => {
      const { x, y } = place(point);
      const tooltip = `${escapeHtml(label)}, step ${point.x}: ${point.y.toPrecision(5)}`;
      return `<circle class="dot color-${color}" cx="${round(x)}" cy="${round(y)}" r="3.5"><title>${tooltip}</title></circle>`;
    })
    .join("");
}

const round = (value: number): number => Math.round(value * 10) / 10;
