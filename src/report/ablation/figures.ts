// The figures of an ablation as inline SVG: effects (each factor alone and all together, main effects with interactions, or
// gains of arms) and the map of the design. A cell of the map shows an arm's final loss and gain, with a colour relative to
// the baseline. Strips at its sides show what rows and columns have in common.
import type { Estimate, MeasureAnswer, ModalityAnswer } from "../../ablate/answer.js";
import type { AblationResults } from "../../ablate/results.js";
import { escapeHtml } from "../../diagnostics/visible.js";
import { cut, round } from "../../inspect/drawing/shapes.js";
import { axis } from "../curves.js";
import { baselineHasNone, factorialIn, factorsOf } from "./factors.js";
import { inPercent, singleGains } from "./headline.js";
import type { MapLayout, Strip } from "./map-layout.js";
import { apartFromZero, bracketed, decimalsOf, fixed, isSure, loss, percent, shownSign, signed } from "./numbers.js";
import { armAnswer, baselineOf, meanOf, ranked } from "./reading.js";
import { MEASURES } from "./words.js";

/** With more effects, those of three or more factors are only in the table. */
const DRAWN = 21;
const ARMS = 32;

/** The gain of each factor, their sum, and the gain of all together, which shows the synergy. */
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

/** The gains of all arms, if there is no factorial analysis. */
export function gainsFigure(results: AblationResults, modality: ModalityAnswer, measure: MeasureAnswer): string {
  const tooltip = factorialIn(results, measure) !== undefined;
  if (tooltip || baselineOf(results) === undefined || results.arms.length > ARMS) return "";
  const rows = results.arms.flatMap(({ label, kind }, index): ForestRow[] => {
    const gain = armAnswer(measure, index)?.gainPercent;
    return gain === undefined ? [] : [{ label, estimate: gain, apart: kind === "extra" }];
  });
  const unit = `gain, % of the baseline's ${MEASURES[measure.measure].loss}`;
  return forestFigure({ title: modality.modality, unit, rows, better: 1 });
}

/** Long and short names of factors. If all names have the same ending, the short name omits it: `in` for `in_proj`. */
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
  /** Whether a line separates it from the row above. */
  readonly apart?: boolean;
  readonly strong?: boolean;
}

interface Forest {
  readonly title: string;
  /** The unit of the numbers. */
  readonly unit: string;
  readonly rows: readonly ForestRow[];
  /** The sign of an improvement. */
  readonly better: 1 | -1;
}

const ROW = 25;
/** The approximate width of a character on a small page. */
const ROW_LETTER = 7.2;
const DIGIT = 8.2;
const LONGEST = 240;
const FOOT = 46;
/** The distance between the line at zero and the text beside it. */
const BESIDE = 8;

/** A forest plot; empty if no row has a number. */
function forestFigure({ title, unit, rows: all, better }: Forest): string {
  const rows = all.filter(({ estimate }) => Number.isFinite(estimate.estimate));
  if (rows.length === 0) return "";
  const letters = Math.max(...rows.map(({ label }) => label.length));
  const left = Math.min(LONGEST, 14 + letters * ROW_LETTER);
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
    const name = `<text class="row-name${strong ? " sure" : ""}" x="0" y="${y}">${escapeHtml(cut(label, (left - 8) / ROW_LETTER))}</text>`;
    const bar =
      low === undefined || high === undefined
        ? ""
        : `<path class="interval ${look}" d="M${place(low)} ${y}H${place(high)}"/>`;
    const numbers = `<text class="numbers" x="${WIDTH}" y="${y}"><tspan class="${isSure(estimate) ? "sure" : ""}">${signed(estimate.estimate, decimals)}</tspan>${bracketed(estimate, decimals)}</text>`;
    const rule = apart ? `<path class="axis" d="M0 ${y - ROW / 2}H${WIDTH}"/>` : "";
    return `<g>${rule}${name}${bar}<circle class="point ${look}" cx="${place(estimate.estimate)}" cy="${y}" r="4.5"><title>${escapeHtml(label)}: ${fixed(estimate.estimate, decimals)}</title></circle>${numbers}</g>`;
  }
}

