// A spec's diagnostics and quick fixes in an editor. All are shown in the spec's own file: an error in an imported file is shown
// at the import, because that file may be valid on its own.
import { DiagnosticSeverity, type Diagnostic as EditorDiagnostic, type Location } from "vscode-languageserver";
import { parse } from "../../grammar/parse.js";
import type { Entry, FieldEntry, Group } from "../../grammar/tree.js";
import { codeOf, type ErrorName } from "../diagnostics/codes.js";
import { type Diagnostic, isError, type Source, type Span } from "../diagnostics/diagnostic.js";
import { nearest } from "../diagnostics/nearest.js";
import { type Checked, IMPORTED } from "../front/check.js";
import { beside } from "../front/paths.js";
import { exampleOf, fieldNode, ROOT } from "../front/schema.js";
import type { Json } from "../front/spec.js";
import { holdsOf, isModality } from "../modalities/modality.fields.js";
import { objectivesFor } from "../objectives/objective.fields.js";
import { kindOf } from "./answer-names.js";
import { namesAt } from "./completion.js";
import { indentAt, rangeIn, visible } from "./text.js";

interface Files {
  readonly uriOf: (path: string) => string;
  /** A file and all its imports. */
  readonly closure: (path: string) => readonly Source[];
}

export function diagnosticsOf({ diagnostics, sources }: Checked, files: Files): EditorDiagnostic[] {
  const [entry] = sources;
  if (entry === undefined) return [];
  const sourceOf = (span: Span): Source | undefined => sources.find(({ path }) => path === span.path);
  const locate = (span: Span): Location[] => {
    const source = sourceOf(span);
    return source === undefined ? [] : [{ uri: files.uriOf(span.path), range: rangeIn(source, visible(source, span)) }];
  };
  return diagnostics.map((diagnostic) => {
    const { span = { path: entry.path, start: 0, end: 0 }, related = [], name } = diagnostic;
    const imported = span.path !== entry.path;
    const at = imported ? importOf(entry, span.path, files) : visible(entry, span);
    // The diagnostic is already shown at the import.
    const others = related
      .filter(({ span: other, note }) => !(other.path === entry.path && note === IMPORTED))
      .flatMap(({ span: other, note }) => locate(other).map((location) => ({ location, message: note })));
    const here = imported ? locate(span).map((location) => ({ location, message: "here" })) : [];
    const information = [...here, ...others];
    return {
      range: rangeIn(entry, at),
      severity: isError(diagnostic) ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
      code: codeOf(name),
      source: "mom",
      message: `${imported ? `In ${span.path.split("/").at(-1)}: ` : ""}${messageOf(diagnostic)}`,
      ...(information.length > 0 && { relatedInformation: information }),
    };
  });
}

/** The import of `entry` that includes a file, directly or not. */
function importOf(entry: Source, path: string, { closure }: Files): Span {
  const leads = (name: string): boolean => closure(beside(entry.path, name)).some((source) => source.path === path);
  const found = parse(entry).entries.find((one) => one.type === "import" && leads(one.path.text));
  return found?.span ?? { path: entry.path, start: 0, end: 0 };
}

/** The message, followed by the help. */
function messageOf({ message, expected, help, example }: Diagnostic): string {
  const lines = [message];
  if (expected !== undefined && expected !== "") lines.push(`Expected: ${expected}`);
  if (help !== undefined) lines.push(help);
  if (example !== undefined) lines.push(`Example: ${example}`);
  return lines.join("\n");
}

const replace = ({ start, end, found }: Place, text: string): Fix => ({
  title: text === "" ? `Remove \`${found}\`` : `Replace \`${found}\` with \`${text}\``,
  edits: [{ start, end, text }],
});

/** Fixes with the nearest valid names. */
const near = (place: Place): Fix[] =>
  nearest(place.found, namesAt(place.source, place.start, place.spec)).map((name) => replace(place, name));

const remove = (place: Place): Fix[] => [replace(place, "")];

