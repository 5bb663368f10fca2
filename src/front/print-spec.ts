// A spec's JSON as the text of a `.mom` file. Checking that text gives the same spec.
// Runs are known by this text: a resumed one must have it, and variants are numbered by it. So it does not follow the
// formatter, which may change its mind; what people are to read goes through that.
import { print, printValue } from "../../grammar/print.js";
import { entriesOf, valueFor } from "./json-entries.js";
import type { Json } from "./spec.js";

/** JSON that is no spec gives text, too, which `check` then refuses. */
export const printSpec = (json: Json): string => print(entriesOf(json));

/** A value as it would be written at a dotted path of the spec. */
export const printAt = (json: Json, at: string, value: Json): string => printValue(valueFor(json, at, value));