/** The meaning of each side of zero, in a long or a short form. */
function hint(better: 1 | -1, zero: number, left: number, right: number, y: number): string {
  const fitting = (room: number, texts: readonly string[]): string =>
    texts.find((text) => text.length * ROW_LETTER < room - BESIDE) ?? "";
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
  return `<text class="before" x="${zero - BESIDE}" y="${y}">${before}</text><text x="${zero + BESIDE}" y="${y}">${after}</text>`;
}

function boundsOf({ low, high }: Estimate): number[] {
  return low === undefined || high === undefined || !Number.isFinite(low + high) ? [] : [low, high];
}

/** The number of decimals for all rows, so that they align. */
function decimalsFor(rows: readonly ForestRow[]): number {
  const size = Math.max(...rows.map(({ estimate }) => Math.abs(estimate.estimate)));
  const decimals = size === 0 ? 1 : Math.min(6, Math.max(1, 1 - Math.floor(Math.log10(size))));
  return apartFromZero(
    rows.map(({ estimate }) => estimate),
    decimals,
  );
}

const WIDTH = 560;
const CELL = 74;
const GAP = 4;
const LEGEND = 36;
/** With more columns, cells keep their size and the page scrolls. */
const COLUMNS = 4;
/** The highest opacity of a cell's colour. Text stays readable on it. */
const DEEPEST = 0.62;

/** The colour scale of the cells: per cent below `centre`, which is the highest loss if there is no baseline. */
interface Scale {
  readonly centre: number;
  readonly most: number;
  readonly worse: boolean;
}

interface MapData {
  readonly title: string;
  readonly unit: string;
  readonly layout: MapLayout;
  readonly results: AblationResults;
  readonly measure: MeasureAnswer;
}

/** The map; empty if no arm of the design has a loss. */
export function mapFigure(data: MapData): string {
  const { layout, results, measure } = data;
  const means = layout.arms
    .flatMap((row) => row.map((arm) => meanOf(measure, arm)))
    .filter((mean) => mean !== undefined);
  if (means.length === 0) return "";
  const centre = meanOf(measure, results.baseline) ?? Math.max(...means);
  const gains = means.map((mean) => below(mean, centre));
  const scale = { centre, most: Math.max(...gains.map(Math.abs)), worse: gains.some((gain) => gain < 0) };
  const sizes = mapSizes(layout, WIDTH, CELL);
  const { left, top, cell } = sizes;
  const cells = layout.arms.flatMap((arms, row) =>
    arms.map((arm, column) => cellOf(data, scale, arm, left + column * cell.wide, top + row * CELL, cell.wide)),
  );
  const bottom = top + CELL * layout.arms.length;
  const heading = escapeHtml(data.title);
  return `<figure class="chart map${(layout.arms[0]?.length ?? 0) > COLUMNS ? " dense" : ""}">
<figcaption><h3>${heading} <span class="unit">${escapeHtml(data.unit)}</span></h3></figcaption>
<svg viewBox="0 0 ${WIDTH} ${bottom + LEGEND}" role="img" aria-label="${heading}: final loss of each arm">
${mapStrips(layout, sizes)}
${cells.join("\n")}
${legend(scale, results.baseline !== undefined, (WIDTH + left) / 2, bottom + 14)}
</svg>
</figure>
`;
}

const below = (mean: number, centre: number): number => (centre === 0 ? 0 : (100 * (centre - mean)) / Math.abs(centre));

function cellOf(
  { results, measure }: MapData,
  { centre, most }: Scale,
  index: number | undefined,
  x: number,
  y: number,
  wide: number,
): string {
  const box = `x="${round(x)}" y="${round(y)}" width="${round(wide - GAP)}" height="${CELL - GAP}" rx="4"`;
  const text = (look: string, down: number, what: string): string =>
    what === "" ? "" : `<text class="${look}" x="${round(x + (wide - GAP) / 2)}" y="${round(y + down)}">${what}</text>`;
  const label = escapeHtml(results.arms[index ?? -1]?.label ?? "no arm");
  const mean = meanOf(measure, index);
  if (mean === undefined)
    return `<g><title>${label}: no loss</title><rect class="cell empty" ${box}/>${text("gain", 40, "no loss")}</g>`;
  const [best] = ranked(measure, results);
  const tags = [...(index === results.baseline ? ["baseline"] : []), ...(index === best ? ["lowest"] : [])];
  const gain = armAnswer(measure, index)?.gainPercent;
  const number = gain === undefined ? "" : `${signed(gain.estimate, Math.min(1, decimalsOf(gain)))} %`;
  const sure = gain !== undefined && isSure(gain);
  const tooltip = `${label}: ${loss(mean)}${gain === undefined ? "" : `, gain ${percent(gain)}`}`;
  const look = `${below(mean, centre) >= 0 ? "better" : "worse"}${tags.length > 0 ? " tagged" : ""}`;
  return `<g><title>${tooltip}</title><rect class="cell" ${box}/><rect class="cell ${look}" fill-opacity="${shade(below(mean, centre), most)}" ${box}/>
${text("tag", 16, tags.join(", "))}${text("loss", 41, loss(mean))}${text(sure ? "gain sure" : "gain", 61, number)}</g>`;
}

