// The answer of an ablation as a part of the page of runs: a few sentences, then figures, loss curves, tables and the spec.
// Also its additions to the style sheet.
import type { Answer, MeasureAnswer, ModalityAnswer } from "../../ablate/answer.js";
import type { AblationResults, ResultRun } from "../../ablate/results.js";
import { escapeHtml } from "../../diagnostics/visible.js";
import { STYLE } from "../../inspect/page.js";
import { lineChart, type Series } from "../chart.js";
import { type Point, smoothed, thinned } from "../curves.js";
import { factorsOf } from "./factors.js";
import { effectsFigure, gainsFigure, mapFigure, synergyFigure } from "./figures.js";
import { absentTable, clockLine, factsOf, makingOf, residualTable } from "./forms.js";
import { headlineOf } from "./headline.js";
import { mapLayout } from "./map-layout.js";
import { extraArms, measuresOf, ranked } from "./reading.js";
import { armsNotes, armsTable, EFFECTS_NOTE, effectsTable, htmlTable, type Table } from "./tables.js";
import { factorsWord, MEASURES } from "./words.js";

type Draw = (results: AblationResults, modality: ModalityAnswer, measure: MeasureAnswer) => string;

/** Its style and its sections, to be kept apart from those of the page. */
export const ablationPart = (results: AblationResults, answer: Answer): string =>
  `<style>${(STYLE + ABLATION_STYLE).replaceAll(":root", ":host")}</style>\n${sections(results, answer)}`;

function sections(results: AblationResults, answer: Answer): string {
  return [
    facts(results),
    headline(results, answer),
    figures(results, answer),
    section({
      id: "arms",
      title: "Arms",
      content: tables(answer, (modality) => armsTable(results, modality)),
      notes: armsNotes(results),
    }),
    section({
      id: "curves",
      title: "Loss curves",
      content: charts(lossCharts(results, answer)),
    }),
    inTraining(results, answer),
    section({
      id: "effects-table",
      title: "Table of the effects",
      content: tables(answer, (modality) => effectsTable(results, modality)),
      notes: [EFFECTS_NOTE],
    }),
    making(results, answer),
    `<section id="spec"><h2>Spec</h2>\n<pre>${escapeHtml(results.spec.trimEnd())}</pre></section>`,
    `<section id="clock"><h2>Devices and time</h2><p>${escapeHtml(clockLine(results))}</p></section>`,
  ]
    .filter((text) => text !== "")
    .join("\n");
}

const facts = (results: AblationResults): string =>
  `<dl class="facts">${factsOf(results)
    .map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeHtml(value)}</dd></div>`)
    .join("")}</dl>`;

function headline(results: AblationResults, answer: Answer): string {
  const { notes, findings } = headlineOf(results, answer);
  const cards = findings.map(({ lead, rest, ...modality }) => {
    const sentences = rest.map(({ about, text }) => `<div><dt>${about}</dt><dd>${escapeHtml(text)}</dd></div>`);
    return `<article class="answer">${heading(modality)}<p class="lead">${escapeHtml(lead)}</p><dl>${sentences.join("")}</dl></article>`;
  });
  return `<section id="answer">
${notes.map((text) => `<p class="note">${escapeHtml(text)}</p>`).join("\n")}
<div class="answers">${cards.join("\n")}</div></section>`;
}

/** A figure for each modality, of its main measure (the first) or of another. */
function drawn(draw: Draw, results: AblationResults, answer: Answer, which: number): string {
  return charts(
    answer.modalities.map((modality) => {
      const measure = measuresOf(modality)[which];
      return measure === undefined ? "" : draw(results, modality, measure);
    }),
  );
}

function figures(results: AblationResults, answer: Answer): string {
  const factors = factorsOf(results);
  const what = factors === undefined ? "factors" : factorsWord(factors);
  const held = MEASURES[answer.modalities.flatMap(measuresOf)[0]?.measure ?? "validation"].loss;
  const seeds = results.seeds.length > 1;
  const hollow = seeds ? " A hollow point is not significant." : "";
  const where = factors?.areParts ? "The bars beside a row and above a column name the parts of a cell. " : "";
  const bold = seeds ? ": bold where it is significant" : "";
  const gain = results.baseline === undefined ? "" : `, and below it the gain over the baseline${bold}`;
  const intros = {
    synergy: `The gain of each of the ${what} alone over the baseline, and of all together. Synergy is the gain of all minus the sum of the single gains. Below zero, they partly do the same work.${hollow}`,
    map: `${where}Each cell shows the mean final ${held}${gain}.`,
    effects: `The change of the ${held} with each of the ${what}, averaged over the settings of the others. An interaction (×) is the change beyond the sum of the single effects. Left of zero is better.`,
    gains: `How much lower the ${held} is than the baseline's.${hollow}`,
  };
  return FIGURES.map(({ id, title, draw }) =>
    section({ id, title, intro: intros[id], content: drawn(draw, results, answer, 0) }),
  )
    .filter((text) => text !== "")
    .join("\n");
}

