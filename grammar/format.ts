// The formatter: an indent of two spaces, one entry per line, at most one blank line between entries, 100 columns, and
// kinds of consecutive lines in one column. Only white space and commas change, so the meaning
// of a file stays the same.
import { type Diagnostic, isError, type Source } from "../src/diagnostics/diagnostic.js";
import { parse } from "./parse.js";
import type { Comment, EntryPiece, GroupPiece, LinePiece, Piece } from "./pieces.js";
import { piecesOf } from "./pieces.js";
import { tokenize } from "./tokenize.js";

const WIDTH = 100;
const STEP = "  ";

export type Formatted = { readonly text: string } | { readonly diagnostics: readonly Diagnostic[] };

/**
 * Formats a file. Formatting the result again changes nothing. Line endings are \n or \r\n, like that of the first
 * line. Unknown names and fields do not matter.
 * @returns the errors instead, if the text has syntax errors
 */
export function format(source: Source): Formatted {
  const { diagnostics } = parse(source);
  if (diagnostics.some(isError)) return { diagnostics };
  const { tokens, docs, comments } = tokenize(source);
  const text = setLines(piecesOf(tokens, [...docs, ...comments]), "");
  const [end] = /\r\n?|\n/.exec(source.text) ?? [];
  return { text: end === "\r\n" ? text.replaceAll("\n", "\r\n") : text };
}

function setLines(lines: readonly LinePiece[], indent: string): string {
  const columns = columnsOf(lines, indent);
  const set = lines.map((line, i) => {
    const above = line.blank && i > 0 ? "\n" : "";
    if (line.type === "comment") return { above: `${above}${indent}${line.text}\n` };
    return { above, text: `${indent}${setEntry(line, indent, columns.get(line) ?? 0)}`, behind: line.behind };
  });
  return withNotes(set);
}

/** The text of one or several lines, after the lines above. */
interface SetLine {
  readonly above: string;
  readonly text?: string;
  readonly behind?: Comment | undefined;
}

/** Lines with their trailing comments; those of consecutive lines are in one column. */
function withNotes(lines: readonly SetLine[]): string {
  const noted = ({ text, behind }: SetLine) => behind !== undefined && text?.includes("\n") === false;
  const widths = lines.map((line) => (noted(line) ? (line.text ?? "").length : 0));
  // Consecutive lines get the width of the widest one, from both directions.
  const goesOn = (i: number) => lines[i]?.above === "" && noted(lines[i]) && (widths[i - 1] ?? 0) > 0;
  for (let i = 1; i < lines.length; i++) if (goesOn(i)) widths[i] = Math.max(widths[i] ?? 0, widths[i - 1] ?? 0);
  for (let i = lines.length - 1; i > 0; i--) if (goesOn(i)) widths[i - 1] = widths[i] ?? 0;
  return lines
    .map(({ above, text, behind }, i) => {
      if (text === undefined) return above;
      return `${above}${behind === undefined ? text : text.padEnd(widths[i] ?? 0) + note(behind)}\n`;
    })
    .join("");
}

const note = (comment: Comment | undefined) => (comment === undefined ? "" : ` ${comment.text}`);
const ownLines = (comments: readonly Comment[], indent: string) =>
  comments.map(({ text }) => `${indent}${text}\n`).join("");

/**
 * The widths of the heads of entries. Consecutive lines that declare the same sort of thing, or none,
 * have the same width if each has a kind (`image: ddpm(weight: 5)`) and fits.
 */
function columnsOf(lines: readonly LinePiece[], indent: string): Map<LinePiece, number> {
  const columns = new Map<LinePiece, number>();
  let run: EntryPiece[] = [];
  const end = () => {
    const width = Math.max(...run.map(({ head }) => head.length));
    const fits = run.every((entry) => {
      const kind = kindGiven(entry);
      return kind !== undefined && indent.length + width + ": ".length + kind.length <= WIDTH;
    });
    if (fits) for (const entry of run) columns.set(entry, width);
    run = [];
  };
  for (const line of lines) {
    const goesOn = line.type === "entry" && !line.blank && run.at(-1)?.kind === line.kind;
    if (!goesOn) end();
    if (line.type === "entry") run.push(line);
  }
  end();
  return columns;
}

function kindGiven({ value, group }: EntryPiece): string | undefined {
  if (value === undefined || group !== undefined) return undefined;
  const call = value.type === "bracket" && value.head !== "";
  return call || (value.type === "word" && value.name) ? flat(value) : undefined;
}