const shade = (gain: number, most: number): number =>
  most === 0 ? 0 : Math.round(((100 * Math.abs(gain)) / most) * DEEPEST) / 100;

const SWATCH = { wide: 22, tall: 12, each: 4 } as const;

function legend({ most, worse }: Scale, compared: boolean, middle: number, y: number): string {
  if (most === 0) return "";
  const { wide, tall, each } = SWATCH;
  const shares = Array.from({ length: 2 * each + 1 }, (_, i) => (i - each) / each).filter(
    (share) => share >= 0 || worse,
  );
  const from = middle - (shares.length * wide) / 2;
  const boxes = shares.map((share, i) => {
    const box = `x="${round(from + i * wide)}" y="${y}" width="${wide}" height="${tall}"`;
    return `<rect class="cell" ${box}/><rect class="cell ${share >= 0 ? "better" : "worse"}" fill-opacity="${shade(share, 1)}" ${box}/>`;
  });
  const start = worse ? `${fixed(most, 1)} % higher` : compared ? "baseline" : "highest";
  const end = round(from + shares.length * wide + 8);
  return `<g>${boxes.join("")}<text class="before" x="${round(from - 8)}" y="${y + 10}">${start}</text><text x="${end}" y="${y + 10}">${fixed(most, 1)} % lower</text></g>`;
}

/** Sizes in the units of the figure. */
interface MapSizes {
  readonly left: number;
  readonly top: number;
  readonly cell: { readonly wide: number; readonly tall: number };
}

const THICK = 25;
/** The approximate width of a character. */
const LETTER = 7.5;
const WIDEST = 170;

function mapSizes({ arms, rows, columns, of }: MapLayout, width: number, tall: number): MapSizes {
  const letters = Math.max(0, ...(rows[1] ?? []).map(({ label }) => label.length));
  const left = of === "values" ? THICK + Math.min(WIDEST, 20 + letters * LETTER) : THICK * rows.length;
  return { left, top: THICK * columns.length, cell: { wide: (width - left) / (arms[0]?.length ?? 1), tall } };
}

function mapStrips(layout: MapLayout, { left, top, cell }: MapSizes): string {
  const over = layout.columns.flatMap((layer, depth) =>
    layer.map((strip) =>
      bar(strip, {
        x: left + strip.from * cell.wide,
        y: depth * THICK,
        wide: (strip.to - strip.from) * cell.wide - GAP,
        tall: THICK - GAP,
      }),
    ),
  );
  const beside = layout.rows.flatMap((layer, depth) =>
    layer.map((strip) =>
      bar(strip, {
        x: depth * THICK,
        y: top + strip.from * cell.tall,
        // Values are horizontal and use the remaining width.
        wide: (layout.of === "values" && depth === 1 ? left - THICK : THICK) - GAP,
        tall: (strip.to - strip.from) * cell.tall - GAP,
      }),
    ),
  );
  return [...over, ...beside].join("\n");
}

function bar({ label }: Strip, box: { x: number; y: number; wide: number; tall: number }): string {
  const [x, y] = [round(box.x + box.wide / 2), round(box.y + box.tall / 2)];
  const upright = box.wide < THICK;
  const text = escapeHtml(cut(label, (upright ? box.tall : box.wide) / LETTER));
  const turn = upright ? ` transform="rotate(-90 ${x} ${y})"` : "";
  return `<rect class="strip" x="${round(box.x)}" y="${round(box.y)}" width="${round(box.wide)}" height="${round(box.tall)}" rx="4"/><text class="strip-name" x="${x}" y="${y}"${turn}>${text}</text>`;
}