const drawMap: Draw = (results, { modality }, measure) => {
  const layout = mapLayout(results);
  const unit = MEASURES[measure.measure].loss;
  return layout === undefined ? "" : mapFigure({ title: modality, unit, layout, results, measure });
};

const FIGURES = [
  { id: "synergy", title: "Single and joint gains", draw: synergyFigure },
  { id: "map", title: "Map of the arms", draw: drawMap },
  { id: "effects", title: "Effects", draw: effectsFigure },
  { id: "gains", title: "Gains", draw: gainsFigure },
] as const;

function inTraining(results: AblationResults, answer: Answer): string {
  const content = FIGURES.map(({ draw }) => drawn(draw, results, answer, 1)).join("");
  return section({ id: "training", title: "Training losses", content });
}

function making(results: AblationResults, answer: Answer): string {
  const [residuals, absent] = [residualTable(answer, results), absentTable(results)];
  const content = `${paragraphs(makingOf(results, answer))}${residuals ? htmlTable(residuals) : ""}${
    absent ? `<h3>Unfinished runs</h3>\n${htmlTable(absent)}` : ""
  }`;
  return section({ id: "making", title: "Method", content });
}

interface Section {
  readonly id: string;
  readonly title: string;
  /** Plain text before the content. */
  readonly intro?: string;
  /** HTML. */
  readonly content: string;
  /** Plain text after the content. */
  readonly notes?: readonly string[];
}

/** A section of the page; empty if its content is. */
function section({ id, title, intro, content, notes = [] }: Section): string {
  if (content === "") return "";
  return `<section id="${id}"><h2>${escapeHtml(title)}</h2>
${intro === undefined ? "" : paragraphs([intro])}${content}${paragraphs(notes)}</section>`;
}

const paragraphs = (texts: readonly string[]): string => texts.map((text) => `<p>${escapeHtml(text)}</p>\n`).join("");

function charts(figures: readonly string[]): string {
  const drawn = figures.filter((figure) => figure !== "");
  return drawn.length === 0 ? "" : `<div class="charts">${drawn.join("")}</div>\n`;
}

/** The tables of all modalities. */
function tables({ modalities }: Answer, make: (modality: ModalityAnswer) => Table | undefined): string {
  const made = modalities.flatMap((answer) => {
    const table = make(answer);
    return table === undefined ? [] : [`<div>${heading(answer)}\n${htmlTable(table)}</div>`];
  });
  return made.length === 0 ? "" : `<div class="tables">${made.join("\n")}</div>\n`;
}

const heading = ({ modality, unit }: { readonly modality: string; readonly unit: string }): string =>
  `<h3>${escapeHtml(modality)} <span class="unit">${escapeHtml(unit)}</span></h3>`;

const HIGHLIGHTED = 6;
const COLOURS = 6;
/** Colour numbers for arms in the background, the baseline and extra arms. */
const BEHIND = 0;
const BASELINE = 7;
const EXTRA = 8;

/** A chart for each modality and measure. A highlighted arm has the same colour in all of them. */
export function lossCharts(results: AblationResults, { modalities, window }: Answer): string[] {
  // The arms that are highlighted in validation are also highlighted in training.
  const litOf = (modality: ModalityAnswer): number[] =>
    measuresOf(modality)
      .slice(0, 1)
      .flatMap((measure) => highlighted(results, measure));
  const plain = [...new Set(modalities.flatMap(litOf))].filter(
    (arm) => arm !== results.baseline && results.arms[arm]?.kind === "grid",
  );
  const colorOf = (arm: number): number => {
    if (arm === results.baseline) return BASELINE;
    return plain.includes(arm) ? (plain.indexOf(arm) % COLOURS) + 1 : EXTRA;
  };
  return modalities.flatMap((modality) =>
    measuresOf(modality).map((measure) =>
      lineChart({
        title: modality.modality,
        unit: `${MEASURES[measure.measure].loss}, ${modality.unit}`,
        series: seriesOf(results, modality.modality, measure, window, litOf(modality), colorOf),
      }),
    ),
  );
}