/** Without its indent and trailing comment. */
function setEntry(entry: EntryPiece, indent: string, column: number): string {
  const { head, value, group } = entry;
  const line = group === undefined ? undefined : flatEntry(entry);
  if (line !== undefined && indent.length + line.length <= WIDTH) return line;
  const begin = value === undefined ? head : `${head}: `.padEnd(column + ": ".length);
  const brace = group === undefined ? 0 : " {".length;
  const content = value === undefined ? "" : setPiece(value, indent, indent.length + begin.length, brace);
  return `${begin}${content}${group === undefined ? "" : ` ${setGroup(group, indent)}`}`;
}

function setGroup({ opening, lines }: GroupPiece, indent: string): string {
  if (lines.length === 0 && opening === undefined) return "{}";
  return `{${note(opening)}\n${setLines(lines, indent + STEP)}${indent}}`;
}

/** A group on one line, as it was written; undefined if it was written on several lines. */
function flatEntry({ head, value, group }: EntryPiece): string | undefined {
  const content = value === undefined ? "" : flat(value);
  const inside = group === undefined ? "" : flatGroup(group);
  if (content === undefined || inside === undefined) return undefined;
  return [value === undefined ? head : `${head}: ${content}`, inside].filter((part) => part !== "").join(" ");
}

function flatGroup(group: GroupPiece): string | undefined {
  if (!group.flat) return undefined;
  const entries = group.lines.map((line) => (line.type === "entry" ? flatEntry(line) : undefined));
  if (entries.some((entry) => entry === undefined)) return undefined;
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

/** On one line; undefined if it contains a comment. */
function flat(piece: Piece): string | undefined {
  switch (piece.type) {
    case "word":
      return piece.text;
    case "bracket": {
      const { head, open, close, opening, items, closing } = piece;
      if (opening !== undefined || closing.length > 0) return undefined;
      const parts = items.map(({ before, label, value, behind }) => {
        const content = before.length > 0 || behind !== undefined ? undefined : flat(value);
        return content === undefined ? undefined : `${label}${content}`;
      });
      return parts.some((part) => part === undefined) ? undefined : `${head}${open}${parts.join(", ")}${close}`;
    }
    case "chain": {
      const commented = piece.rest.some(({ comments }) => comments.length > 0);
      const parts = [piece.first, ...piece.rest.map(({ operand }) => operand)].map(flat);
      return commented || parts.some((part) => part === undefined) ? undefined : parts.join(` ${piece.operator} `);
    }
  }
}

/**
 * On one line if it fits, or else one item or term per line.
 * @param used columns before it on its line
 * @param after columns that must stay free after it
 */
function setPiece(piece: Piece, indent: string, used: number, after: number): string {
  const line = flat(piece);
  if (piece.type === "word") return piece.text;
  if (line !== undefined && used + line.length + after <= WIDTH) return line;
  return piece.type === "chain" ? setChain(piece, indent, used, after) : setBracket(piece, indent, used, after);
}

type Bracket = Extract<Piece, { type: "bracket" }>;
type Chain = Extract<Piece, { type: "chain" }>;

function setBracket(bracket: Bracket, indent: string, used: number, after: number): string {
  const { head, open, close, opening, items, closing } = bracket;
  const [only, second] = items;
  const bare = opening === undefined && closing.length === 0 && only?.before.length === 0 && only.behind === undefined;
  if (bare && second === undefined && only.value.type === "bracket") {
    const begin = `${head}${open}${only.label}`;
    return `${begin}${setPiece(only.value, indent, used + begin.length, after + close.length)}${close}`;
  }
  const inner = indent + STEP;
  const lines = items.map(({ before, label, value, behind }, i): SetLine => {
    const comma = i + 1 < items.length ? "," : "";
    const text = setPiece(value, inner, inner.length + label.length, comma.length);
    return { above: ownLines(before, inner), text: `${inner}${label}${text}${comma}`, behind };
  });
  return `${head}${open}${note(opening)}\n${withNotes(lines)}${ownLines(closing, inner)}${indent}${close}`;
}

/** A sum has one term per line. A product stays on its line, unless comments split it. */
function setChain({ operator, first, rest }: Chain, indent: string, used: number, after: number): string {
  const inner = indent + STEP;
  let text = setPiece(first, indent, used, after);
  for (const { comments, operand } of rest) {
    const behind = comments[0]?.own === false ? comments[0] : undefined;
    const below = behind === undefined ? comments : comments.slice(1);
    const parts = comments.length > 0 || operator === "+";
    const begin = parts ? `${inner}${operator} ` : ` ${operator} `;
    const column = parts ? begin.length : used + text.length + begin.length;
    text += parts ? `${note(behind)}\n${ownLines(below, inner)}` : "";
    text += `${begin}${setPiece(operand, parts ? inner : indent, column, after)}`;
  }
  return text;
}
