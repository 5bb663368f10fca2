// The table of runs as text, as JSON and as LaTeX.
import { columns } from "../columns.js";
import { runColumns } from "./columns.js";
import type { RunView } from "./view.js";

export function runsText(runs: readonly RunView[]): string {
  const shown = runColumns(runs);
  const heads = shown.map(({ group, head }) => (group === "" ? head : `${group} ${head.toLowerCase()}`));
  const right = new Set(shown.flatMap(({ isNumber }, i) => (isNumber ? [i] : [])));
  const rows = runs.map((run) => shown.map(({ text }) => text(run)));
  const problems = runs.flatMap(({ name, problems }) => problems.map((problem) => `${name}: ${problem}\n`));
  return `${columns(heads, rows, right)}\n${problems.join("")}`;
}

/** The runs without what is drawn: curves and samples. */
export function runsJson(runs: readonly RunView[]): string {
  const bare = runs.map(({ id: _, records: __, generation: ___, variant: ____, ...run }) => run);
  return `${JSON.stringify({ runs: bare }, null, 2)}\n`;
}

/** Columns that a paper has no use for if all runs are alike. */
const IF_DIFFERENT = new Set(["State", "Device"]);

/** A table for the package booktabs. */
export function runsLatex(runs: readonly RunView[]): string {
  const shown = runColumns(runs).filter(
    ({ head, text }) => !IF_DIFFERENT.has(head) || new Set(runs.map(text)).size > 1,
  );
  const groups: { name: string; from: number; to: number }[] = [];
  shown.forEach(({ group }, i) => {
    const last = groups.at(-1);
    if (last?.name === group) last.to = i;
    else groups.push({ name: group, from: i, to: i });
  });
  const named = groups.filter(({ name }) => name !== "");
  const above = groups.map(({ name, from, to }) =>
    name === "" ? "&".repeat(to - from).trim() : `\\multicolumn{${to - from + 1}}{c}{${latex(name)}}`,
  );
  const rules = named.map(({ from, to }) => `\\cmidrule(lr){${from + 1}-${to + 1}}`).join(" ");
  const line = (cells: readonly string[]): string => `${cells.map(latex).join(" & ")} \\\\`;
  return [
    "% Needs \\usepackage{booktabs}.",
    `\\begin{tabular}{${shown.map(({ isNumber }) => (isNumber ? "r" : "l")).join("")}}`,
    "\\toprule",
    ...(named.length > 0 ? [`${above.join(" & ")} \\\\`, rules] : []),
    line(shown.map(({ head }) => head)),
    "\\midrule",
    ...runs.map((run) => line(shown.map(({ text }) => text(run)))),
    "\\bottomrule",
    "\\end{tabular}",
    "",
  ].join("\n");
}

const SPECIAL: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  "~": "\\textasciitilde{}",
  "^": "\\textasciicircum{}",
  "–": "--",
};

/** Text that LaTeX prints as it is. */
export const latex = (text: string): string => text.replace(/[\\~^–&%$#_{}]/g, (one) => SPECIAL[one] ?? `\\${one}`);
