// What is legal and surely unwanted: warnings about a spec that is right.
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import * as report from "../diagnostics/model.js";
import { DEFAULT_CHUNK } from "../ir/chunk.js";
import { below, type Places, valueAt } from "./places.js";
import type { CheckedSpec } from "./spec.js";
import type { SpecJson } from "./spec-json.js";

/** Columns that kernels read as a vector, and vocabularies from which on it is felt (docs/performance.md). */
const COLUMNS = 4;
const LARGE_VOCABULARY = 1024;
/** The part of a scan's time beyond which it is felt that its last chunk is nearly empty. */
const FELT = 1 / 3;

export function unwanted(spec: CheckedSpec, json: SpecJson, places: Places): Diagnostic[] {
  return [
    ...decoupledFromNone(spec, json, places),
    ...weightsOfNothing(json, places),
    ...unevenVocabulary(spec, json, places),
    ...leftOfChunk(spec, places),
  ];
}

function* decoupledFromNone({ model }: CheckedSpec, json: SpecJson, places: Places): Iterable<Diagnostic> {
  for (const [name, { decouple }] of Object.entries(json.model.block)) {
    const fields = model.blocks.find((block) => block.name === name)?.fields;
    const owners = new Map(Object.entries(fields?.parts ?? {}));
    for (const [i, { part }] of decouple.entries()) {
      if (owners.get(part)?.groups !== 1) continue;
      const span = valueAt(places, below(below(below("/model/block", name), "decouple"), i));
      yield report.decoupledFromNone(span, part, model.modalities.length);
    }
  }
}

function* weightsOfNothing({ objective }: SpecJson, places: Places): Iterable<Diagnostic> {
  for (const [name, { weight }] of Object.entries(objective)) {
    if (weight === 0) yield report.weightOfNothing(valueAt(places, below(below("/objective", name), "weight")), name);
  }
}

/** Told of the last modality whose size is a number in the spec: that of a file is as it is. */
function* unevenVocabulary({ model }: CheckedSpec, json: SpecJson, places: Places): Iterable<Diagnostic> {
  const { size } = model.vocabulary;
  const over = size % COLUMNS;
  if (over === 0 || size < LARGE_VOCABULARY) return;
  const free = Object.entries(json.model.modality).findLast(
    ([, m]) => (m.kind === "tokens" && m.tokenizer === undefined) || (m.kind === "codes" && m.codebook === undefined),
  );
  if (free === undefined) return;
  const [name, fields] = free;
  const vocab = "vocab" in fields ? (fields.vocab ?? 0) : 0;
  const span = valueAt(places, below(below("/model/modality", name), "vocab"));
  yield report.vocabularyUneven(span, size, COLUMNS, vocab + COLUMNS - over);
}

function* leftOfChunk({ model, data }: CheckedSpec, places: Places): Iterable<Diagnostic> {
  const scans = model.layers.some((layer) => model.blocks[layer]?.fields.kind === "mamba");
  const chunks = Math.ceil(data.length / DEFAULT_CHUNK);
  if (!scans || chunks < 2 || (chunks * DEFAULT_CHUNK) / data.length - 1 <= FELT) return;
  yield report.lengthLeavesChunk(valueAt(places, "/data/length"), data.length, DEFAULT_CHUNK);
}
