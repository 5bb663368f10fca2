// An ablation as one HTML page that needs nothing else: its answer in a few sentences, then figures, tables and the spec.
import type { Answer, MeasureAnswer, ModalityAnswer } from "../../ablate/answer.js";
import type { AblationResults } from "../../ablate/results.js";
import { escapeHtml } from "../html.js";
import { htmlPage } from "../page.js";
import { STYLE } from "../style.js";
import { armsNotes, armsTable } from "./arms-table.js";
import { effectsFigure, gainsFigure, synergyFigure } from "./effects.js";
import { EFFECTS_NOTE, effectsTable } from "./effects-table.js";
import { factorsOf } from "./factors.js";
import { headlineOf } from "./headline.js";
import { lossCharts } from "./loss-curves.js";
import { absentTable, clockLine, factsOf, makingOf, residualTable } from "./making.js";
import { mapFigure } from "./map.js";
import { mapLayout } from "./map-layout.js";
import { measuresOf } from "./reading.js";
import { charts, heading, paragraphs, section, tables } from "./section.js";
import { ABLATION_STYLE } from "./style.js";
import { htmlTable } from "./table.js";
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
