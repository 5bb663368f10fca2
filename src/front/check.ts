// The entry point of the front: turns the text of a spec into a checked spec, or into errors.

import { scans } from "../blocks/block.fields.js";
import { type Diagnostic, isError, type Source, type Span } from "../diagnostics/diagnostic.js";
import { needsName, rejected } from "../diagnostics/fields.js";
import * as report from "../diagnostics/model.js";
import { DEFAULT_CHUNK } from "../ir/chunk.js";
import { fileFieldOf, fileOf } from "../modalities/modality.fields.js";
import { ablationsAsJson, checkAblations } from "./ablate.js";
import type { KnownArms } from "./arms.js";
import { countIds } from "./count-ids.js";
import type { Section } from "./document.js";
import { checkFiles, type ReadBytes } from "./files.js";
import { findingsOf } from "./findings.js";
import { load, type Read } from "./imports.js";
import { jsonSource } from "./parse-json.js";
import { below, type Places, valueAt } from "./places.js";
import { checkSound, resolve } from "./resolve.js";
import { exampleOf, fieldNode, fieldsOf, ROOT } from "./schema.js";
import { type Settings, settingSources, withSet } from "./settings.js";
import { shapeSection } from "./shape.js";
import type { Shaping } from "./shaping.js";
import { weightsAlone, withoutUnknownColumns } from "./sources.js";
import type { CheckedSpec, Json } from "./spec.js";
import type { SpecJson } from "./spec-json.js";
import { validateSpec } from "./validate.js";

const ABLATION_FIELDS = fieldsOf(fieldNode(fieldNode(ROOT, "ablate") ?? {}, "*") ?? {});

export interface Checked {
  /** Absent if a diagnostic is an error. */
  readonly spec?: CheckedSpec;
  /** The spec as JSON with imports merged and defaults filled in. Absent if `spec` is. */
  readonly json?: Json;
  /** The readable part of the spec, valid or not, without its ablations. For editors. */
  readonly partial: Json;
  /** The places of the values of `partial`. */
  readonly places: Places;
  /** In the order of the sources. */
  readonly diagnostics: readonly Diagnostic[];
  /** All files that were read, the given one first, then the settings. */
  readonly sources: readonly Source[];
}

/**
 * Checks text in the language, or JSON if the path of `source` ends with `.json`.
 * Paths in the result (of data, tokenizers and codebooks) are relative to the folder of `source`.
 * @param readBytes reads tokenizers and codebooks; by default there are none
 * @param settings change the spec before it is checked
 * @param known arms of ablations from the last check of the same spec, which those of this check replace
 */
export function check(
  source: Source,
  read: Read,
  readBytes: ReadBytes = () => undefined,
  settings?: Settings,
  known?: KnownArms,
): Checked {
  const { section, sources: files, diagnostics, importedAt } = load(source, read);
  const sources = [...files, ...settingSources(settings?.texts ?? [])];
  const texts = new Map(sources.map(({ path, text }) => [path, text]));
  const whole = { path: source.path, start: 0, end: 0 };
  const shaping: Shaping = {
    entry: source.path,
    places: new Map([["", { value: whole }]]),
    diagnostics,
    textOf: (span) => oneLine(texts.get(span.path)?.slice(span.start, span.end) ?? ""),
  };
  const broken = diagnostics.some(isError);
  const finish = (result: Pick<Checked, "spec" | "json">): Checked => {
    const right = !diagnostics.some(isError);
    const { places } = shaping;
    const shown = inOrder(diagnostics, sources).map((one) => withImports(one, importedAt));
    return { ...(right && result), partial: json, places, diagnostics: shown, sources };
  };

  const { ablations, rest } = withoutAblations(section);
  const written = shapeSection(rest, ROOT, "", shaping);
  const json = settings === undefined ? written : withSet(written, settings, shaping);
  const validated = validateSpec(json);
  if ("errors" in validated) {
    // If the syntax is broken, a missing field may only be unread.
    const errors = withoutUnknownColumns(validated.errors, json);
    const findings = findingsOf(errors, shaping.places, shaping.textOf);
    diagnostics.push(...findings.filter(({ name }) => !broken || name !== "missing-field"));
    checkSound(json, validated.errors, readBytes, shaping, broken);
    if (!diagnostics.some(isError)) diagnostics.push(rejected(whole, validated.errors[0]));
    return finish({});
  }
  if (broken) {
    checkSound(json, [], readBytes, shaping, broken);
    return finish({});
  }
  countIds(validated.spec, readBytes, shaping);
  checkFiles(validated.spec, readBytes, shaping);
  const spec = resolve(validated.spec, shaping.places, diagnostics);
  if (!diagnostics.some(isError)) diagnostics.push(...unwanted(spec, validated.spec, shaping.places));
  if (ablations === undefined || diagnostics.some(isError)) return finish({ spec, json });
  const checked = checkAblations(ablations, json, { json: validated.spec, spec }, shaping, known);
  return finish({
    spec: { ...spec, ablations: checked },
    json: { ...(json as object), ablate: ablationsAsJson(checked) },
  });

  function withoutAblations(all: Section): { ablations: Section | undefined; rest: Section } {
    const members = new Map(all.members);
    const ablate = members.get("ablate");
    members.delete("ablate");
    const unnamed =
      ablate?.section === undefined ||
      (!ablate.container && ABLATION_FIELDS.some((f) => ablate.section?.members.has(f)));
    if (ablate !== undefined && unnamed) {
      diagnostics.push(needsName(ablate.name.span, "ablate", exampleOf("ablate", fieldNode(ROOT, "ablate") ?? {})));
    }
    return { ablations: unnamed ? undefined : ablate?.section, rest: { ...all, members } };
  }
}