const CLOSERS: Readonly<Record<string, string>> = { "{": "}", "[": "]", "(": ")" };
const openerOf = ({ diagnostic, source }: Place): { at: number; closer: string } | undefined => {
  const span = diagnostic.related?.[0]?.span;
  const closer = span === undefined ? undefined : CLOSERS[source.text[span.start] ?? ""];
  return span === undefined || closer === undefined ? undefined : { at: span.start, closer };
};
/** The number of spaces before an offset. */
const blanks = (text: string, offset: number, class_ = /[ \t]*$/): number =>
  class_.exec(text.slice(0, offset))?.[0].length ?? 0;

const FIXES: Readonly<Partial<Record<ErrorName, (place: Place) => readonly Fix[]>>> = {
  "unknown-field": near,
  "unknown-kind": near,
  "unknown-word": near,
  "unknown-block": near,
  "unknown-modality": near,
  "unknown-path": near,
  "nothing-to-remove": near,
  "no-objective": insertObjective,
  "missing-field": insertField,
  "objective-does-not-fit": (place) => {
    const name = /(\w+)\s*:\s*$/.exec(place.source.text.slice(0, place.start))?.[1] ?? "";
    return [replace(place, objectiveFor(name, place.spec))];
  },
  "hyphen-in-name": (place) => [replace(place, place.found.replaceAll("-", "_"))],
  "equals-sign": ({ source, start, end }) => {
    const before = start - blanks(source.text, start);
    const text = source.text[before - 1] === ":" ? "" : ":";
    return [{ title: "Replace `=` with `:`", edits: [{ start: before, end, text }] }];
  },
  semicolon: (place) => {
    const isLast = /^[ \t]*(?:[\r\n]|$|\/\/)/.test(place.source.text.slice(place.end));
    return [replace(place, isLast ? "" : ",")];
  },
  "single-quotes": (place) => [replace(place, JSON.stringify(place.found.slice(1, -1)))],
  "unclosed-string": ({ start, end, found }) => [
    { title: 'Add `"`', edits: [{ start, end, text: `"${found.slice(1).trimEnd()}"` }] },
  ],
  "foreign-comment": (place) => {
    const inner = /^\/\*+\s*(.*?)\s*\*+\/$/.exec(place.found)?.[1];
    const isLast = /^[ \t]*(?:[\r\n]|$)/.test(place.source.text.slice(place.end));
    const text = place.found.startsWith("#")
      ? `//${place.found.slice(1)}`
      : inner === undefined
        ? undefined
        : `// ${inner}`;
    if (text === undefined || !isLast) return [];
    return [{ title: "Write it as a `//` comment", edits: [{ start: place.start, end: place.end, text }] }];
  },
  "missing-close": (place) => {
    const opener = openerOf(place);
    if (opener === undefined) return [];
    const line = place.source.text.slice(opener.at, place.start).includes("\n");
    const text = opener.closer === "}" ? (line ? `\n${indentAt(place.source.text, opener.at)}}` : " }") : opener.closer;
    const { start } = place.diagnostic.span ?? place;
    return [{ title: `Add \`${opener.closer}\``, edits: [{ start, end: start, text }] }];
  },
  "wrong-close": (place) => {
    const opener = openerOf(place);
    return opener === undefined ? [] : [replace(place, opener.closer)];
  },
  "extra-close": remove,
  "extra-comma": remove,
  "missing-separator": (place) => {
    const { text } = place.source;
    const isEntry = place.diagnostic.message.includes("entry");
    const start = place.start - blanks(text, place.start);
    const inner = isEntry ? `\n${indentAt(text, place.start)}` : ", ";
    return [{ title: isEntry ? "Start a new line" : "Add a comma", edits: [{ start, end: place.start, text: inner }] }];
  },
  "brace-on-own-line": ({ source, start }) => {
    const from = start - blanks(source.text, start, /\s*$/);
    return [{ title: "Move it to the line above", edits: [{ start: from, end: start, text: " " }] }];
  },
};

export function fixesOf(diagnostic: Diagnostic, source: Source, spec: Json): readonly Fix[] {
  const { span, name } = diagnostic;
  if (span === undefined || span.path !== source.path) return [];
  const { start, end } = span;
  return FIXES[name]?.({ source, diagnostic, start, end, found: source.text.slice(start, end), spec }) ?? [];
}