function seriesOf(
  results: AblationResults,
  modality: string,
  measure: MeasureAnswer,
  window: number,
  lit: readonly number[],
  colorOf: (arm: number) => number,
): Series[] {
  const points = results.arms.map((_, arm) => curveOf(results, arm, modality, measure, window));
  const behind = points.flatMap((own, arm) => (lit.includes(arm) || own.length === 0 ? [] : [own]));
  const others = behind.map(
    (own, i): Series => ({
      label: i === 0 ? `${behind.length} other ${behind.length === 1 ? "arm" : "arms"}` : "",
      points: thinned(own, 100),
      look: "faint",
      color: BEHIND,
    }),
  );
  const front = lit.map(
    (arm): Series => ({
      label: results.arms[arm]?.label ?? "",
      points: thinned(points[arm] ?? [], 200),
      look: "line",
      color: colorOf(arm),
    }),
  );
  return [...others, ...front];
}

/** Arms to highlight: the baseline, all parts, the best, the best single part, extra arms, then by loss. */
function highlighted(results: AblationResults, measure: MeasureAnswer): number[] {
  const factors = factorsOf(results);
  const order = ranked(measure, results);
  const singles = order.filter((arm) => factors?.names.some((part) => factors.armOf([part]) === arm));
  const wanted = [
    results.baseline,
    factors?.armOf(factors.names),
    order[0],
    singles[0],
    ...extraArms(results).slice(0, 2),
  ];
  const rest =
    order.length <= HIGHLIGHTED ? order : factors === undefined ? order.slice(0, 2).concat(order.slice(-1)) : [];
  const known = [...wanted, ...rest].filter((arm) => arm !== undefined);
  const chosen = [...new Set(known)].slice(0, HIGHLIGHTED);
  return factors === undefined ? chosen.sort((a, b) => a - b) : chosen;
}

/** The mean over runs at the steps that all runs have. */
function curveOf(
  { runs }: AblationResults,
  arm: number,
  modality: string,
  { measure }: MeasureAnswer,
  window: number,
): Point[] {
  const curves = runs
    .filter((run) => run.arm === arm && run.state === "done")
    .map((run) => pointsOf(run[measure], modality));
  const drawn = curves
    .filter((points) => points.length > 0)
    .map((points) => (measure === "training" ? smoothed(points, window) : points));
  const sums = new Map<number, { sum: number; count: number }>();
  for (const { x, y } of drawn.flat()) {
    const { sum, count } = sums.get(x) ?? { sum: 0, count: 0 };
    sums.set(x, { sum: sum + y, count: count + 1 });
  }
  return [...sums]
    .filter(([, { count }]) => count === drawn.length)
    .map(([x, { sum, count }]) => ({ x, y: sum / count }))
    .sort((a, b) => a.x - b.x);
}

function pointsOf(curves: ResultRun["training"], modality: string): Point[] {
  const { steps, losses } = curves[modality] ?? { steps: [], losses: [] };
  return steps.map((x, i) => ({ x, y: losses[i] ?? Number.NaN })).filter(({ y }) => Number.isFinite(y));
}

