// Reads a spec in JSON with the place of every value, as the entries of an equivalent `.mom` file and as the
// text of that file.
import { NESTING } from "../../grammar/brackets.js";
import { type Formatted, format } from "../../grammar/format.js";
import { type Parsed, SOURCE_LIMIT } from "../../grammar/parse.js";
import { print } from "../../grammar/print.js";
import { type Diagnostic, diagnosticOf, isError, type Source, type Span } from "../diagnostics/diagnostic.js";
import { duplicate, noName, reservedName, wrongType } from "../diagnostics/fields.js";
import { nestedTooDeep, sourceTooLarge } from "../diagnostics/syntax.js";
import { entriesOf, isPath } from "./json-entries.js";
import { below, type Places, placeOf } from "./places.js";
import type { Json } from "./spec.js";

export const isJson = ({ path }: Pick<Source, "path">): boolean => path.endsWith(".json");

export function parseJson(source: Source): Parsed {
  const { json, places, diagnostics } = readJson(source, isPath);
  if (json === undefined) return { entries: [], diagnostics };
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    const span = placeOf(places, "").value;
    const found = source.text.slice(span.start, span.end);
    return { entries: [], diagnostics: [wrongType(span, "spec", shortened(found), "an object of sections")] };
  }
  return { entries: entriesOf(json, (pointer) => placeOf(places, pointer)), diagnostics };
}

const shortened = (text: string) => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

/** The JSON of a program as a source in the folder of `path`. */
export function jsonSource(json: Json, path: string): Source {
  return { path: isJson({ path }) ? path : `${path}.json`, text: `${JSON.stringify(bounded(json, 0), null, 2)}\n` };
}

/** Leaves out what is nested too deep or circular. */
function bounded(json: Json, depth: number): Json {
  if (typeof json !== "object" || json === null) return json;
  if (depth > NESTING) return [];
  if (Array.isArray(json)) return json.map((item: Json) => bounded(item, depth + 1));
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, bounded(value, depth + 1)]));
}

interface ReadJson {
  /** Undefined if the text is not JSON. */
  readonly json: Json | undefined;
  readonly places: Places;
  readonly diagnostics: readonly Diagnostic[];
}

/** Thrown at the first syntax error, since JSON allows no recovery. */
class NotJson extends Error {
  constructor(readonly diagnostic: Diagnostic) {
    super(diagnostic.message);
  }
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const STRING = /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|[\u007f-\u009f])*"/uy;
const BLANKS = /[ \t\r\n]*/y;
const WORD = /[A-Za-z_$][\w$]*/y;
const WORDS = new Map<string, Json>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

/** The state of the reader. */
interface Reader {
  readonly source: Source;
  readonly places: Places;
  readonly diagnostics: Diagnostic[];
  readonly isKey: (key: string) => boolean;
  /** The index of the next character. */
  at: number;
}

/**
 * Reads like JSON.parse, with limits of size and depth. Keys must be unique and pass `isKey`.
 * Invalid keys are reported and left out.
 */
export function readJson(source: Source, isKey: (key: string) => boolean): ReadJson {
  const { path, text } = source;
  const places: Places = new Map();
  const diagnostics: Diagnostic[] = [];
  if (text.length > SOURCE_LIMIT) return { json: undefined, places, diagnostics: [sourceTooLarge(path, SOURCE_LIMIT)] };
  const reader: Reader = { source, places, diagnostics, isKey, at: text.startsWith("\ufeff") ? 1 : 0 };
  try {
    const json = value(reader, "", 0);
    if (next(reader) !== undefined) throw wrong(reader, "the end of the file");
    return { json, places, diagnostics };
  } catch (thrown) {
    if (!(thrown instanceof NotJson)) throw thrown;
    return { json: undefined, places, diagnostics: [thrown.diagnostic] };
  }
}

/** The span from `start` to the current place. */
const spanFrom = ({ source: { path }, at }: Reader, start: number): Span => ({ path, start, end: at });

/** The match of a sticky pattern at the current place. */
function seen({ source, at }: Reader, pattern: RegExp): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source.text)?.[0];
}

/** The same, and moves past the match. */
function taken(reader: Reader, pattern: RegExp): string | undefined {
  const found = seen(reader, pattern);
  reader.at += found?.length ?? 0;
  return found;
}

/** The next character that is not white space. */
function next(reader: Reader): string | undefined {
  taken(reader, BLANKS);
  return reader.source.text[reader.at];
}

