// Turns a spec that passed the schema into the checked spec: resolves names, checks sizes and vocabularies.
// Also checks specs that the schema rejects or whose syntax is broken: a rule is applied if all values that it reads are
// valid. So a missing section hides no other error, even while a spec is being typed.

import type { ErrorObject } from "ajv";
import { type BlockJson, checkBlock, multipleOf, scans } from "../blocks/block.fields.js";
import { heldOutOf } from "../data/sources/source.fields.js";
import type { ErrorName } from "../diagnostics/codes.js";
import { type Diagnostic, isError, type Reporter } from "../diagnostics/diagnostic.js";
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
import { countIds } from "./count-ids.js";
import type { ReadBytes } from "./files.js";
import { countLayers, expandLayers, type LayerItem } from "./layers.js";
import { below, keyAt, keysOf, type Places, valueAt } from "./places.js";
import { ROOT } from "./schema.js";
import type { Shaping } from "./shaping.js";
import { checkColumns, resolveData } from "./sources.js";
import type { CheckedSpec, Json, TrainFields } from "./spec.js";
import type { SpecJson } from "./spec-json.js";
import { layOut, markersFor, ownerOf } from "./vocabulary.js";

/** The places of values, and the list of diagnostics. */
interface Reporting {
  readonly places: Places;
  readonly diagnostics: Diagnostic[];
}

/** A spec that passed the schema, with its places and diagnostics. */
interface Resolving extends Reporting {
  readonly json: SpecJson;
}

/** Reports on the entry at a pointer. */
const reporterAt = (pointer: string, { places, diagnostics }: Reporting): Reporter => ({
  at: (...field) => valueAt(places, field.reduce<string>(below, pointer)),
  report: (diagnostic) => void diagnostics.push(diagnostic),
});

const LAYERS = 1024;

/** A spec and its JSON. */
export interface Resolved {
  readonly json: SpecJson;
  readonly spec: CheckedSpec;
}

/**
 * The spec without its ablations. The result is only meaningful if no error was reported.
 * @param like a valid spec with the same names. What reads the same JSON in both is taken from it, and not checked again
 */
export function resolve(json: SpecJson, places: Places, diagnostics: Diagnostic[], like?: Resolved): CheckedSpec {
  const resolving = { json, places, diagnostics };
  const { model } = json;
  const base = like?.json;
  const sameModalities = base?.model.modality === model.modality;
  const known = sameModalities ? like?.spec : undefined;
  if (like === undefined) checkNames(model.modality, model.block, resolving);
  const modalities = known?.model.modalities ?? modalitiesOf(resolving);
  const names = modalities.map((m) => m.name);
  const blocks = blocksOf(names, resolving, sameModalities ? like : undefined);
  const sameLayers = base?.model.layers === model.layers ? like?.spec.model.layers : undefined;
  const sameObjectives = base?.objective === json.objective ? known?.objectives : undefined;
  const sameData = base?.data === json.data ? known?.data : undefined;
  const spec: CheckedSpec = {
    model: {
      modalities,
      vocabulary: known?.model.vocabulary ?? layOut(modalities),
      d_model: model.d_model,
      blocks,
      layers: sameLayers ?? layers(model.layers, Object.keys(model.block), resolving),
    },
    objectives: sameObjectives ?? objectives(modalities, resolving),
    data: sameData ?? resolveData(json.data, names, resolving),
    train: trainOf(json.train),
    ablations: [],
  };
  if (sameData === undefined) for (const m of modalities) checkLength(m, json.data.length, resolving);
  const stateless = json.data.carry ? blocks.find(({ fields }) => !scans(fields)) : undefined;
  if (stateless !== undefined) {
    const declared = keyAt(places, below("/model/block", stateless.name));
    diagnostics.push(report.carryWithAttention(valueAt(places, "/data/carry"), stateless.name, declared));
  }
  checkWarmup(json.train, resolving);
  checkLosses(
    json,
    spec.objectives.flatMap((one, m) => (one ? (modalities[m]?.name ?? []) : [])),
    resolving,
  );
  return spec;
}

function modalitiesOf(resolving: Resolving): Modality[] {
  const { modality: written } = resolving.json.model;
  const modalities = Object.entries(written).map(([name, fields]) => modality(name, fields, resolving));
  checkVocabulary(modalities, resolving);
  return modalities;
}

