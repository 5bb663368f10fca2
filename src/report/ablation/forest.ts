// A forest plot as inline SVG: for each row a point, its 95 % interval, and the numbers, about a line at zero.
import type { Estimate } from "../../ablate/answer.js";
import { axis } from "../curves.js";
import { escapeHtml } from "../html.js";
import { apartFromZero, bracketed, fixed, isSure, shownSign, signed } from "./numbers.js";
import { cut, round } from "./svg.js";

export interface ForestRow {
  readonly label: string;
  readonly estimate: Estimate;
  /** A line above sets it apart. */
  readonly apart?: boolean;
  readonly strong?: boolean;
}

export interface Forest {
  readonly title: string;
  /** What the numbers are. */
  readonly unit: string;
  readonly rows: readonly ForestRow[];
  /** Which sign lowers the loss. */
  readonly better: 1 | -1;
}

const WIDTH = 560;
const ROW = 25;
/** Of a character, about, as a small page has them. */
const LETTER = 7.2;
const DIGIT = 8.2;
const LONGEST = 240;
const FOOT = 46;
/** Between the line at zero and what is written beside it. */
const GAP = 8;

/** Empty where no row has a number. */
export function forestFigure({ title, unit, rows: all, better }: Forest): string {
  const rows = all.filter(({ estimate }) => Number.isFinite(estimate.estimate));
  if (rows.length === 0) return "";
  const letters = Math.max(...rows.map(({ label }) => label.length));
  const left = Math.min(LONGEST, 14 + letters * LETTER);
  const decimals = decimalsFor(rows);
  const digits = Math.max(
    ...rows.map(({ estimate }) => `${signed(estimate.estimate, decimals)}${bracketed(estimate, decimals)}`.length),
  );
  const right = WIDTH - 12 - digits * DIGIT;
  const ends = rows.flatMap(({ estimate }) => [estimate.estimate, ...boundsOf(estimate)]);
  const across = axis(Math.min(0, ...ends), Math.max(0, ...ends), Math.max(2, Math.floor((right - left) / 60)), {
    outward: true,
  });
  const place = (value: number): number =>
    round(left + ((value - across.from) / (across.to - across.from)) * (right - left));
  const bottom = rows.length * ROW + 4;
  const ticks = across.ticks.map(
    ({ value, label }) =>
      `<path class="grid" d="M${place(value)} 0V${bottom}"/><text class="across" x="${place(value)}" y="${bottom + 16}">${label.replace("-", "−")}</text>`,
  );
  const zero = place(0);
  const heading = escapeHtml(title);
  return `<figure class="chart forest">
<figcaption><h3>${heading} <span class="unit">${escapeHtml(unit)}</span></h3></figcaption>
<svg viewBox="0 0 ${WIDTH} ${bottom + FOOT}" role="img" aria-label="${heading}">
${ticks.join("")}
<path class="zero" d="M${zero} 0V${bottom + 40}"/>
${rows.map((row, i) => line(row, i * ROW + ROW / 2 + 2)).join("\n")}
${hint(better, zero, left, right, bottom + 36)}
</svg>
</figure>
`;

  function line({ label, estimate, apart, strong }: ForestRow, y: number): string {
    const sign = shownSign(estimate);
    const look = sign === 0 ? "open" : estimate.estimate * better >= 0 ? "better" : "worse";
    const [low, high] = boundsOf(estimate);
    const name = `<text class="row-name${strong ? " sure" : ""}" x="0" y="${y}">${escapeHtml(cut(label, (left - 8) / LETTER))}</text>`;
    const bar =
      low === undefined || high === undefined
        ? ""
        : `<path class="interval ${look}" d="M${place(low)} ${y}H${place(high)}"/>`;
    const numbers = `<text class="numbers" x="${WIDTH}" y="${y}"><tspan class="${isSure(estimate) ? "sure" : ""}">${signed(estimate.estimate, decimals)}</tspan>${bracketed(estimate, decimals)}</text>`;
    const rule = apart ? `<path class="axis" d="M0 ${y - ROW / 2}H${WIDTH}"/>` : "";
    return `<g>${rule}${name}${bar}<circle class="point ${look}" cx="${place(estimate.estimate)}" cy="${y}" r="4.5"><title>${escapeHtml(label)}: ${fixed(estimate.estimate, decimals)}</title></circle>${numbers}</g>`;
  }
}

/** On each side of zero what it means, in as many words as there is room for. */
function hint(better: 1 | -1, zero: number, left: number, right: number, y: number): string {
  const fitting = (room: number, texts: readonly string[]): string =>
    texts.find((text) => text.length * LETTER < room - GAP) ?? "";
  const [lowers, raises] = [
    ["lowers the loss", "lowers"],
    ["raises the loss", "raises"],
  ];
  const before = fitting(
    zero - left,
    (better < 0 ? lowers : raises).map((text) => `← ${text}`),
  );
  const after = fitting(
    right - zero,
    (better < 0 ? raises : lowers).map((text) => `${text} →`),
  );
  return `<text class="before" x="${zero - GAP}" y="${y}">${before}</text><text x="${zero + GAP}" y="${y}">${after}</text>`;
}

function boundsOf({ low, high }: Estimate): number[] {
  return low === undefined || high === undefined || !Number.isFinite(low + high) ? [] : [low, high];
}

/** One number for all rows, so that they line up. */
function decimalsFor(rows: readonly ForestRow[]): number {
  const size = Math.max(...rows.map(({ estimate }) => Math.abs(estimate.estimate)));
  const decimals = size === 0 ? 1 : Math.min(6, Math.max(1, 1 - Math.floor(Math.log10(size))));
  return apartFromZero(
    rows.map(({ estimate }) => estimate),
    decimals,
  );
}
