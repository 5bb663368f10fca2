// Ajv over a spec as JSON: types, ranges, required fields; fills in defaults.
import { Ajv, type ErrorObject, type ValidateFunction } from "./ajv.js";
import { ROOT, type SchemaNode } from "./schema.js";
import type { Json } from "./spec.js";
import type { SpecJson } from "./spec-json.js";
import { valueIn } from "./vary.js";

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
    // A validator runs once or a few times in a process: what optimizing it takes it does not give back.
    code: { optimize: false },
    keywords: ["unit", "named", "call", "positional", "syntax"],
  });
  const listed = (words: readonly string[], value: Json): boolean => typeof value !== "string" || words.includes(value);
  // Smaller numbers would be 0 on a device, whose numbers have 32 bits.
  const carried = (least: number, value: number): boolean => value === 0 || Math.abs(value) >= least;
  ajv.addKeyword({ keyword: "leastNonzero", type: "number", validate: carried, errors: false });
  ajv.addKeyword({ keyword: "words", validate: listed, errors: false });
  return ajv;
}

let whole: ValidateFunction<SpecJson> | undefined;

/** Fills in the defaults of `json`, in place. */
export function validateSpec(json: Json): { spec: SpecJson } | { errors: readonly ErrorObject[] } {
  whole ??= shared().compile<SpecJson>(ROOT);
  return whole(json) ? { spec: json } : { errors: whole.errors ?? [] };
}

const alone = new Map<SchemaNode, ValidateFunction>();

/**
 * The same for a spec that has passed before, but for the value at a pointer: what the schema says of a value, it says
 * beneath its own node alone.
 * @param node the schema's, of the value
 */
export function validateValue(
  json: Json,
  pointer: string,
  node: SchemaNode,
): { spec: SpecJson } | { errors: readonly ErrorObject[] } {
  const validate =
    alone.get(node) ?? shared().compile({ type: "object", properties: { value: node }, $defs: ROOT.$defs });
  alone.set(node, validate);
  // Everything else has passed, so this is the type that `validateSpec` would find.
  if (validate({ value: valueIn(json, pointer) })) return { spec: json as unknown as SpecJson };
  const errors = validate.errors ?? [];
  return { errors: errors.map((e) => ({ ...e, instancePath: pointer + e.instancePath.slice("/value".length) })) };
}

/** The same for a part that no `$ref` leads out of. */
export function validatePart(json: Json, node: SchemaNode): readonly ErrorObject[] {
  const validate = shared().compile(node);
  return validate(json) ? [] : (validate.errors ?? []);
}
