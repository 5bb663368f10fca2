// Counts the ids of modalities that name a file, and checks that such files are allowed and usable.
import type { Diagnostic, Span } from "../diagnostics/diagnostic.js";
import { codebookUnreadable, tokenizerUnreadable } from "../diagnostics/fields.js";
import { InputError } from "../diagnostics/input-error.js";
import { codebookFacts } from "../modalities/codebook.fields.js";
import { fileFieldOf, fileOf, markersOf } from "../modalities/modality.fields.js";
import { encoderOf } from "../tokenizer/encoder.js";
import { readTokenizerJson } from "../tokenizer/file.js";
import { type ReadBytes, refusalOf } from "./files.js";
import { beside } from "./paths.js";
import { below, valueAt } from "./places.js";
import { isRefused } from "./refused.js";
import type { Shaping } from "./shaping.js";
import type { SpecJson } from "./spec-json.js";
import { markersFor, ownerOf } from "./vocabulary.js";

const TOKENIZER_BYTES = 64 * 2 ** 20;
const CODEBOOK_HEADER_BYTES = 64 * 2 ** 10;

/** How ids are counted in the file of a field. */
interface CodecFile {
  /** Bytes to read. If the spec sets the number of ids, none are read, unless the file must be usable anyway. */
  readonly limit: number;
  readonly always: boolean;
  /** The number of ids, or why the file cannot be used. */
  readonly count: (bytes: Uint8Array | undefined) => number | { readonly message: string; readonly remedy: string };
  readonly unusable: (span: Span, path: string, message: string, remedy: string) => Diagnostic;
}

const FILES: Readonly<Record<NonNullable<ReturnType<typeof fileFieldOf>>, CodecFile>> = {
  tokenizer: {
    limit: TOKENIZER_BYTES,
    always: true,
    count: (bytes) => (bytes === undefined ? NO_FILE : idsIn(bytes)),
    unusable: tokenizerUnreadable,
  },
  codebook: {
    limit: CODEBOOK_HEADER_BYTES,
    always: false,
    count(bytes) {
      const entries = bytes === undefined ? NO_FILE : entriesOf(bytes);
      return typeof entries === "string" ? { message: entries, remedy: "" } : entries;
    },
    unusable: codebookUnreadable,
  },
};

/** Fills in each missing `vocab`. A modality that owns the markers has them after the ids of its file. */
export function countIds(spec: SpecJson, readBytes: ReadBytes, { entry, places, diagnostics }: Shaping): void {
  const modalities = Object.entries(spec.model.modality);
  const owner = ownerOf(modalities.map(([, modality]) => modality));
  for (const [index, [name, modality]] of modalities.entries()) {
    const field = fileFieldOf(modality);
    if (field === undefined) continue;
    const path = fileOf(modality);
    if (path === undefined) continue;
    const counting = modality as { vocab?: number };
    const { limit, always, count, unusable } = FILES[field];
    const span = valueAt(places, below(below("/model/modality", name), field));
    const counted = counting.vocab !== undefined;
    const bytes = readBytes(beside(entry, path), counted && !always ? 0 : limit);
    if (isRefused(bytes)) diagnostics.push(refusalOf(bytes, span, path));
    else if (!counted || (always && bytes !== undefined)) {
      const ids = count(bytes);
      const own = index === owner && markersOf(modality) === "within" ? markersFor(modalities.length) : 0;
      if (typeof ids !== "number") diagnostics.push(unusable(span, path, ids.message, ids.remedy));
      else if (!counted) counting.vocab = ids + own;
    }
  }
}

const TOO_LARGE = new InputError(
  "tokenizer",
  `it has more than ${TOKENIZER_BYTES} bytes`,
  "Use a tokenizer with a smaller vocabulary.",
);
const NO_FILE = new InputError(
  "file-unreadable",
  "there is no such file",
  "Give the path of the file relative to the spec.",
);

const counts = new WeakMap<Uint8Array, number | InputError>();

/** The number of ids of a tokenizer, or why it cannot be used. Files have megabytes, so the same bytes are parsed once. */
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

/** The number of entries of a codebook according to its header, or what is wrong with it, as a clause. */
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
