// Renders diagnostics for the terminal (the place, the underlined line, what was expected, how to fix it), as JSON and as SARIF.
import pc from "picocolors";
import type { Location, Log, PhysicalLocation, ReportingDescriptor, Result } from "sarif";
import { codeOf, ERRORS, type ErrorName } from "./codes.js";
import { type Diagnostic, isError, type Related, type Source, type Span } from "./diagnostic.js";
import { visible, visibleLine } from "./visible.js";

export interface Position {
  /** Both start at 1; columns count UTF-16 units. */
  readonly line: number;
  readonly column: number;
}

/** The last text and the start of each of its lines, cached because many findings are in one text. */
let lines: { readonly text: string; readonly starts: readonly number[] } = { text: "", starts: [0] };

function lineStarts(text: string): readonly number[] {
  if (lines.text !== text) {
    const ends = [...text.matchAll(/\r\n|\r|\n/g)].map(({ 0: end, index }) => index + end.length);
    lines = { text, starts: [0, ...ends] };
  }
  return lines.starts;
}

export function positionOf(text: string, offset: number): Position {
  const starts = lineStarts(text);
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] as number) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (starts[low] as number) + 1 };
}

function lineAt(text: string, line: number): string {
  const starts = lineStarts(text);
  return text.slice(starts[line - 1], starts[line]).replace(/[\r\n]+$/, "");
}

/** Columns that are shown of a longer source line, around the place. */
const SHOWN = 120;

/** Features of the terminal. */
export interface Style {
  readonly colour: boolean;
  /** The URL of a source's file, if the terminal supports links (OSC 8). */
  readonly addressOf?: ((path: string) => string) | undefined;
}

interface Pen extends ReturnType<typeof pc.createColors> {
  readonly place: (path: string, line?: number, column?: number) => string;
}

function penOf({ colour, addressOf }: Style): Pen {
  return {
    ...pc.createColors(colour),
    place: (path, line, column) => {
      const name = visibleLine(path);
      const text = line === undefined ? name : `${name}:${line}:${column}`;
      return addressOf === undefined ? text : `\u001b]8;;${addressOf(path)}\u0007${text}\u001b]8;;\u0007`;
    },
  };
}

/** Number of messages that are printed. JSON and SARIF contain all. */
export const MOST_SHOWN = 50;

/** All diagnostics, separated by blank lines; ends with a newline unless there are none. */
export function render(diagnostics: readonly Diagnostic[], sources: readonly Source[], style: Style): string {
  const pen = penOf(style);
  const shown = diagnostics.slice(0, MOST_SHOWN).map((d) => `${renderOne(d, sources, pen)}\n`);
  const more = diagnostics.length - shown.length;
  return [...shown, ...(more > 0 ? [`… and ${more} more\n`] : [])].join("\n");
}

function renderOne(diagnostic: Diagnostic, sources: readonly Source[], c: Pen): string {
  const { severity, name, title, message, span, expected, help, example, related } = diagnostic;
  const strong = isError(diagnostic) ? c.red : c.yellow;
  const lines = [`${strong(c.bold(`${severity}: ${title}`))} ${c.dim(`[${codeOf(name)}]`)}`];
  if (span !== undefined) lines.push(...frame(span, sources, strong, c), "");
  lines.push(visible(message));
  if (expected !== undefined && expected !== "") lines.push(`${c.cyan("expected")} ${visible(expected)}`);
  if (help !== undefined) lines.push(`${c.cyan("help")} ${visible(help)}`);
  if (example !== undefined) lines.push(`${c.cyan("example")} ${visible(example)}`);
  for (const { span: other, note } of related ?? []) lines.push(...frame(other, sources, c.cyan, c, note));
  return lines.join("\n");
}

