// What is drawn of effects: each factor alone beside all together, main effects with interactions, or gains of arms.
import type { Estimate, MeasureAnswer, ModalityAnswer } from "../../ablate/answer.js";
import type { AblationResults } from "../../ablate/results.js";
import { escapeHtml } from "../../diagnostics/visible.js";
import { cut, round } from "../../inspect/drawing/shapes.js";
import { axis } from "../curves.js";
import { inPercent, singleGains } from "./factorial-finding.js";
import { baselineHasNone, factorialIn, factorsOf } from "./factors.js";
import { apartFromZero, bracketed, fixed, isSure, shownSign, signed } from "./numbers.js";
import { armAnswer, baselineOf } from "./reading.js";
import { MEASURES } from "./words.js";

/** With more effects than that, those of three and more factors are left to the table. */
const DRAWN = 21;
const ARMS = 32;

/** Each factor's own gain, their sum, and the gain of all: whether the whole is more than its parts. */
export function synergyFigure(results: AblationResults, modality: ModalityAnswer, measure: MeasureAnswer): string {
  const factorial = factorialIn(results, measure);
  if (factorial === undefined || factorial.factors.length < 2) return "";
  const singles = baselineHasNone(results) ? singleGains(results, measure) : [];
  const { joint, sum, difference } = factorial.synergy;
  const totals = [
    { label: "sum of these", estimate: inPercent(results, measure, sum), apart: singles.length > 0 },
    { label: "all together", estimate: inPercent(results, measure, joint), strong: true },
    { label: "synergy", estimate: inPercent(results, measure, difference), apart: true, strong: true },
  ].flatMap(({ estimate, ...row }): ForestRow[] => (estimate === undefined ? [] : [{ ...row, estimate }]));
  return forestFigure({
    title: modality.modality,
    unit: `gain, % of the ${MEASURES[measure.measure].loss}`,
    rows: [...singles.map(({ label, gain }) => ({ label: `${label} alone`, estimate: gain })), ...totals],
    better: 1,
  });
}

/** Main effects and interactions. */
export function effectsFigure(results: AblationResults, modality: ModalityAnswer, measure: MeasureAnswer): string {
  const factorial = factorialIn(results, measure);
  if (factorial === undefined) return "";
  const few = factorial.effects.length <= DRAWN;
  const drawn = factorial.effects.filter(({ factors }) => few || factors.length <= 2);
  const relative = drawn.map((effect) => inPercent(results, measure, effect));
  const inLoss = relative.some((estimate) => estimate === undefined);
  const { long, short } = namesOf(results, factorial.factors);
  const rows = drawn.map(
    (effect, i): ForestRow => ({
      label: effect.factors.map(effect.factors.length === 1 ? long : short).join(" × "),
      estimate: (inLoss ? effect : relative[i]) ?? effect,
      apart: i > 0 && effect.factors.length !== drawn[i - 1]?.factors.length,
      strong: effect.factors.length === 1,
    }),
  );
  const what = MEASURES[measure.measure].loss;
  const unit = inLoss ? `change of the ${what}` : `change of the ${what}, %`;
  return forestFigure({ title: modality.modality, unit, rows, better: -1 });
}

/** Gains of all arms, where there is no factorial analysis that says more. */
export function gainsFigure(results: AblationResults, modality: ModalityAnswer, measure: MeasureAnswer): string {
  const told = factorialIn(results, measure) !== undefined;
  if (told || baselineOf(results) === undefined || results.arms.length > ARMS) return "";
  const rows = results.arms.flatMap(({ label, kind }, index): ForestRow[] => {
    const gain = armAnswer(measure, index)?.gainPercent;
    return gain === undefined ? [] : [{ label, estimate: gain, apart: kind === "extra" }];
  });
  const unit = `gain, % of the baseline's ${MEASURES[measure.measure].loss}`;
  return forestFigure({ title: modality.modality, unit, rows, better: 1 });
}

/** What factors are called alone, and among several: `in` for `in_proj`, where all end alike. */
function namesOf(results: AblationResults, all: readonly string[]): Record<"long" | "short", (name: string) => string> {
  const { names = [], labels = [] } = factorsOf(results) ?? {};
  const long = (name: string): string => labels[names.indexOf(name)] ?? name;
  const ending = /_[^_]+$/.exec(all[0] ?? "")?.[0];
  const alike = ending !== undefined && all.length > 1 && all.every((name) => name.endsWith(ending));
  return { long, short: (name) => (alike ? name.slice(0, -ending.length) : long(name)) };
}

interface ForestRow {
  readonly label: string;
  readonly estimate: Estimate;
  /** A line above sets it apart. */
  readonly apart?: boolean;
  readonly strong?: boolean;
}

interface Forest {
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
function forestFigure({ title, unit, rows: all, better }: Forest): string {
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
