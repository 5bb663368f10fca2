// Reads JSON from untrusted or damaged files: limits size and depth, rejects repeated keys, and validates a schema.

import { jsonShape } from "../diagnostics/json-shape.js";
import { Ajv, type ErrorObject, type SchemaObject, type ValidateFunction } from "./ajv.js";

/** The value, or the first error as a clause: "files[1].bytes is missing". */
export type CheckedJson<T> = { readonly value: T } | { readonly wrong: string };

/** How deep objects and lists may be nested. Files that mom writes are less than 80 deep. */
const NESTING = 200;
/** Files that mom writes have less than a tenth of this. */
const MOST_BYTES = 2 ** 28;

/** A count: a whole number that is exact as a JavaScript number. */
export const COUNT = { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;

let ajv: Ajv | undefined;

/**
 * A reader of JSON files of one kind.
 * @param schema must accept a `T` and nothing else
 */
export function jsonReader<T>(schema: SchemaObject): (bytes: Uint8Array) => CheckedJson<T> {
  let validate: ValidateFunction<T> | undefined;
  return (bytes) => {
    const parsed = parsedJson(bytes);
    if ("wrong" in parsed) return parsed;
    ajv ??= new Ajv({ allowUnionTypes: true, strictTuples: false, discriminator: true });
    validate ??= ajv.compile<T>(schema);
    const { value } = parsed;
    return validate(value) ? { value } : { wrong: clauseOf(validate.errors?.[0]) };
  };
}

/** The same without a schema. */
export function parsedJson(bytes: Uint8Array): CheckedJson<unknown> {
  if (bytes.length > MOST_BYTES) return { wrong: `it has more than ${MOST_BYTES} bytes` };
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return { wrong: "it is not UTF-8 text" };
  }
  const { tooDeep, repeated } = jsonShape(text, NESTING);
  if (tooDeep) return { wrong: `it is nested more than ${NESTING} deep` };
  try {
    const value: unknown = JSON.parse(text);
    return repeated === undefined ? { value } : { wrong: `it has the key ${JSON.stringify(repeated)} twice` };
  } catch (error) {
    return { wrong: `it is not JSON (${error instanceof Error ? error.message : error})` };
  }
}

const KINDS: Readonly<Record<string, string>> = {
  object: "an object",
  array: "a list",
  string: "text",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
  null: "null",
};

function clauseOf(error: ErrorObject | undefined): string {
  if (error === undefined) return "it is invalid";
  const { instancePath, keyword, params, message } = error;
  const place = placeOf(instancePath);
  const within = (key: unknown) => (place === "" ? String(key) : `${place}.${key}`);
  switch (keyword) {
    case "required":
      return `${within(params.missingProperty)} is missing`;
    case "additionalProperties":
      return `${within(params.additionalProperty)} is unknown`;
    case "type": {
      const kinds = [params.type].flat().flatMap((one: string) => one.split(","));
      return `${place || "it"} is not ${kinds.map((one) => KINDS[one] ?? one).join(" or ")}`;
    }
    case "const":
    case "enum":
      return `${place || "it"} is not ${[params.allowedValues ?? params.allowedValue]
        .flat()
        .map((one) => JSON.stringify(one))
        .join(" or ")}`;
    default:
      return `${place || "it"} ${message ?? "is invalid"}`;
  }
}

/** A JSON pointer as people write it: `/files/0/bytes` is `files[0].bytes`. */
const placeOf = (pointer: string) =>
  pointer
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((key, i) => (/^\d+$/.test(key) ? `[${key}]` : i === 0 ? key : `.${key}`))
    .join("");
