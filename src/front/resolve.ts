// From a spec that the schema has passed to the checked spec: names resolve, sizes divide, vocabularies fit.
import { type BlockFields, type BlockJson, checkBlock, scans } from "../blocks/block.fields.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { reservedName } from "../diagnostics/fields.js";
import * as report from "../diagnostics/model.js";
import {
  checkModality,
  holdsOf,
  idsOf,
  type Modality,
  type ModalityJson,
  type ModalityKind,
  markersOf,
  positionsOfItem,
} from "../modalities/modality.fields.js";
import { type Objective, type ObjectiveKind, objectivesFor, taughtBy } from "../objectives/objective.fields.js";
import { countLayers, expandLayers, type LayerItem } from "./layers.js";
import { below, keyAt, type Places, valueAt } from "./places.js";
import { type Reporting, type Resolving, reporterAt } from "./resolving.js";
import { ROOT } from "./schema.js";
import type { CheckedSpec, TrainFields } from "./spec.js";
import type { SpecJson } from "./spec-json.js";
import { layOut, markersFor, ownerOf } from "./vocabulary.js";

export const LAYERS = 1024;

/** A spec and its JSON. */
export interface Resolved {
  readonly json: SpecJson;
  readonly spec: CheckedSpec;
}

/**
 * The spec without its ablations; what it holds is only of use where no error was reported.
 * @param like a spec that is right and has the same names: where the two share blocks or layers, and what these depend
 * on, so do the results
 */
export function resolve(json: SpecJson, places: Places, diagnostics: Diagnostic[], like?: Resolved): CheckedSpec {
  const resolving = { json, places, diagnostics };
  const { model, train } = json;
  const modalities = Object.entries(model.modality).map(([name, fields]) => modality(name, fields, resolving));
  if (like === undefined) checkNames(model.modality, model.block, resolving);
  checkVocabulary(modalities, resolving);
  const names = modalities.map((m) => m.name);
  const base = like?.json.model;
  const sameWidth = base?.d_model === model.d_model && base.modality === model.modality;
  const blocks = Object.entries(model.block).map(([name, fields], i) => {
    const known = sameWidth && base.block[name] === fields ? like?.spec.model.blocks[i] : undefined;
    return known ?? { name, fields: block(name, fields, model.d_model, names, resolving) };
  });
  const known = base?.layers === model.layers ? like?.spec.model.layers : undefined;
  const spec: CheckedSpec = {
    model: {
      modalities,
      vocabulary: layOut(modalities),
      d_model: model.d_model,
      blocks,
      layers: known ?? layers(model.layers, Object.keys(model.block), resolving),
    },
    objectives: objectives(modalities, resolving),
    data: json.data,
    train: trainOf(train),
    ablations: [],
  };
  for (const m of modalities) checkLength(m, json.data.length, resolving);
  const stateless = blocks.find(({ fields }) => !scans(fields));
  if (json.data.carry && stateless !== undefined) {
    const declared = keyAt(places, below("/model/block", stateless.name));
    diagnostics.push(report.carryWithAttention(valueAt(places, "/data/carry"), stateless.name, declared));
  }
  checkWarmup(train, resolving);
  return spec;
}

export function checkWarmup(
  { schedule: { warmup }, steps }: Pick<TrainFields, "schedule" | "steps">,
  { places, diagnostics }: Reporting,
): void {
  if (warmup > steps) diagnostics.push(report.warmupTooLong(valueAt(places, "/train/schedule/warmup"), warmup, steps));
}

function trainOf({ init, ...train }: SpecJson["train"]): TrainFields {
  const clip = train.clip === "none" ? undefined : train.clip;
  return { ...train, clip, ...(init?.kind === "checkpoint" && { init }) };
}

/** Section names are reserved, and a modality and a block differ, so that paths are unambiguous. */
export function checkNames(modality: object, block: object, { places, diagnostics }: Reporting): void {
  for (const [kind, named] of Object.entries({ modality, block })) {
    for (const name of Object.keys(named)) {
      const span = keyAt(places, below(`/model/${kind}`, name));
      if (Object.hasOwn(ROOT.properties ?? {}, name) || name.includes(".")) diagnostics.push(reservedName(span, name));
      else if (kind === "block" && Object.hasOwn(modality, name)) {
        diagnostics.push(report.nameTaken(span, name, keyAt(places, below("/model/modality", name))));
      }
    }
  }
}

