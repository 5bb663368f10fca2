// A chart as an SVG file without a style sheet: curves, axes with their names, and a legend on a white ground.
import { colourOf, short } from "./marks.js";
import type { Line, PlotData, View } from "./plot-data.js";

interface Figure {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly Line[];
  readonly view: View;
  readonly data: PlotData;
}

const WIDTH = 720;
const FRAME = { left: 64, right: WIDTH - 16, top: 40, bottom: 360 } as const;
const INK = "#14130f";
const QUIET = "#5b5953";
const GRID = "#dfddd5";
const TICKS = { across: 7, up: 6 } as const;
/** The legend: its rows, and the width of a character of its font. */
const ROW = 18;
const CHARACTER = 6.2;
const SAMPLE = 26;

export function figureSvg({ title, unit, lines, view, data }: Figure): string {
  const x = placing(data.bounds, view.logX, FRAME.left, FRAME.right);
  const y = placing(data.range, view.logY, FRAME.bottom, FRAME.top);
  const { text: legend, height: named } = legendOf(lines, FRAME.bottom + 50);
  const height = FRAME.bottom + 50 + named;
  const [wide, high] = [FRAME.right - FRAME.left, FRAME.bottom - FRAME.top];
  const paths = (values: PlotData["smooth"], isBehind: boolean): string[] =>
    values.map((own, i) => curve(lines[i] as Line, data.xs, own, { x, y, isBehind }));
  const name =
    unit === "" ? "" : ` <tspan fill="${QUIET}" font-weight="normal" font-size="12">${escaped(unit)}</tspan>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, sans-serif" font-size="12" fill="${INK}">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="${FRAME.left}" y="22" font-size="15" font-weight="600">${escaped(title)}${name}</text>`,
    `<clipPath id="frame"><rect x="${FRAME.left}" y="${FRAME.top}" width="${wide}" height="${high}"/></clipPath>`,
    ...ticksIn(data.range, view.logY, TICKS.up).map((at) => {
      const level = round(y(at));
      return `<path d="M${FRAME.left} ${level}H${FRAME.right}" stroke="${GRID}"/><text x="${FRAME.left - 8}" y="${level + 4}" text-anchor="end" fill="${QUIET}">${short(at)}</text>`;
    }),
    `<path d="M${FRAME.left} ${FRAME.bottom}H${FRAME.right}" stroke="${QUIET}"/>`,
    ...ticksIn(data.bounds, view.logX, TICKS.across).map((at) => {
      const place = round(x(at));
      return `<path d="M${place} ${FRAME.bottom}v5" stroke="${QUIET}"/><text x="${place}" y="${FRAME.bottom + 18}" text-anchor="middle" fill="${QUIET}">${short(at)}</text>`;
    }),
    `<text x="${(FRAME.left + FRAME.right) / 2}" y="${FRAME.bottom + 34}" text-anchor="middle" fill="${QUIET}">${escaped(view.axis)}</text>`,
    `<g clip-path="url(#frame)" fill="none" stroke-linejoin="round">`,
    ...paths(data.behind, true),
    ...paths(data.smooth, false),
    "</g>",
    legend,
    "</svg>",
    "",
  ].join("\n");
}

const round = (value: number): number => Math.round(value * 10) / 10;

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (one) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[one] ?? "&quot;");

/** The place of a value between `start` and `end`. */
function placing([from, to]: readonly [number, number], isLog: boolean, start: number, end: number) {
  const scale = isLog ? Math.log10 : (value: number) => value;
  const [first, last] = [scale(from), scale(to)];
  return (value: number): number => start + ((scale(value) - first) / (last - first || 1)) * (end - start);
}

/** Round numbers in a range: about `count`, or 1, 2 and 5 times powers of ten on a logarithmic axis. */
function ticksIn([from, to]: readonly [number, number], isLog: boolean, count: number): number[] {
  const decades = isLog ? Math.log10(to / from) : 0;
  if (decades >= 1) {
    const factors = decades > count ? [1] : decades > count / 2 ? [1, 3] : [1, 2, 5];
    const powers = Array.from({ length: Math.ceil(decades) + 2 }, (_, i) => Math.floor(Math.log10(from)) + i);
    return powers
      .flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)))
      .filter((value) => value >= from && value <= to);
  }
  const power = 10 ** Math.floor(Math.log10((to - from) / count));
  const step = ([1, 2, 5].find((factor) => factor * power * count >= to - from) ?? 10) * power;
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
}

interface Placing {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly isBehind: boolean;
}

function curve(
  { colour, dashed, kind }: Line,
  xs: PlotData["xs"],
  values: PlotData["smooth"][number],
  { x, y, isBehind }: Placing,
): string {
  const corners = values.flatMap((value, i) => {
    const at = value === null ? Number.NaN : y(value);
    return Number.isFinite(at) ? [{ left: round(x(xs[i] as number)), top: round(at) }] : [];
  });
  if (corners.length === 0) return "";
  const d = corners.map(({ left, top }, i) => `${i === 0 ? "M" : "L"}${left} ${top}`).join("");
  const stroke = colourOf(colour);
  const marks =
    kind === "checks" && !isBehind
      ? corners.map(({ left, top }) => `<circle cx="${left}" cy="${top}" r="2.5" fill="${stroke}"/>`).join("")
      : "";
  const look = isBehind ? 'stroke-opacity="0.28"' : `stroke-width="2"${dashed ? ' stroke-dasharray="6 4"' : ""}`;
  return `<path d="${d}" stroke="${stroke}" ${look}/>${marks}`;
}

/** Names in rows from some height on. A line without curves is not there. */
function legendOf(lines: readonly Line[], top: number): { readonly text: string; readonly height: number } {
  let [left, row] = [FRAME.left as number, 0];
  const entries = lines.map(({ label, colour, dashed }) => {
    const wide = SAMPLE + label.length * CHARACTER + 18;
    if (left > FRAME.left && left + wide > FRAME.right) [left, row] = [FRAME.left, row + 1];
    const y = top + row * ROW;
    const text = `<path d="M${left} ${y - 4}h18" stroke="${colourOf(colour)}" stroke-width="2"${dashed ? ' stroke-dasharray="6 4"' : ""}/><text x="${left + SAMPLE}" y="${y}">${escaped(label)}</text>`;
    left += wide;
    return text;
  });
  return { text: entries.join("\n"), height: entries.length === 0 ? 0 : row * ROW + 12 };
}
