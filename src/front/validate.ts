// Ajv over a spec as JSON: types, ranges, required fields; fills in defaults.
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { ROOT, type SchemaNode } from "./schema.js";
import type { Json } from "./spec.js";
import type { SpecJson } from "./spec-json.js";

let ajv: Ajv | undefined;

function shared(): Ajv {
  if (ajv !== undefined) return ajv;
  ajv = new Ajv({
    allErrors: true,
    verbose: true,
    discriminator: true,
    useDefaults: true,
    allowUnionTypes: true,
    strictRequired: false,
    validateSchema: false,
    keywords: ["unit", "named", "call", "positional", "syntax"],
  });
  const listed = (words: readonly string[], value: Json): boolean => typeof value !== "string" || words.includes(value);
  ajv.addKeyword({ keyword: "words", validate: listed, errors: false });
  return ajv;
}

let whole: ValidateFunction<SpecJson> | undefined;

/** Fills in the defaults of `json`, in place. */
export function validateSpec(json: Json): { spec: SpecJson } | { errors: readonly ErrorObject[] } {
  whole ??= shared().compile<SpecJson>(ROOT);
  return whole(json) ? { spec: json } : { errors: whole.errors ?? [] };
}

/** The same for a part that no `$ref` leads out of. */
export function validatePart(json: Json, node: SchemaNode): readonly ErrorObject[] {
  const validate = shared().compile(node);
  return validate(json) ? [] : (validate.errors ?? []);
}