function wrong(reader: Reader, expected: string): NotJson {
  const { source, at } = reader;
  const found = seen(reader, WORD) ?? source.text[at];
  const message = found === undefined ? "The JSON ends too early." : `\`${found}\` has no place in JSON here.`;
  const end = at + (found === undefined || /[\r\n]/.test(found) ? 0 : found.length);
  const span = { path: source.path, start: at, end };
  return new NotJson(diagnosticOf("not-json", message, { span, expected, ...helpFor(source.text, at) }));
}

function take(reader: Reader, sign: string, expected: string): void {
  if (next(reader) !== sign) throw wrong(reader, expected);
  reader.at++;
}

function value(reader: Reader, pointer: string, depth: number): Json {
  next(reader);
  const start = reader.at;
  const read = content(reader, pointer, depth);
  reader.places.set(pointer, { ...reader.places.get(pointer), value: spanFrom(reader, start) });
  return read;
}

function content(reader: Reader, pointer: string, depth: number): Json {
  const sign = reader.source.text[reader.at];
  if (sign === "{" || sign === "[") {
    const start = reader.at++;
    if (depth >= NESTING) throw new NotJson(nestedTooDeep(spanFrom(reader, start), NESTING));
    return sign === "{" ? object(reader, pointer, depth) : list(reader, pointer, depth);
  }
  const literal = taken(reader, STRING) ?? taken(reader, NUMBER);
  if (literal !== undefined) return JSON.parse(literal) as Json;
  const word = WORDS.get(seen(reader, WORD) ?? "");
  if (word === undefined)
    throw wrong(reader, "a value: an object, a list, a text in double quotes, a number, `true` or `false`");
  reader.at += String(word).length;
  return word;
}

/** Reads a list after its `[`. */
function list(reader: Reader, pointer: string, depth: number): Json {
  const items: Json[] = [];
  while (next(reader) !== "]" || items.length > 0) {
    items.push(value(reader, below(pointer, items.length), depth + 1));
    if (next(reader) === "]") break;
    take(reader, ",", "`,` or `]`");
  }
  reader.at++;
  return items;
}

/** Reads an object after its `{`. */
function object(reader: Reader, pointer: string, depth: number): Json {
  const { places, diagnostics, isKey } = reader;
  const fields: Record<string, Json> = {};
  const keys = new Map<string, Span>();
  while (next(reader) !== "}" || keys.size > 0) {
    const start = reader.at;
    const literal = taken(reader, STRING);
    if (literal === undefined) throw wrong(reader, "a key in double quotes");
    const key = String(JSON.parse(literal));
    const own = spanFrom(reader, start);
    take(reader, ":", "`:`");
    const earlier = keys.get(key);
    const here = below(pointer, key);
    if (earlier === undefined && key !== "__proto__" && isKey(key)) {
      places.set(here, { value: own, key: own });
      fields[key] = value(reader, here, depth + 1);
    } else {
      value(reader, `${here}/`, depth + 1);
      if (earlier !== undefined) diagnostics.push(duplicate(own, key, earlier));
      else if (key === "__proto__") diagnostics.push(reservedName(own, key));
      else diagnostics.push(noName(own, key));
    }
    if (earlier === undefined) keys.set(key, own);
    if (next(reader) === "}") break;
    take(reader, ",", "`,` or `}`");
  }
  reader.at++;
  return fields;
}

/** Syntax that JSON lacks but other notations have. */
function helpFor(text: string, at: number): { help?: string } {
  const rest = text.slice(at, at + 2);
  if (rest.startsWith("'")) return { help: "Put text into double quotes." };
  if (rest === "//" || rest === "/*" || rest.startsWith("#")) return { help: "JSON has no comments; remove it." };
  if (/^[}\]]/.test(rest) && /,\s*$/.test(text.slice(0, at))) return { help: "Remove the comma before it." };
  if (/^[A-Za-z_$]/.test(rest)) return { help: "Put names into double quotes." };
  if (rest.startsWith('"')) return { help: "Close the text on its line, and write a backslash as `\\\\`." };
  return {};
}

/** The spec as written, without defaults. `check` determines its meaning. */
export function formatJson(source: Source): Formatted {
  const { entries, diagnostics } = parseJson(source);
  return diagnostics.some(isError) ? { diagnostics } : format({ path: source.path, text: print(entries) });
}