/** @param like a valid spec with the same modalities */
function blocksOf(names: readonly string[], resolving: Resolving, like?: Resolved): CheckedSpec["model"]["blocks"] {
  const { d_model, block: written } = resolving.json.model;
  const known = like?.json.model.d_model === d_model ? like : undefined;
  if (known?.json.model.block === written) return known.spec.model.blocks;
  return Object.entries(written).map(([name, fields], i) => {
    const same = known?.json.model.block[name] === fields ? known.spec.model.blocks[i] : undefined;
    return same ?? { name, fields: block(name, fields, d_model, names, resolving) };
  });
}

function checkWarmup(
  { schedule: { warmup }, steps }: Pick<TrainFields, "schedule" | "steps">,
  { places, diagnostics }: Reporting,
): void {
  if (warmup > steps) diagnostics.push(report.warmupTooLong(valueAt(places, "/train/schedule/warmup"), warmup, steps));
}

/** The validation losses that `keep_best` and `stop` name. @param taught the modalities with an objective */
function checkLosses(
  { train, data }: Pick<SpecJson, "train" | "data">,
  taught: readonly string[],
  { places, diagnostics }: Reporting,
): void {
  const { keep_best: best = NONE, stop } = train;
  const { source, validation, held_out } = data;
  // Which sets prepared data have is known only when they are read.
  const prepared = heldOutOf(source.kind) === undefined && validation === undefined;
  const sets = Object.keys(validation ?? {});
  const none = held_out === 0 && validation === undefined && !prepared;
  const known = none ? [] : [...taught, ...sets.flatMap((set) => taught.map((name) => `${set}.${name}`))];
  const check = (pointer: string, name: string) => {
    const right = known.includes(name) || (prepared && taught.some((one) => name.endsWith(`.${one}`)));
    if (!right) diagnostics.push(report.unknownLoss(valueAt(places, pointer), name, known));
  };
  if (best !== NONE) check("/train/keep_best", best);
  if (stop?.kind === "patience") check("/train/stop/on", stop.on);
}

const NONE = "none";

function trainOf({ init, stop, keep_best, ...train }: SpecJson["train"]): TrainFields {
  const clip = train.clip === NONE ? undefined : train.clip;
  return {
    ...train,
    clip,
    ...(init?.kind === "checkpoint" && { init }),
    ...(keep_best !== undefined && keep_best !== NONE && { keep_best }),
    ...(stop?.kind === "patience" && { stop }),
  };
}

