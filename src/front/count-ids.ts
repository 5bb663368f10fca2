// Counts the ids of `tokens` and `codes` that only name a file, and sees that such files are within reach.
import { codebookUnreadable, tokenizerUnreadable } from "../diagnostics/fields.js";
import { codebookFacts } from "../modalities/codebook.fields.js";
import { refusalOf } from "./files.js";
import { beside } from "./paths.js";
import { below, valueAt } from "./places.js";
import { isRefused, type Refused } from "./refused.js";
import type { Shaping } from "./shape.js";
import type { SpecJson } from "./spec-json.js";
import { idsOf } from "./tokenizer.js";
import { markersOf, ownerOf } from "./vocabulary.js";

/** A file's first bytes, at most so many; undefined where there is none. */
export type ReadBytes = (path: string, limit: number) => Uint8Array | undefined | Refused;

const TOKENIZER_BYTES = 64 * 2 ** 20;
/** Of `tokens`, as the schema has it. */
const MOST_IDS = 2 ** 24;
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
    const bytes = read(counted ? 0 : modality.kind === "tokens" ? TOKENIZER_BYTES : CODEBOOK_HEADER_BYTES);
    if (isRefused(bytes)) diagnostics.push(refusalOf(bytes, span, path));
    else if (counted) continue;
    else if (modality.kind === "tokens") {
      const ids = bytes && idsIn(bytes);
      if (ids === undefined || ids > MOST_IDS) diagnostics.push(tokenizerUnreadable(span, path));
      else modality.vocab = ids + (index === owner ? markersOf(modalities.length) : 0);
    } else {
      const entries = bytes === undefined ? "there is no such file" : entriesOf(bytes);
      if (typeof entries === "string") diagnostics.push(codebookUnreadable(span, path, entries));
      else modality.vocab = entries;
    }
  }
}

const counts = new WeakMap<Uint8Array, number | undefined>();

/** A tokenizer has megabytes: whoever reads the same bytes again has them counted already. */
function idsIn(bytes: Uint8Array): number | undefined {
  const ids = counts.has(bytes) ? counts.get(bytes) : idsOf(new TextDecoder().decode(bytes));
  counts.set(bytes, ids);
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
