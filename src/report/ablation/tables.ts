// Tables as data, with renderers for HTML and Markdown: the arms of an ablation with losses and gains, and the effects of its
// factors.
import type {
  ArmAnswer,
  Effect,
  Estimate,
  Factorial,
  Match,
  MeasureAnswer,
  ModalityAnswer,
} from "../../ablate/answer.js";
import type { AblationResults, ResultArm } from "../../ablate/results.js";
import { escapeHtml, visible } from "../../diagnostics/visible.js";
import { factorialIn, factorsOf } from "./factors.js";
import { extraNote, inPercent } from "./headline.js";
import {
  amount,
  decimalsOf,
  fixed,
  isSure,
  loss,
  lossDecimals,
  matchDecimals,
  NONE,
  probability,
  range,
  signed,
} from "./numbers.js";
import { armAnswer, baselineOf, extraArms, meanOf, measuresOf, ranked } from "./reading.js";
import { MEASURES, SIGNIFICANT } from "./words.js";

interface Cell {
  readonly text: string;
  /** Small text below: an interval, a deviation, a tag. */
  readonly note?: string;
  readonly strong?: boolean;
}

export interface Table {
  /** Headings over several columns; an empty label over columns without a group. */
  readonly groups?: readonly { readonly label: string; readonly columns: number }[];
  readonly heads: readonly string[];
  readonly parts: readonly {
    /** A heading above the rows, across all columns. */
    readonly label?: string;
    readonly rows: readonly (readonly Cell[])[];
  }[];
}

export function htmlTable({ groups, heads, parts }: Table): string {
  const over = groups?.map(({ label, columns }) => `<th colspan="${columns}" class="group">${escapeHtml(label)}</th>`);
  const widths = groups?.map(({ columns }) => columns) ?? [];
  // Groups are separated by space.
  const first = widths.map((_, i) => widths.slice(0, i).reduce((sum, width) => sum + width, 0));
  const look = (column: number): string => (column > 0 && first.includes(column) ? ' class="first"' : "");
  const head = heads.map((text, i) => `<th scope="col"${look(i)}>${escapeHtml(text)}</th>`).join("");
  const bodies = parts
    .filter(({ rows }) => rows.length > 0)
    .map(({ label, rows }) => {
      const title =
        label === undefined
          ? ""
          : `<tr class="part"><th colspan="${heads.length}" scope="rowgroup">${escapeHtml(label)}</th></tr>\n`;
      return `<tbody>${title}${rows.map((row) => `<tr>${row.map((cell, i) => htmlCell(cell, look(i))).join("")}</tr>`).join("\n")}</tbody>`;
    });
  const heading = `${over ? `<tr>${over.join("")}</tr>\n` : ""}<tr>${head}</tr>`;
  return `<div class="scroll"><table><thead>${heading}</thead>\n${bodies.join("\n")}</table></div>\n`;
}

function htmlCell({ text, note, strong }: Cell, look: string): string {
  const main = strong ? `<b>${escapeHtml(text)}</b>` : escapeHtml(text);
  return `<td${look}>${main}${note === undefined ? "" : `<small>${escapeHtml(note)}</small>`}</td>`;
}

export function markdownTable({ groups, heads, parts }: Table): string {
  const above = groups?.flatMap(({ label, columns }) => Array.from({ length: columns }, () => label)) ?? [];
  const names = heads.map((head, i) => (above[i] ? `${above[i]}: ${lowerFirst(head)}` : head));
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rows = parts.flatMap(({ rows }) =>
    rows.map((row) => line(row.map(({ text, note, strong }) => markdownCell(text, note, strong)))),
  );
  const rule = line(heads.map((_, i) => (i === 0 ? "---" : "---:")));
  return `${[line(names.map(escapeMarkdown)), rule, ...rows].join("\n")}\n`;
}

function markdownCell(text: string, note: string | undefined, strong = false): string {
  const main = strong && text !== "" ? `**${escapeMarkdown(text)}**` : escapeMarkdown(text);
  return note === undefined ? main : `${main} (${escapeMarkdown(note)})`;
}

/** Lower-cases the first letter, but not in FLOPs. */
const lowerFirst = (text: string): string => text.replace(/^[A-Z](?![A-Z])/, (letter) => letter.toLowerCase());