/** The usual objective of a modality. */
function objectiveFor(modality: string, spec: Json): string {
  const kind = kindOf(spec, "modality", modality);
  return objectivesFor(kind !== undefined && isModality(kind) ? holdsOf({ kind }) : "ids")[0] as string;
}

/** An objective for the modality at the place. */
function insertObjective({ source, found, spec }: Place): Fix[] {
  const entry = `${found}: ${objectiveFor(found, spec)}`;
  const title = `Add the objective \`${entry}\``;
  const group = fieldsIn(parse(source).entries).find(({ path }) => path.names[0]?.text === "objective")?.group;
  if (group === undefined) return [{ title, edits: [atEnd(source, `objective {\n  ${entry}\n}`)] }];
  return [{ title, edits: [intoGroup(source, group, entry)] }];
}

/** Inserts the missing field of a section, block or call with its example value. */
function insertField({ source, diagnostic, start }: Place): Fix[] {
  const { example = "", span } = diagnostic;
  const [name] = /^\w+/.exec(example) ?? [];
  if (name === undefined) return [];
  const title = `Add \`${name}\``;
  const owner = allFields(parse(source).entries).find(
    ({ path, kind }) => (kind ?? path).span.start === start || path.span.start === start,
  );
  if (span?.end === 0 || owner === undefined) return [{ title, edits: [atEnd(source, section(name, example))] }];
  if (owner.group !== undefined) return [{ title, edits: [intoGroup(source, owner.group, example)] }];
  if (owner.value?.type !== "call") return [];
  const { args = [], span: call } = owner.value;
  const text = `${args.length > 0 ? ", " : ""}${example}`;
  const [at, inner] = owner.value.args === undefined ? [call.end, `(${text})`] : [call.end - 1, text];
  return [{ title, edits: [{ start: at, end: at, text: inner }] }];
}

const fieldsIn = (entries: readonly Entry[]): FieldEntry[] => entries.filter((entry) => entry.type === "field");
const allFields = (entries: readonly Entry[]): FieldEntry[] =>
  fieldsIn(entries).flatMap((entry) => [entry, ...allFields(entry.group?.entries ?? [])]);

/** A section with its required fields. */
function section(name: string, example: string): string {
  const node = fieldNode(ROOT, name);
  if (node === undefined || !example.includes("…")) return example;
  const fields = (node.required ?? []).map((field) => `  ${exampleOf(field, fieldNode(node, field) ?? {})}`);
  return `${name} {\n${fields.join("\n")}\n}`;
}

function atEnd({ text }: Source, entry: string): Edit {
  const end = text.trimEnd().length;
  return { start: end, end: text.length, text: `${end === 0 ? "" : "\n\n"}${entry}\n` };
}

/** Inserts an entry after the last one of a group, on a new line if the group has several lines. */
function intoGroup({ text }: Source, { entries, span }: Group, entry: string): Edit {
  const last = entries.at(-1);
  const at = last?.span.end ?? span.start + 1;
  const isClosed = text[span.end - 1] === "}";
  if (!text.slice(span.start, span.end).includes("\n")) {
    const after = last === undefined ? " " : ", ";
    return { start: at, end: at, text: `${after}${entry}${last === undefined && isClosed ? " " : ""}` };
  }
  const indent = indentAt(text, last?.span.start ?? span.start);
  const ofLine = last === undefined ? at : at + (/^[^\r\n]*/.exec(text.slice(at))?.[0].length ?? 0);
  const from = isClosed ? Math.min(ofLine, Math.max(at, span.end - 1)) : ofLine;
  return { start: from, end: from, text: `\n${indent}${last === undefined ? "  " : ""}${entry}` };
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

interface Fix {
  readonly title: string;
  readonly edits: readonly Edit[];
}

/** The input of a fix: the place in the text, and the readable content of the spec. */
interface Place {
  readonly source: Source;
  readonly diagnostic: Diagnostic;
  readonly start: number;
  readonly end: number;
  /** The text at the place. */
  readonly found: string;
  readonly spec: Json;
}
