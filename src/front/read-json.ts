// A JSON text with the place of every value, so that what is wrong with a spec in JSON is shown in that text.

import { NESTING } from "../../grammar/brackets.js";
import { SOURCE_LIMIT } from "../../grammar/parse.js";
import { type Diagnostic, mistake, type Source, type Span } from "../diagnostics/diagnostic.js";
import { duplicate, noName, reservedName } from "../diagnostics/fields.js";
import { nestedTooDeep, sourceTooLarge } from "../diagnostics/syntax.js";
import { below, type Places } from "./places.js";
import type { Json } from "./spec.js";

export interface ReadJson {
  /** Undefined where the text is no JSON. */
  readonly json: Json | undefined;
  readonly places: Places;
  readonly diagnostics: readonly Diagnostic[];
}

/** Stops at the first mistake of syntax, which JSON gives no way to read past. */
class NotJson extends Error {
  constructor(readonly diagnostic: Diagnostic) {
    super(diagnostic.message);
  }
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const STRING = /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|[\u007f-\u009f])*"/uy;
const WORD = /[A-Za-z_$][\w$]*/y;
const WORDS = new Map<string, Json>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

/**
 * As JSON.parse reads, but for limits of size and depth and for keys: each is given once, and `isKey` says which may be.
 * Keys that are wrong are reported and left out.
 */
export function readJson({ path, text }: Source, isKey: (key: string) => boolean): ReadJson {
  const places: Places = new Map();
  const diagnostics: Diagnostic[] = [];
  if (text.length > SOURCE_LIMIT) return { json: undefined, places, diagnostics: [sourceTooLarge(path, SOURCE_LIMIT)] };
  let at = text.startsWith("\ufeff") ? 1 : 0;

  const span = (start: number, end: number): Span => ({ path, start, end });
  const blanks = (): void => {
    while (/[ \t\r\n]/.test(text[at] ?? "")) at++;
  };
  /** What a sticky pattern matches here, which is then behind. */
  const taken = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const [found] = pattern.exec(text) ?? [];
    at += found?.length ?? 0;
    return found;
  };
  const wrong = (expected: string): NotJson => {
    const here = text[at];
    WORD.lastIndex = at;
    const found = WORD.exec(text)?.[0] ?? here;
    const message = found === undefined ? "The JSON ends too early." : `\`${found}\` has no place in JSON here.`;
    const end = at + (found === undefined || /[\r\n]/.test(found) ? 0 : found.length);
    return new NotJson(mistake("not-json", message, { span: span(at, end), expected, ...helpFor(text, at) }));
  };
  const mark = (sign: string, expected: string): void => {
    blanks();
    if (text[at] !== sign) throw wrong(expected);
    at++;
  };

  function value(pointer: string, depth: number): Json {
    blanks();
    const start = at;
    const read = content(pointer, depth);
    places.set(pointer, { ...places.get(pointer), value: span(start, at) });
    return read;
  }

  function content(pointer: string, depth: number): Json {
    const sign = text[at];
    if (sign === "{" || sign === "[") {
      if (depth >= NESTING) throw new NotJson(nestedTooDeep(span(at, at + 1), NESTING));
      return sign === "{" ? object(pointer, depth) : list(pointer, depth);
    }
    const literal = taken(STRING) ?? taken(NUMBER);
    if (literal !== undefined) return JSON.parse(literal) as Json;
    WORD.lastIndex = at;
    const word = WORDS.get(WORD.exec(text)?.[0] ?? "");
    if (word === undefined)
      throw wrong("a value: an object, a list, a text in double quotes, a number, `true` or `false`");
    at += String(word).length;
    return word;
  }

  function list(pointer: string, depth: number): Json {
    const items: Json[] = [];
    at++;
    for (blanks(); text[at] !== "]" || items.length > 0; blanks()) {
      items.push(value(below(pointer, items.length), depth + 1));
      blanks();
      if (text[at] === "]") break;
      mark(",", "`,` or `]`");
    }
    at++;
    return items;
  }

  function object(pointer: string, depth: number): Json {
    const fields: Record<string, Json> = {};
    const keys = new Map<string, Span>();
    at++;
    for (blanks(); text[at] !== "}" || keys.size > 0; blanks()) {
      blanks();
      const start = at;
      const literal = taken(STRING);
      if (literal === undefined) throw wrong("a key in double quotes");
      const key = String(JSON.parse(literal));
      const own = span(start, at);
      mark(":", "`:`");
      const earlier = keys.get(key);
      const here = below(pointer, key);
      if (earlier === undefined && key !== "__proto__" && isKey(key)) {
        places.set(here, { value: own, key: own });
        fields[key] = value(here, depth + 1);
      } else {
        value(`${here}/`, depth + 1);
        if (earlier !== undefined) diagnostics.push(duplicate(own, key, earlier));
        else if (key === "__proto__") diagnostics.push(reservedName(own, key));
        else diagnostics.push(noName(own, key));
      }
      if (earlier === undefined) keys.set(key, own);
      blanks();
      if (text[at] === "}") break;
      mark(",", "`,` or `}`");
    }
    at++;
    return fields;
  }

  try {
    const json = value("", 0);
    blanks();
    if (at < text.length) throw wrong("the end of the file");
    return { json, places, diagnostics };
  } catch (thrown) {
    if (!(thrown instanceof NotJson)) throw thrown;
    return { json: undefined, places, diagnostics: [thrown.diagnostic] };
  }
}

/** What JSON does not have and other notations do. */
function helpFor(text: string, at: number): { help?: string } {
  const rest = text.slice(at, at + 2);
  if (rest.startsWith("'")) return { help: "Put text into double quotes." };
  if (rest === "//" || rest === "/*" || rest.startsWith("#")) return { help: "JSON has no comments; remove it." };
  if (/^[}\]]/.test(rest) && /,\s*$/.test(text.slice(0, at))) return { help: "Remove the comma before it." };
  if (/^[A-Za-z_$]/.test(rest)) return { help: "Put names into double quotes." };
  if (rest.startsWith('"')) return { help: "Close the text on its line, and write a backslash as `\\\\`." };
  return {};
}
