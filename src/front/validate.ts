// Ajv over a spec as JSON: types, ranges, required fields; fills in defaults. Its code is made when mom is built.
import type { ErrorObject } from "ajv";
import { keysOf } from "./places.js";
import type { Json } from "./spec.js";
import type { SpecJson } from "./spec-json.js";
import { validate as compiled } from "./spec-validator.gen.js";
import { isObject, withValue } from "./vary.js";

const validate: { (json: Json): boolean; errors?: readonly ErrorObject[] | null } = compiled;

type Validated = { readonly spec: SpecJson } | { readonly errors: readonly ErrorObject[] };

/** Fills in the defaults of `json`, in place. */
export const validateSpec = (json: Json): Validated =>
  // The validator passes a `SpecJson` and nothing else.
  validate(json) ? { spec: json as unknown as SpecJson } : { errors: validate.errors ?? [] };

/** The same for a spec that has passed before, but for the value at a pointer. */
export function validateValue(json: Json, pointer: string): Validated {
  const errors = errorsAt(wayTo(json, keysOf(pointer)), pointer);
  return errors.length === 0 ? { spec: json as unknown as SpecJson } : { errors };
}

/** The same for a value by itself, whose place in a spec is at a pointer: the errors' places are within the value. */
export const validatePart = (value: Json, pointer: string): readonly ErrorObject[] =>
  errorsAt(withValue({}, pointer, value), pointer).map((error) => ({
    ...error,
    instancePath: error.instancePath.slice(pointer.length),
  }));

/** What the schema says of the value at a pointer, whatever else it says. */
function errorsAt(json: Json, pointer: string): readonly ErrorObject[] {
  if (validate(json)) return [];
  return (validate.errors ?? []).filter(({ instancePath }) => `${instancePath}/`.startsWith(`${pointer}/`));
}

/** A value and the groups around it. Of their other members only words and numbers are kept: among these are the kinds. */
function wayTo(json: Json, [key, ...rest]: readonly string[]): Json {
  if (key === undefined || !isObject(json)) return json;
  const kept = Object.entries(json).filter(([name, value]) => name === key || typeof value !== "object");
  return Object.fromEntries(kept.map(([name, value]) => [name, name === key ? wayTo(value, rest) : value]));
}
