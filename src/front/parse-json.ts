// A spec in JSON as a file: its text to the entries that a `.mom` file of the same meaning would have.
import { NESTING } from "../../grammar/brackets.js";
import type { Parsed } from "../../grammar/parse.js";
import type { Source } from "../diagnostics/diagnostic.js";
import { wrongType } from "../diagnostics/fields.js";
import { entriesOf, isPath } from "./json-entries.js";
import { placeOf } from "./places.js";
import { readJson } from "./read-json.js";
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

const shortened = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

/** The JSON of a program as a file beside `path`. */
export function jsonSource(json: Json, path: string): Source {
  return { path: isJson({ path }) ? path : `${path}.json`, text: `${JSON.stringify(bounded(json, 0), null, 2)}\n` };
}

/** Without what is deeper than may be read, or without end. */
function bounded(json: Json, depth: number): Json {
  if (typeof json !== "object" || json === null) return json;
  if (depth > NESTING) return [];
  if (Array.isArray(json)) return json.map((item: Json) => bounded(item, depth + 1));
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, bounded(value, depth + 1)]));
}