/** @param modalities their names */
export const block = (
  name: string,
  fields: BlockJson,
  d_model: number,
  modalities: readonly string[],
  reporting: Reporting,
): BlockFields => checkBlock(fields, { d_model, modalities, ...reporterAt(below("/model/block", name), reporting) });

export const modality = (name: string, fields: ModalityJson, reporting: Reporting): Modality =>
  checkModality(name, fields, reporterAt(below("/model/modality", name), reporting));

export function checkVocabulary(modalities: readonly Modality[], { places, diagnostics }: Reporting): void {
  const owner = modalities[ownerOf(modalities)];
  if (owner === undefined) return void diagnostics.push(report.noTextModality(keyAt(places, "/model/modality")));
  const count = idsOf(owner)?.count ?? 0;
  const markers = markersFor(modalities.length);
  if (markersOf(owner) !== "within" || count === 0 || count > markers) return;
  const span = valueAt(places, below(below("/model/modality", owner.name), "vocab"));
  diagnostics.push(report.vocabularyTooSmall(span, owner.name, count, markers));
}

/** A sequence holds an item at least, between its markers. */
export function checkLength(m: Modality, length: number, { places, diagnostics }: Reporting): void {
  const positions = Math.ceil(positionsOfItem(m));
  if (positions === 0 || positions + 2 <= length) return;
  diagnostics.push(report.lengthTooSmall(valueAt(places, "/data/length"), length, m.name, positions + 2, positions));
}

export function layers(
  items: readonly LayerItem[],
  names: readonly string[],
  { places, diagnostics }: Reporting,
): number[] {
  const used = new Set<string>();
  const visit = (some: readonly LayerItem[], at: string): void => {
    for (const [i, item] of some.entries()) {
      const here = below(at, i);
      if (typeof item !== "string") {
        visit(item.of, below(here, "of"));
        continue;
      }
      used.add(item);
      if (!names.includes(item)) diagnostics.push(report.unknownBlock(valueAt(places, here), item, names));
    }
  };
  visit(items, "/model/layers");
  for (const name of names) {
    if (!used.has(name)) diagnostics.push(report.unusedBlock(keyAt(places, below("/model/block", name)), name));
  }
  if (countLayers(items) > LAYERS) {
    diagnostics.push(report.tooManyLayers(valueAt(places, "/model/layers"), LAYERS));
    return [];
  }
  return expandLayers(items).map((name) => names.indexOf(name));
}

function objectives(modalities: readonly Modality[], { json, ...reporting }: Resolving): (Objective | undefined)[] {
  checkObjectives(json.objective, new Map(modalities.map(({ name, kind }) => [name, kind])), reporting);
  return modalities.map(({ name }) => (Object.hasOwn(json.objective, name) ? json.objective[name] : undefined));
}

/** @param kinds of the modalities by name; undefined where it is not known, and nothing is said of what fits it */
export function checkObjectives(
  objective: Readonly<Record<string, { readonly kind?: ObjectiveKind }>>,
  kinds: ReadonlyMap<string, ModalityKind | undefined>,
  { places, diagnostics }: Reporting,
): void {
  for (const [name, { kind }] of Object.entries(objective)) {
    const at = below("/objective", name);
    if (!kinds.has(name)) diagnostics.push(report.unknownModality(keyAt(places, at), name, [...kinds.keys()]));
    const taught = kinds.get(name);
    if (!taught || !kind) continue;
    const holds = holdsOf({ kind: taught });
    if (taughtBy(kind) !== holds)
      diagnostics.push(report.objectiveDoesNotFit(valueAt(places, at), name, taught, kind, objectivesFor(holds)));
  }
  for (const name of kinds.keys()) {
    if (Object.hasOwn(objective, name)) continue;
    diagnostics.push(report.modalityWithoutObjective(keyAt(places, below("/model/modality", name)), name));
  }
}
