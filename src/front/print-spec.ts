// Prints a spec's JSON as the text of a `.mom` file. Checking that text gives the same spec.
// This text identifies a run: a resumed run must have the same text, and variants are numbered by it. So it does not use the
// formatter, whose style may change. Text for readers goes through the formatter.
import { print, printValue } from "../../grammar/print.js";
import { entriesOf, valueFor } from "./json-entries.js";
import type { Json } from "./spec.js";

/** JSON that is not a spec also gives text, which `check` refuses. */
export const printSpec = (json: Json): string => print(entriesOf(json));

/** A value as it is written at a dotted path of the spec. */
export const printAt = (json: Json, at: string, value: Json): string => printValue(valueFor(json, at, value));