/** Section names are reserved, and a modality and a block cannot have the same name, so that paths are unambiguous. */
function checkNames(modality: object, block: object, { places, diagnostics }: Reporting): void {
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
const block = (name: string, fields: BlockJson, d_model: number, modalities: readonly string[], reporting: Reporting) =>
  checkBlock(fields, { d_model, modalities, ...reporterAt(below("/model/block", name), reporting) });

const modality = (name: string, fields: ModalityJson, reporting: Reporting) =>
  checkModality(name, fields, reporterAt(below("/model/modality", name), reporting));

function checkVocabulary(modalities: readonly Modality[], { places, diagnostics }: Reporting): void {
  const owner = modalities[ownerOf(modalities)];
  if (owner === undefined) return void diagnostics.push(report.noTextModality(keyAt(places, "/model/modality")));
  const count = idsOf(owner)?.count ?? 0;
  const markers = markersFor(modalities.length);
  if (markersOf(owner) !== "within" || count === 0 || count > markers) return;
  const span = valueAt(places, below(below("/model/modality", owner.name), "vocab"));
  diagnostics.push(report.vocabularyTooSmall(span, owner.name, count, markers));
}

/** A sequence must have room for an item and its markers. */
function checkLength(m: Modality, length: number, { places, diagnostics }: Reporting): void {
  const positions = Math.ceil(positionsOfItem(m));
  if (positions === 0 || positions + 2 <= length) return;
  diagnostics.push(report.lengthTooSmall(valueAt(places, "/data/length"), length, m.name, positions + 2, positions));
}

function layers(items: readonly LayerItem[], names: readonly string[], { places, diagnostics }: Reporting): number[] {
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

/** @param kinds of the modalities by name; if one is undefined, its objective is not checked */
function checkObjectives(
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

/** Errors that are unreliable if the text was not read to its end. */
const ABSENCES: readonly ErrorName[] = [
  "group-misses",
  "no-objective",
  "no-text-modality",
  "unused-block",
  "unknown-block",
  "unknown-modality",
];

type Named<T> = ReadonlyMap<string, T>;

/**
 * Reports errors in the valid parts of a spec. Warnings are only for valid specs.
 * @param errors of the schema
 * @param broken whether the syntax is broken; then errors that could come from unread text are left out
 */
export function checkSound(
  json: Json,
  errors: readonly ErrorObject[],
  readBytes: ReadBytes,
  shaping: Shaping,
  broken: boolean,
): void {
  const found: Diagnostic[] = [];
  rules(json, errors, readBytes, { ...shaping, diagnostics: found });
  const kept = found.filter((one) => isError(one) && !(broken && ABSENCES.includes(one.name)));
  shaping.diagnostics.push(...kept);
}

function rules(json: Json, errors: readonly ErrorObject[], readBytes: ReadBytes, shaping: Shaping): void {
  const { sound, named } = soundnessOf(json, errors);
  const { places } = shaping;
  const reporting = { places, diagnostics: shaping.diagnostics };
  const modalities = named<ModalityJson>("/model/modality");
  const blocks = named<BlockJson>("/model/block");
  const good = soundOf(modalities);
  const resolved = [...good].map(([name, fields]) => modality(name, fields, reporting));
  countIds({ model: { modality: Object.fromEntries(good) } } as unknown as SpecJson, readBytes, shaping);
  if (modalities !== undefined && blocks !== undefined)
    checkNames(Object.fromEntries(modalities), Object.fromEntries(blocks), reporting);
  if (modalities !== undefined && good.size === modalities.size) checkVocabulary(resolved, reporting);

  const names = modalities && [...modalities.keys()];
  for (const [name, fields] of soundOf(blocks))
    checkBlockAlone(name, fields, names, sound<number>("/model/d_model"), reporting);
  const items = sound<SpecJson["model"]["layers"]>("/model/layers");
  if (items !== undefined && blocks !== undefined) layers(items, [...blocks.keys()], reporting);

  const objectives = named<Objective>("/objective");
  if (objectives !== undefined && modalities !== undefined) {
    const kinds = new Map([...modalities].map(([name, fields]) => [name, fields?.kind]));
    const given = Object.fromEntries([...objectives].map(([name, fields]) => [name, fields ?? {}]));
    checkObjectives(given, kinds, reporting);
  }
  if (names !== undefined) checkColumns(json, names, reporting);
  const length = sound<number>("/data/length");
  for (const m of resolved) if (length !== undefined) checkLength(m, length, reporting);
  const [schedule, steps] = [sound<SpecJson["train"]["schedule"]>("/train/schedule"), sound<number>("/train/steps")];
  if (schedule !== undefined && steps !== undefined) checkWarmup({ schedule, steps }, reporting);
}

/** Checks a single block. Groups need the modalities' names, and heads need `d_model`; without these they are not checked. */
function checkBlockAlone(
  name: string,
  fields: BlockJson,
  names: readonly string[] | undefined,
  width: number | undefined,
  reporting: Pick<Resolving, "places" | "diagnostics">,
): void {
  const decouple = fields.decouple.map(({ groups, ...rest }) => ({ ...rest, ...(names && groups && { groups }) }));
  block(name, { ...fields, decouple } as BlockJson, width ?? multipleOf(fields), names ?? [], reporting);
}

const soundOf = <T>(all: Named<T | undefined> | undefined): Map<string, T> =>
  new Map([...(all ?? [])].flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

interface Soundness {
  /** The value at a pointer, if it exists and passes the schema. */
  readonly sound: <T>(pointer: string) => T | undefined;
  /** The members of a group with free names, each by the same rule; undefined if some may be missing. */
  readonly named: <T>(pointer: string) => Named<T | undefined> | undefined;
}

function soundnessOf(json: Json, errors: readonly ErrorObject[]): Soundness {
  // An extra field does not affect others; but a misspelt `modality` can be the reason for a missing one.
  const wrong = new Set<string>();
  const open = new Set<string>();
  for (const { keyword, instancePath } of errors) {
    if (keyword === "additionalProperties") open.add(instancePath);
    else
      for (let at = instancePath; ; at = at.slice(0, at.lastIndexOf("/"))) {
        wrong.add(at);
        if (at === "") break;
      }
  }
  const at = (pointer: string) =>
    keysOf(pointer).reduce<unknown>(
      (value, key) => (isGroup(value) && Object.hasOwn(value, key) ? value[key] : undefined),
      json,
    );
  const sound = <T>(pointer: string) => (wrong.has(pointer) ? undefined : (at(pointer) as T | undefined));
  const named = <T>(pointer: string): Named<T | undefined> | undefined => {
    const group = at(pointer);
    if (!isGroup(group) || open.has(pointer.slice(0, pointer.lastIndexOf("/")))) return undefined;
    return new Map(Object.keys(group).map((name) => [name, sound<T>(below(pointer, name))]));
  };
  return { sound, named };
}

const isGroup = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
