// Aligns rows of text in columns for a terminal: words left, numbers right, two spaces between.

import { visibleLine } from "../diagnostics/visible.js";

/** @param right the columns that are aligned right */
export function columns(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  right: ReadonlySet<number>,
): string {
  const all = [heads, ...rows].map((row) => row.map(visibleLine));
  const widths = heads.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  const padded = (cell: string, column: number): string =>
    right.has(column) ? cell.padStart(widths[column] as number) : cell.padEnd(widths[column] as number);
  return all.map((row) => row.map(padded).join("  ").trimEnd()).join("\n");
}
