// An ablation as GitHub's Markdown: the same sentences and tables as the page's.
import type { Answer } from "../../ablate/answer.js";
import type { AblationResults } from "../../ablate/results.js";
import { armsNotes, armsTable } from "./arms-table.js";
import { EFFECTS_NOTE, effectsTable } from "./effects-table.js";
import { headlineOf } from "./headline.js";
import { absentTable, clockLine, factsOf, makingOf, residualTable } from "./making.js";
import { escapeMarkdown } from "./markdown-text.js";
import { markdownTable, type Table } from "./table.js";

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
