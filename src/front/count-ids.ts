// Counts the ids of `tokens` and `codes` that only name a file, and sees that such files are within reach and usable.
import { codebookUnreadable, tokenizerUnreadable } from "../diagnostics/fields.js";
import { InputError } from "../diagnostics/input-error.js";
import { codebookFacts } from "../modalities/codebook.fields.js";
import { encoderOf } from "../tokenizer/encoder.js";
import { readTokenizerJson } from "../tokenizer/file.js";
import { type ReadBytes, refusalOf } from "./files.js";
import { beside } from "./paths.js";
import { below, valueAt } from "./places.js";
import { isRefused } from "./refused.js";
import type { Shaping } from "./shaping.js";
import type { SpecJson } from "./spec-json.js";
import { markersOf, ownerOf } from "./vocabulary.js";

const TOKENIZER_BYTES = 64 * 2 ** 20;
const CODEBOOK_HEADER_BYTES = 64 * 2 ** 10;

/** Fills in each `vocab` that is left out; a tokenizer that owns the markers has them after its own ids. */
export function countIds(spec: SpecJson, readBytes: ReadBytes, { entry, places, diagnostics }: Shaping): void {
  const modalities = Object.entries(spec.model.modality);
  const owner = ownerOf(modalities.map(([, modality]) => modality));
  for (const [index, [name, modality]] of modalities.entries()) {
    if (modality.kind !== "tokens" && modality.kind !== "codes") continue;
    const field = modality.kind === "tokens" ? "tokenizer" : "codebook";
    const path = modality.kind === "tokens" ? modality.tokenizer : modality.codebook;
    if (path === undefined) continue;
    const span = valueAt(places, below(below("/model/modality", name), field));
    const read = (limit: number) => readBytes(beside(entry, path), limit);
    const counted = modality.vocab !== undefined;
    const bytes = read(modality.kind === "tokens" ? TOKENIZER_BYTES : counted ? 0 : CODEBOOK_HEADER_BYTES);
    if (isRefused(bytes)) diagnostics.push(refusalOf(bytes, span, path));
    else if (modality.kind === "tokens") {
      if (counted && bytes === undefined) continue;
      const ids = bytes === undefined ? NO_FILE : idsIn(bytes);
      if (typeof ids !== "number") diagnostics.push(tokenizerUnreadable(span, path, ids.message, ids.remedy));
      else if (!counted) modality.vocab = ids + (index === owner ? markersOf(modalities.length) : 0);
    } else if (!counted) {
      const entries = bytes === undefined ? "there is no such file" : entriesOf(bytes);
      if (typeof entries === "string") diagnostics.push(codebookUnreadable(span, path, entries));
      else modality.vocab = entries;
    }
  }
}

const TOO_LARGE = new InputError(
  `it has more than ${TOKENIZER_BYTES} bytes`,
  "Use a tokenizer with a smaller vocabulary.",
);
const NO_FILE = new InputError("there is no such file", "Give the path of the file relative to the spec.");

const counts = new WeakMap<Uint8Array, number | InputError>();

/** How many ids a tokenizer has, or why it cannot be used. It has megabytes: the same bytes are read once. */
function idsIn(bytes: Uint8Array): number | InputError {
  if (bytes.length >= TOKENIZER_BYTES) return TOO_LARGE;
  let ids = counts.get(bytes);
  if (ids === undefined) {
    try {
      ids = encoderOf(readTokenizerJson(bytes)).ids;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      ids = error;
    }
    counts.set(bytes, ids);
  }
  return ids;
}

/** How many entries a codebook's file has by its header alone, or what is wrong with it, as a clause. */
function entriesOf(bytes: Uint8Array): number | string {
  const length = bytes.length < 8 ? 0 : Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length < 2 || length > bytes.length - 8) return "it is no safetensors file with a short header";
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  } catch {
    return "its header is not JSON";
  }
  const shape = field(field(header, "entries"), "shape");
  const facts = codebookFacts({ ...asRecord(field(header, "__metadata__")) }, Array.isArray(shape) ? shape : []);
  return typeof facts === "string" ? facts : facts.entries;
}

const asRecord = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? { ...value } : {};
const field = (value: unknown, key: string): unknown => asRecord(value)[key];
