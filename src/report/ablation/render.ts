// An ablation as one HTML page that needs nothing else: its answer in a few sentences, then figures, tables and the spec; the
// same sentences and tables as Markdown, its runs as CSV, and all of it as JSON.
import type { Answer, Measure, MeasureAnswer, ModalityAnswer } from "../../ablate/answer.js";
import type { AblationResults, ResultRun } from "../../ablate/results.js";
import { escapeHtml } from "../../diagnostics/visible.js";
import type { Json } from "../../front/spec.js";
import { htmlPage, STYLE } from "../../inspect/page.js";
import { armsNotes, armsTable, EFFECTS_NOTE, effectsTable } from "./arms-table.js";
import { effectsFigure, gainsFigure, synergyFigure } from "./effects.js";
import { factorsOf } from "./factors.js";
import { headlineOf } from "./headline.js";
import { lossCharts } from "./loss-curves.js";
import { absentTable, clockLine, factsOf, makingOf, residualTable } from "./making.js";
import { mapFigure } from "./map.js";
import { mapLayout } from "./map-layout.js";
import { armAnswer, measuresOf } from "./reading.js";
import { ABLATION_STYLE } from "./style.js";
import { escapeMarkdown, htmlTable, markdownTable, type Table } from "./table.js";
import { factorsWord, MEASURES } from "./words.js";

type Draw = (results: AblationResults, modality: ModalityAnswer, measure: MeasureAnswer) => string;

export function renderAblation(results: AblationResults, answer: Answer): string {
  const main = [
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
      title: "All effects",
      content: tables(answer, (modality) => effectsTable(results, modality)),
      notes: [EFFECTS_NOTE],
    }),
    making(results, answer),
    `<section id="spec"><h2>Spec</h2>\n<pre>${escapeHtml(results.spec.trimEnd())}</pre></section>`,
    `<section id="clock"><h2>Clock</h2><p>${escapeHtml(clockLine(results))}</p></section>`,
  ].filter((text) => text !== "");
  return htmlPage(`Ablation: ${results.name}`, STYLE + ABLATION_STYLE, main.join("\n"));
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

/** A figure of each modality: of its main measure, which is the first, or of another. */
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
  const where = factors?.areParts ? "A cell has what the bars beside its row and over its column name. " : "";
  const bold = seeds ? ": bold where it is significant" : "";
  const gain = results.baseline === undefined ? "" : `, and below it the gain over the baseline${bold}`;
  const intros = {
    synergy: `What each of the ${what} gives alone over the baseline, and all of them together. Synergy is the gain of all less the sum of the single gains: below zero, they do the same work in part.${hollow}`,
    map: `${where}In each cell, the mean final ${held}${gain}.`,
    effects: `How the ${held} changes with each of the ${what}, on average over all that the others do; with several (×), what they do together beyond that. Left of zero is better.`,
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
  { id: "synergy", title: "Alone and together", draw: synergyFigure },
  { id: "map", title: "Every arm", draw: drawMap },
  { id: "effects", title: "Effects", draw: effectsFigure },
  { id: "gains", title: "Gains", draw: gainsFigure },
] as const;

function inTraining(results: AblationResults, answer: Answer): string {
  const content = FIGURES.map(({ draw }) => drawn(draw, results, answer, 1)).join("");
  return section({ id: "training", title: "The same, in training", content });
}

function making(results: AblationResults, answer: Answer): string {
  const [residuals, absent] = [residualTable(answer, results), absentTable(results)];
  const content = `${paragraphs(makingOf(results, answer))}${residuals ? htmlTable(residuals) : ""}${
    absent ? `<h3>Runs that are not done</h3>\n${htmlTable(absent)}` : ""
  }`;
  return section({ id: "making", title: "How it was made", content });
}

interface Section {
  readonly id: string;
  readonly title: string;
  /** Before the content, in plain text. */
  readonly intro?: string;
  /** HTML. */
  readonly content: string;
  /** After it, in plain text. */
  readonly notes?: readonly string[];
}

/** Empty where its content is. */
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

/** A table for each modality that has one. */
function tables({ modalities }: Answer, make: (modality: ModalityAnswer) => Table | undefined): string {
  const made = modalities.flatMap((answer) => {
    const table = make(answer);
    return table === undefined ? [] : [`<div>${heading(answer)}\n${htmlTable(table)}</div>`];
  });
  return made.length === 0 ? "" : `<div class="tables">${made.join("\n")}</div>\n`;
}

