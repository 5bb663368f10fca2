// Validates a spec as JSON with Ajv: types, ranges, required fields; fills in defaults. Its code is generated at build time.
import type { ErrorObject } from "ajv";
import { heldOutOf } from "../data/sources/source.fields.js";
import { keysOf } from "./places.js";
import type { Json } from "./spec.js";
import type { SpecJson } from "./spec-json.js";
import { validate as compiled } from "./spec-validator.gen.js";
import { isObject, withValue } from "./vary.js";

const validate: { (json: Json): boolean; errors?: readonly ErrorObject[] | null } = compiled;

type Validated = { readonly spec: SpecJson } | { readonly errors: readonly ErrorObject[] };

/** Validates `json` and fills in its defaults, in place. */
export function validateSpec(json: Json): Validated {
  const data = isObject(json) ? json.data : undefined;
  // A folder of prepared data may have its own documents to validate on.
  const held_out = heldOutOf(isObject(data) && isObject(data.source) ? data.source.kind : undefined);
  if (isObject(data) && held_out !== undefined && data.validation === undefined && data.held_out === undefined)
    Object.assign(data, { held_out });
  // The validator accepts nothing but a `SpecJson`.
  return validate(json) ? { spec: json as unknown as SpecJson } : { errors: validate.errors ?? [] };
}

/** Validates the value at a pointer of a spec that is otherwise valid. */
export function validateValue(json: Json, pointer: string): Validated {
  const errors = errorsAt(wayTo(json, keysOf(pointer)), pointer);
  return errors.length === 0 ? { spec: json as unknown as SpecJson } : { errors };
}

/** Validates a value that belongs at a pointer of a spec. The paths of the errors are relative to the value. */
export const validatePart = (value: Json, pointer: string): readonly ErrorObject[] =>
  errorsAt(withValue({}, pointer, value), pointer).map((error) => ({
    ...error,
    instancePath: error.instancePath.slice(pointer.length),
  }));

/** The errors of the value at a pointer, without all others. */
function errorsAt(json: Json, pointer: string): readonly ErrorObject[] {
  if (validate(json)) return [];
  return (validate.errors ?? []).filter(({ instancePath }) => `${instancePath}/`.startsWith(`${pointer}/`));
}

/** A value and the groups that contain it, with only the words and numbers among their other members, which include the kinds. */
function wayTo(json: Json, [key, ...rest]: readonly string[]): Json {
  if (key === undefined || !isObject(json)) return json;
  const kept = Object.entries(json).filter(([name, value]) => name === key || typeof value !== "object");
  return Object.fromEntries(kept.map(([name, value]) => [name, name === key ? wayTo(value, rest) : value]));
}