/** Escapes Markdown, also inside tables. An underscore inside a word is not markup. */
export const escapeMarkdown = (text: string): string =>
  visible(text)
    .replace(/[^\S\u00a0]+/g, " ")
    .replace(/[\\`*[\]|~$]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");

/** Undefined if nothing was measured. */
export function armsTable(results: AblationResults, answer: ModalityAnswer): Table | undefined {
  const measures = measuresOf(answer);
  const [main] = measures;
  if (main === undefined) return undefined;
  const compared = baselineOf(results) !== undefined;
  const heads = ["Loss", ...(compared ? ["Gain %", "Steps %", "FLOPs %"] : [])];
  const [best] = ranked(main, results);
  const row = (index: number): Cell[] => {
    const arm = results.arms[index];
    const tag = index === results.baseline ? "baseline" : index === best ? "lowest loss" : undefined;
    const name = { text: arm?.label ?? "", ...(tag && { note: tag, strong: true }) };
    const sizes = [arm?.parameters.total, arm?.parameters.active].map((count = 0) => ({ text: amount(count) }));
    const measured = measures.flatMap((measure) => cells(armAnswer(measure, index), compared));
    return [name, ...sizes, ...measured];
  };
  const rowsOf = (kind: "grid" | "extra") =>
    results.arms.flatMap((arm, index) => (arm.kind === kind ? [row(index)] : []));
  return {
    groups: [
      { label: "", columns: 1 },
      { label: "Parameters", columns: 2 },
      ...measures.map(({ measure }) => ({ label: MEASURES[measure].title, columns: heads.length })),
    ],
    heads: ["Arm", "Total", "Active", ...measures.flatMap(() => heads)],
    parts: [{ rows: rowsOf("grid") }, { label: "Extra arms", rows: rowsOf("extra") }],
  };
}

function cells(arm: ArmAnswer | undefined, compared: boolean): Cell[] {
  const spread = arm?.deviation;
  const mean: Cell = {
    text: loss(arm?.mean),
    ...(spread !== undefined && Number.isFinite(spread) && { note: `± ${fixed(spread, lossDecimals(arm?.mean))}` }),
  };
  return compared ? [mean, gainCell(arm?.gainPercent), ...matchCells(arm?.match)] : [mean];
}

function gainCell(gain: Estimate | undefined): Cell {
  if (gain === undefined || !Number.isFinite(gain.estimate)) return { text: NONE };
  const decimals = decimalsOf(gain);
  const interval = range(gain, decimals);
  return {
    text: signed(gain.estimate, decimals),
    ...(interval !== undefined && { note: interval }),
    strong: isSure(gain),
  };
}

function matchCells(match: Match | undefined): Cell[] {
  if (match === undefined) return [{ text: NONE }, { text: NONE }];
  if (match.reached !== "all") {
    const by = { text: "not reached", note: `by ${match.of - match.by} of ${match.of} seeds` };
    return match.of === 0 ? [{ text: NONE }, { text: NONE }] : [by, by];
  }
  return [match.steps, match.flops].map((estimate) => {
    const decimals = matchDecimals(estimate);
    const interval = range(estimate, decimals);
    const bound = match.atMost ? "≤ " : "";
    return { text: `${bound}${fixed(estimate.estimate, decimals)}`, ...(interval !== undefined && { note: interval }) };
  });
}

/** Explains the columns and the extra arms. */
export function armsNotes(results: AblationResults): string[] {
  const baseline = baselineOf(results);
  const seeds = results.seeds.length > 1;
  return [
    ...(baseline === undefined
      ? []
      : [
          `Gain: the reduction of the loss relative to the baseline (${baseline.label}), in per cent${seeds ? ", with its 95 % interval" : ""}. Steps and FLOPs: those that the arm needs to reach the baseline's final loss, in per cent of the baseline's; “not reached” if a seed does not reach it, “≤” if a seed has reached it at its first measured step.`,
        ]),
    ...(seeds ? [SIGNIFICANT] : []),
    ...(seeds ? ["± is the standard deviation over seeds."] : []),
    ...extraArms(results).map((index) => extraNote(results, results.arms[index] as ResultArm)),
  ];
}

interface Analysis {
  readonly measure: MeasureAnswer;
  readonly factorial: Factorial;
}

/** Undefined if there is no analysis. */
export function effectsTable(results: AblationResults, modality: ModalityAnswer): Table | undefined {
  const analyses = measuresOf(modality).flatMap((measure): Analysis[] => {
    const factorial = factorialIn(results, measure);
    return factorial === undefined ? [] : [{ measure, factorial }];
  });
  const [first] = analyses;
  if (first === undefined) return undefined;
  const row = (text: string, strong: boolean, estimateOf: (factorial: Factorial) => Estimate | undefined): Cell[] => [
    { text, strong },
    ...analyses.flatMap(({ measure, factorial }) => effectCells(results, measure, estimateOf(factorial))),
  ];
  const same = (a: Effect, b: Effect): boolean => a.factors.join() === b.factors.join();
  const effects = first.factorial.effects.map((effect) =>
    row(effect.factors.join(" × "), effect.factors.length === 1, (other) =>
      other.effects.find((one) => same(one, effect)),
    ),
  );
  const synergy = [
    row("gain of all together", false, (factorial) => factorial.synergy.joint),
    row("sum of their single gains", false, (factorial) => factorial.synergy.sum),
    row("synergy: the first minus the second", true, (factorial) => factorial.synergy.difference),
  ];
  const several = first.factorial.factors.length > 1;
  return {
    groups: [
      { label: "", columns: 1 },
      ...analyses.map(({ measure }) => ({ label: MEASURES[measure.measure].title, columns: 3 })),
    ],
    heads: ["Effect of", ...analyses.flatMap(() => ["On the loss", "In %", "p"])],
    parts: [{ rows: effects }, ...(several ? [{ label: "Gains: positive lowers the loss", rows: synergy }] : [])],
  };
}

function effectCells(results: AblationResults, measure: MeasureAnswer, estimate: Estimate | undefined): Cell[] {
  if (estimate === undefined || !Number.isFinite(estimate.estimate))
    return [NONE, NONE, NONE].map((text) => ({ text }));
  const decimals = lossDecimals(meanOf(measure, factorsOf(results)?.armOf([]))) + 1;
  const relative = inPercent(results, measure, estimate);
  const strong = isSure(estimate);
  const cell = (text: string, note: string | undefined): Cell => ({ text, ...(note && { note }), strong });
  return [
    cell(signed(estimate.estimate, decimals), range(estimate, decimals)),
    relative === undefined
      ? { text: NONE }
      : cell(signed(relative.estimate, decimalsOf(relative)), range(relative, decimalsOf(relative))),
    { text: probability(estimate.pCorrected) },
  ];
}

/** Explains the signs in the table. */
export const EFFECTS_NOTE =
  "Effects are changes of the loss; negative is better. Gains are reductions of the loss; positive is better. p values are two-sided, for the hypothesis that the number is zero, and corrected by Holm's method for the number of comparisons.";