const heading = ({ modality, unit }: { readonly modality: string; readonly unit: string }): string =>
  `<h3>${escapeHtml(modality)} <span class="unit">${escapeHtml(unit)}</span></h3>`;

export function ablationJson(results: AblationResults, answer: Answer): string {
  const { clock, runs, ...design } = results;
  const bare = runs.map(({ training: _, validation: __, ...run }) => run);
  const whole = { ...design, runs: bare, answer, clock };
  // What is not a number or not there is null, so that arrays keep their places and members their names.
  return `${JSON.stringify(whole, (_, value) => (value === undefined ? null : value), 2)}\n`;
}

export function ablationMarkdown(results: AblationResults, answer: Answer): string {
  const { notes, findings } = headlineOf(results, answer);
  const paragraph = (text: string): string => `${escapeMarkdown(text)}\n`;
  const titled = (title: string, table: Table | undefined): string[] =>
    table === undefined ? [] : [`### ${escapeMarkdown(title)}\n`, markdownTable(table)];
  const arms = answer.modalities.flatMap((modality) =>
    titled(`${modality.modality}: ${modality.unit}`, armsTable(results, modality)),
  );
  const effects = answer.modalities.flatMap((modality) =>
    titled(`${modality.modality}: ${modality.unit}`, effectsTable(results, modality)),
  );
  const blocks = [
    `# Ablation: ${escapeMarkdown(results.name)}\n`,
    `${factsOf(results)
      .map(([name, value]) => `- ${name}: ${escapeMarkdown(value)}`)
      .join("\n")}\n`,
    ...notes.map(paragraph),
    ...findings.flatMap(({ modality, unit, lead, rest }) => [
      `## ${escapeMarkdown(`${modality}: ${unit}`)}\n`,
      `**${escapeMarkdown(lead)}**\n`,
      ...(rest.length === 0
        ? []
        : [`${rest.map(({ about, text }) => `- ${about}: ${escapeMarkdown(text)}`).join("\n")}\n`]),
    ]),
    ...(arms.length === 0 ? [] : ["## Arms\n", ...arms, ...armsNotes(results).map(paragraph)]),
    ...(effects.length === 0 ? [] : ["## Effects\n", `${EFFECTS_NOTE}\n`, ...effects]),
    "## How it was made\n",
    ...makingOf(results, answer).map(paragraph),
    ...[residualTable(answer, results), absentTable(results)].flatMap((table) => (table ? [markdownTable(table)] : [])),
    paragraph(clockLine(results)),
  ];
  return blocks.join("\n");
}

const MEASURED: readonly Measure[] = ["training", "validation"];
type Field = string | number | undefined;

export function ablationCsv(results: AblationResults, answer: Answer): string {
  const { arms, runs, seeds, modalities } = results;
  const paths = [...new Set(arms.flatMap(({ settings }) => Object.keys(settings)))];
  const columns = modalities.flatMap(({ name }) => MEASURED.map((measure) => ({ name, measure })));
  const head = [
    "id",
    "arm",
    "kind",
    ...paths,
    "seed",
    "state",
    "reason",
    "parameters",
    "active_parameters",
    "flops_per_step",
    ...columns.map(({ name, measure }) => `${measure}_loss.${name}`),
  ];
  const row = (run: ResultRun): Field[] => {
    const arm = arms[run.arm];
    return [
      run.id,
      arm?.label,
      arm?.kind,
      ...paths.map((path) => plain(arm?.settings[path])),
      run.seed,
      run.state,
      run.reason,
      arm?.parameters.total,
      arm?.parameters.active,
      arm?.flops,
      ...columns.map(({ name, measure }) =>
        finalLoss(
          answer.modalities.find(({ modality }) => modality === name),
          measure,
          run.arm,
          seeds.indexOf(run.seed),
        ),
      ),
    ];
  };
  return [head, ...runs.map(row)].map((fields) => `${fields.map(quoted).join(",")}\r\n`).join("");
}

function finalLoss(answer: ModalityAnswer | undefined, measure: Measure, arm: number, seed: number): Field {
  const own = answer?.measures.find((one) => one.measure === measure);
  return own && armAnswer(own, arm)?.losses[seed];
}

const plain = (value: Json | undefined): Field =>
  value === undefined || typeof value === "string" || typeof value === "number" ? value : JSON.stringify(value);

/** Numbers that are none are empty, as missing ones. */
function quoted(field: Field): string {
  if (typeof field === "number") return Number.isFinite(field) ? String(field) : "";
  if (field === undefined || !/[",\r\n]/.test(field)) return field ?? "";
  return `"${field.replaceAll('"', '""')}"`;
}
