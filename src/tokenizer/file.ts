// The bytes of a tokenizer.json as a JSON value.
import { InputError } from "../diagnostics/input-error.js";
import { jsonShape } from "../diagnostics/json-shape.js";
import { shown } from "./fields.js";
import { checkNumbers } from "./numbers.js";

const SAVE = "Give the tokenizer.json that the Python library `tokenizers` saves.";

/** Lists and objects within each other; the library's own limit is 128. */
const MOST_NESTED = 64;

/** @throws InputError if they are no JSON, nest too deep, or an object gives a key twice */
export function readTokenizerJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new InputError("tokenizer", "not a tokenizer.json (it is not UTF-8)", SAVE);
  }
  const { tooDeep, repeated } = jsonShape(text, MOST_NESTED);
  if (tooDeep) throw new InputError("tokenizer", `not a tokenizer.json (it nests more than ${MOST_NESTED} deep)`, SAVE);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new InputError("tokenizer", `not a tokenizer.json (${error instanceof Error ? error.message : error})`, SAVE);
  }
  if (repeated !== undefined)
    throw new InputError("tokenizer", `the key ${shown(repeated)} is given twice`, "Remove one of the two.");
  if (hasScores(json)) checkNumbers(text);
  return json;
}

/** Unigram's vocabulary is a list, of tokens and scores. */
function hasScores(json: unknown): boolean {
  const model = typeof json === "object" && json !== null && "model" in json ? json.model : undefined;
  return typeof model === "object" && model !== null && "vocab" in model && Array.isArray(model.vocab);
}