export const ABLATION_STYLE = `
:root { --better: #2a78d6; --worse: #d9591f; --color-4: #8a56c9; --color-5: #a8730a; --color-6: #b83a6b; }
@media (prefers-color-scheme: dark) {
  :root { --better: #5b9ff0; --worse: #f08a55; --color-4: #b48cf0; --color-5: #d8a23a; --color-6: #f07aa6; }
}
${[4, 5, 6].map((n) => `.color-${n} { stroke: var(--color-${n}); }`).join("\n")}
.color-0 { stroke: var(--quiet); }
.color-7 { stroke: var(--ink); }
.color-8 { stroke: var(--ink); stroke-dasharray: 5 5; }
.save { margin-left: auto; padding: 0 7px; font: 0.72rem system-ui, sans-serif; color: var(--quiet); background: var(--surface);
  border: 1px solid var(--strong-line); border-radius: 6px; cursor: pointer; }
@media print { .save { display: none; } }
.facts { margin-bottom: 20px; grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)); }
.answers { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 16px; }
.answer { padding: 16px 18px 12px; background: var(--surface); border: 1px solid var(--line); border-radius: 8px; }
.answer dl { margin: 10px 0 4px; display: grid; gap: 8px; }
.answer dl div { display: grid; grid-template-columns: 5em 1fr; gap: 10px; }
.answer dt { color: var(--quiet); }
.answer dd { margin: 0; }
.answer .lead { color: var(--ink); font-size: 1.16rem; line-height: 1.4; font-weight: 600; }
.note { color: var(--ink); border-left: 3px solid var(--worse); padding-left: 10px; max-width: none; }
h2 + p { margin-top: -4px; margin-bottom: 12px; }
.charts + p, .tables + p { margin-top: 12px; }
.charts + .charts { margin-top: 16px; }
.chart.map > svg, .chart.forest > svg { max-height: none; }
.map .strip { fill: var(--line); }
.map .strip-name { fill: var(--ink); text-anchor: middle; dominant-baseline: central; }
.map .cell { fill: var(--page); }
.map .better { fill: var(--better); }
.map .worse { fill: var(--worse); }
.map .empty { stroke: var(--strong-line); stroke-dasharray: 4 4; fill: none; }
.map .tagged { stroke: var(--ink); stroke-width: 2; }
.map .loss, .map .gain, .map .tag { text-anchor: middle; fill: var(--ink); }
.map .loss { font-size: 15px; }
.map .gain { font-size: 12.5px; }
.map .tag { font-size: 11px; }
.map.dense .loss { font-size: 13.5px; }
.map.dense .gain { font-size: 12px; }
.sure { font-weight: 700; fill: var(--ink); }
.before { text-anchor: end; }
.forest .row-name { dominant-baseline: central; fill: var(--ink); }
.forest .numbers { dominant-baseline: central; text-anchor: end; }
.forest .interval { stroke-width: 2.5; stroke-linecap: round; }
.forest .zero { stroke: var(--ink); }
.forest .better { stroke: var(--better); fill: var(--better); }
.forest .worse { stroke: var(--worse); fill: var(--worse); }
.forest .open { stroke: var(--quiet); }
.forest .point { stroke-width: 2; }
.forest .point.open { fill: var(--surface); }
td:first-child { white-space: normal; min-width: 11em; }
td small { display: block; color: var(--quiet); font-size: 0.78em; line-height: 1.2; }
tbody td { vertical-align: top; line-height: 1.3; }
th { vertical-align: bottom; }
th.first, td.first { padding-left: 20px; }
.group { text-align: center; border-bottom-color: var(--strong-line); }
.part th { text-align: left; padding-top: 14px; }
.tables { display: grid; grid-template-columns: minmax(0, 1fr); gap: 24px; }
.tables h3 { margin-bottom: 4px; }
@media (max-width: 520px) {
  th, td { white-space: nowrap; }
  th:first-child, td:first-child { position: sticky; left: 0; background: var(--page); white-space: normal; min-width: 8.5em; }
  .dense { overflow-x: auto; }
  .dense > svg { width: 560px; max-height: none; }
}
@container (max-width: 430px) {
  .chart.forest text { font-size: 15px; }
  .map.dense .strip-name { font-size: 12px; }
  .map:not(.dense) .loss { font-size: 20px; }
  .map:not(.dense) .gain { font-size: 17px; }
  .map:not(.dense) .tag { font-size: 14px; }
}
@media print {
  :root { color-scheme: light; --page: #fff; --surface: #fff; --ink: #14130f; --quiet: #4b4943; --line: #dfddd5; --strong-line: #b9b6ab;
    --better: #2a78d6; --worse: #d9591f; --color-1: #2a78d6; --color-2: #d9591f; --color-3: #1b8f68; --color-4: #8a56c9;
    --color-5: #a8730a; --color-6: #b83a6b; }
  @page { margin: 13mm; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  :root, body { font-size: 11px; }
  h1 { font-size: 22px; }
  main { padding: 0 1px; max-width: none; }
  h1, h2, h3, h2 + p { break-after: avoid; }
  h2 { margin-top: 24px; }
  .answer, .chart, #synergy, #map, #effects, #gains, #making, #clock { break-inside: avoid; }
  p { max-width: none; }
  .answers, .charts { grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: 10px; }
  .scroll { overflow: visible; }
  table { font-size: 9.5px; }
  th, td { padding: 3px 8px 3px 0; white-space: nowrap; }
  th:first-child, td:first-child { white-space: normal; }
  th.first, td.first { padding-left: 8px; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; overflow: visible; font-size: 10px; }
}
`;
