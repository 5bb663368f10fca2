// A table as data, and as HTML and Markdown, so that both say the same.
import { escapeHtml, visible } from "../../diagnostics/visible.js";

export interface Cell {
  readonly text: string;
  /** Smaller, below it: an interval, a deviation, a tag. */
  readonly note?: string;
  readonly strong?: boolean;
}

export interface Table {
  /** Over several columns each; with an empty label over those of none. */
  readonly groups?: readonly { readonly label: string; readonly columns: number }[];
  readonly heads: readonly string[];
  readonly parts: readonly {
    /** Over its rows, across all columns. */
    readonly label?: string;
    readonly rows: readonly (readonly Cell[])[];
  }[];
}

export function htmlTable({ groups, heads, parts }: Table): string {
  const over = groups?.map(({ label, columns }) => `<th colspan="${columns}" class="group">${escapeHtml(label)}</th>`);
  const widths = groups?.map(({ columns }) => columns) ?? [];
  // Groups stand apart.
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

/** FLOPs stay FLOPs. */
const lowerFirst = (text: string): string => text.replace(/^[A-Z](?![A-Z])/, (letter) => letter.toLowerCase());

/** What would otherwise be markup shows as it is, in tables too. Underlines within words are none. */
export const escapeMarkdown = (text: string): string =>
  visible(text)
    .replace(/[^\S\u00a0]+/g, " ")
    .replace(/[\\`*[\]|~$]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
