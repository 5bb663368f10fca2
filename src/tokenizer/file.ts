// Parses the bytes of a tokenizer.json as JSON.
import { InputError } from "../diagnostics/input-error.js";
import { jsonShape } from "../diagnostics/json-shape.js";
import { shown } from "./fields.js";
import { checkNumbers } from "./numbers.js";

const SAVE = "Use a tokenizer.json saved by the Python library `tokenizers`.";

/** Levels of nested lists and objects; the library's own limit is 128. */
const MOST_NESTED = 64;

/** @throws InputError if the file is not valid JSON, is nested too deep, or has a duplicate key */
export function readTokenizerJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new InputError("tokenizer", "not a tokenizer.json (it is not UTF-8)", SAVE);
  }
  const { tooDeep, repeated } = jsonShape(text, MOST_NESTED);
  if (tooDeep)
    throw new InputError("tokenizer", `not a tokenizer.json (it is nested more than ${MOST_NESTED} levels deep)`, SAVE);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new InputError("tokenizer", `not a tokenizer.json (${error instanceof Error ? error.message : error})`, SAVE);
  }
  if (repeated !== undefined)
    throw new InputError("tokenizer", `the key ${shown(repeated)} is a duplicate`, "Remove one of the two.");
  if (hasScores(json)) checkNumbers(text);
  return json;
}

/** Only the vocabulary of Unigram is a list; it has tokens with scores. */
function hasScores(json: unknown): boolean {
  const model = typeof json === "object" && json !== null && "model" in json ? json.model : undefined;
  return typeof model === "object" && model !== null && "vocab" in model && Array.isArray(model.vocab);
}