/**
 * Checks a spec that a program gives as JSON. Errors point into its text, which is the result's source.
 * @param path of the file that would contain it, in either notation
 */
export function checkJson(json: Json, path: string, read: Read, readBytes?: ReadBytes): Checked {
  return check(jsonSource(json, path), read, readBytes);
}

const oneLine = (text: string): string => {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > 50 ? `${line.slice(0, 50)}…` : line;
};

/** The note at the import of a file that has an error. */
export const IMPORTED = "imported here";

/** Adds the chain of imports that leads from the spec to the file of an error. */
function withImports(diagnostic: Diagnostic, importedAt: ReadonlyMap<string, Span>): Diagnostic {
  const chain: Span[] = [];
  for (let at = diagnostic.span; at !== undefined; at = importedAt.get(at.path)) chain.push(at);
  const imports = chain.slice(1).map((span) => ({ span, note: IMPORTED }));
  if (imports.length === 0) return diagnostic;
  return { ...diagnostic, related: [...(diagnostic.related ?? []), ...imports] };
}

/** In the order of the sources and of their texts, without duplicates. */
function inOrder(diagnostics: readonly Diagnostic[], sources: readonly Source[]): Diagnostic[] {
  const rank = (span: Span | undefined) => sources.findIndex(({ path }) => path === span?.path);
  const once = new Map(diagnostics.map((d) => [`${d.span?.path}:${d.span?.start}:${d.name}:${d.message}`, d]));
  return [...once.values()].sort(
    (a, b) =>
      rank(a.span) - rank(b.span) || (a.span?.start ?? 0) - (b.span?.start ?? 0) || a.name.localeCompare(b.name),
  );
}

/**
 * The multiple that the vocabulary must be of for the head to run on matrix units (`inChunks` in
 * src/kernels/token-loss.ts), and the smallest vocabulary for which it matters (docs/performance.md).
 */
const UNIT_COLUMNS = { f32: 16, f16: 8 } as const;
const LARGE_VOCABULARY = 1024;
/** The share of a scan's time above which a nearly empty last chunk is worth a warning. */
const FELT = 1 / 3;

function unwanted(spec: CheckedSpec, json: SpecJson, places: Places): Diagnostic[] {
  return [
    ...decoupledFromNone(spec, json, places),
    ...weightsOfNothing(json, places),
    ...unevenVocabulary(spec, json, places),
    ...leftOfChunk(spec, places),
    ...weightsAlone(json, places),
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

/** Reported at the last modality whose size is a number in the spec, since the size of a file is fixed. */
function* unevenVocabulary({ model, train }: CheckedSpec, json: SpecJson, places: Places): Iterable<Diagnostic> {
  const { size } = model.vocabulary;
  const columns = UNIT_COLUMNS[train.precision];
  const over = size % columns;
  if (over === 0 || size < LARGE_VOCABULARY) return;
  const free = Object.entries(json.model.modality).findLast(
    ([, m]) => fileFieldOf(m) !== undefined && fileOf(m) === undefined,
  );
  if (free === undefined) return;
  const [name, fields] = free;
  const vocab = "vocab" in fields ? (fields.vocab ?? 0) : 0;
  const span = valueAt(places, below(below("/model/modality", name), "vocab"));
  yield report.vocabularyUneven(span, size, columns, vocab + columns - over);
}

function* leftOfChunk({ model, data }: CheckedSpec, places: Places): Iterable<Diagnostic> {
  const scanned = model.layers.some((layer) => {
    const block = model.blocks[layer];
    return block !== undefined && scans(block.fields);
  });
  const chunks = Math.ceil(data.length / DEFAULT_CHUNK);
  if (!scanned || chunks < 2 || (chunks * DEFAULT_CHUNK) / data.length - 1 <= FELT) return;
  yield report.lengthLeavesChunk(valueAt(places, "/data/length"), data.length, DEFAULT_CHUNK);
}