function frame(
  span: Span,
  sources: readonly Source[],
  mark: (text: string) => string,
  c: Pen,
  note?: string,
): string[] {
  const text = sources.find(({ path }) => path === span.path)?.text;
  if (text === undefined || text === "") return [`  ${c.dim("-->")} ${c.place(span.path)}`];
  const { line, column } = positionOf(text, span.start);
  const whole = lineAt(text, line);
  const from = Math.max(0, Math.min(column - SHOWN / 2, whole.length - SHOWN));
  // A tab is shown as one column. An escape takes several columns, so the marks move.
  const shownFrom = (first: number, last: number): string => visible(whole.slice(first, last).replaceAll("\t", " "));
  const width = Math.max(1, Math.min(span.end - span.start, whole.length - column + 1, from + SHOWN - column + 1));
  const gutter = " ".repeat(String(line).length);
  const start = Math.max(from, column - 1);
  const pad = " ".repeat(shownFrom(from, start).length);
  const marks = Math.max(1, shownFrom(start, start + width).length);
  return [
    `${gutter} ${c.dim("-->")} ${c.place(span.path, line, column)}`,
    `${c.dim(`${line} |`)} ${shownFrom(from, from + SHOWN)}`,
    `${gutter} ${c.dim("|")} ${pad}${mark("^".repeat(marks))}${note === undefined ? "" : ` ${visibleLine(note)}`}`,
  ];
}

/** “2 errors, 1 warning” */
export function tally(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(isError).length;
  const warnings = diagnostics.length - errors;
  const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
  if (errors === 0) return plural(warnings, "warning");
  return warnings === 0 ? plural(errors, "error") : `${plural(errors, "error")}, ${plural(warnings, "warning")}`;
}

/** `code` and `name` identify the error. Lines and columns start at 1; `end` is the position after the last character. */
export function diagnosticsAsJson(diagnostics: readonly Diagnostic[], sources: readonly Source[]): object[] {
  const place = (span: Span): object => {
    const text = sources.find(({ path }) => path === span.path)?.text ?? "";
    return { file: span.path, start: positionOf(text, span.start), end: positionOf(text, span.end) };
  };
  return diagnostics.map(({ span, related, name, ...rest }) => ({
    code: codeOf(name),
    name,
    ...rest,
    ...(span && place(span)),
    ...(related && { related: related.map(({ span: other, note }) => ({ note, ...place(other) })) }),
  }));
}

const SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json";

/** A log with one run. Lines and columns start at 1; columns count UTF-16 units. */
export function diagnosticsAsSarif(
  diagnostics: readonly Diagnostic[],
  sources: readonly Source[],
  version: string,
): Log {
  const names = [...new Set(diagnostics.map(({ name }) => name))];
  const results = diagnostics.map((one): Result => ({ ...resultOf(one, sources), ruleIndex: names.indexOf(one.name) }));
  const driver = { name: "mom", version, rules: names.map(ruleOf) };
  return { $schema: SCHEMA, version: "2.1.0", runs: [{ tool: { driver }, columnKind: "utf16CodeUnits", results }] };
}

function resultOf(diagnostic: Diagnostic, sources: readonly Source[]): Result {
  const { name, severity, span, related } = diagnostic;
  const relatedTo = ({ span: of, note }: Related, id: number): Location => ({
    id,
    physicalLocation: physicalLocation(of, sources),
    message: { text: note },
  });
  return {
    ruleId: codeOf(name),
    level: severity,
    message: { text: messageOf(diagnostic) },
    ...(span && { locations: [{ physicalLocation: physicalLocation(span, sources) }] }),
    ...(related && { relatedLocations: related.map(relatedTo) }),
  };
}

function physicalLocation({ path, start, end }: Span, sources: readonly Source[]): PhysicalLocation {
  const text = sources.find((source) => source.path === path)?.text ?? "";
  const [from, to] = [positionOf(text, start), positionOf(text, end)];
  const region = { startLine: from.line, startColumn: from.column, endLine: to.line, endColumn: to.column };
  return { artifactLocation: { uri: encodeURI(path.replaceAll("\\", "/")) }, region };
}

const messageOf = ({ message, expected, help }: Diagnostic): string =>
  [message, ...(expected ? [`Expected ${expected}.`] : []), ...(help ? [help] : [])].join(" ");

const ruleOf = (name: ErrorName): ReportingDescriptor => {
  const { title, meaning, severity = "error" } = ERRORS[name];
  return {
    id: codeOf(name),
    name: name.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: title },
    fullDescription: { text: meaning },
    help: { text: `mom explain ${codeOf(name)}` },
    defaultConfiguration: { level: severity },
  };
};
