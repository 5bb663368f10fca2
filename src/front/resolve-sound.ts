// What can be checked of a spec that the schema rejects, or whose syntax is broken: each rule where all it reads is
// sound. So one missing section hides no other finding, also while a spec is being typed.
import type { ErrorObject } from "ajv";
import { type BlockJson, multipleOf } from "../blocks/block.fields.js";
import type { MistakeName } from "../diagnostics/codes.js";
import { type Diagnostic, isError } from "../diagnostics/diagnostic.js";
import type { ModalityJson } from "../modalities/modality.fields.js";
import type { Objective } from "../objectives/objective.fields.js";
import { countIds } from "./count-ids.js";
import type { ReadBytes } from "./files.js";
import { below, keysOf } from "./places.js";
import {
  block,
  checkLength,
  checkNames,
  checkObjectives,
  checkVocabulary,
  checkWarmup,
  layers,
  modality,
} from "./resolve.js";
import type { Resolving } from "./resolving.js";
import type { Shaping } from "./shaping.js";
import type { Json } from "./spec.js";
import type { SpecJson } from "./spec-json.js";

/** What only seems to be missing where a text is not read to its end. */
const ABSENCES: readonly MistakeName[] = [
  "group-misses",
  "no-objective",
  "no-text-modality",
  "unused-block",
  "unknown-block",
  "unknown-modality",
];

type Named<T> = ReadonlyMap<string, T>;

/**
 * Reports mistakes in the sound parts of a spec; warnings are for specs that are right.
 * @param errors what the schema says of it
 * @param broken whether the syntax is: then nothing is said of what may be written in the part that was not read
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
    checkBlock(name, fields, names, sound<number>("/model/d_model"), reporting);
  const items = sound<SpecJson["model"]["layers"]>("/model/layers");
  if (items !== undefined && blocks !== undefined) layers(items, [...blocks.keys()], reporting);

  const objectives = named<Objective>("/objective");
  if (objectives !== undefined && modalities !== undefined) {
    const kinds = new Map([...modalities].map(([name, fields]) => [name, fields?.kind]));
    const given = Object.fromEntries([...objectives].map(([name, fields]) => [name, fields ?? {}]));
    checkObjectives(given, kinds, reporting);
  }
  const length = sound<number>("/data/length");
  for (const m of resolved) if (length !== undefined) checkLength(m, length, reporting);
  const [schedule, steps] = [sound<SpecJson["train"]["schedule"]>("/train/schedule"), sound<number>("/train/steps")];
  if (schedule !== undefined && steps !== undefined) checkWarmup({ schedule, steps }, reporting);
}

/** A block by itself: without the modalities' names its groups say nothing, without `d_model` any number of heads fits. */
function checkBlock(
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
  /** The value at a pointer, if it is there and the schema passes it. */
  readonly sound: <T>(pointer: string) => T | undefined;
  /** The members of a group whose names authors choose, each by the same rule; undefined where some may be missing. */
  readonly named: <T>(pointer: string) => Named<T | undefined> | undefined;
}

function soundnessOf(json: Json, errors: readonly ErrorObject[]): Soundness {
  // A field too many spoils no other; a misspelt `modality` may stand for one that is missed.
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
  const at = (pointer: string): unknown =>
    keysOf(pointer).reduce<unknown>(
      (value, key) => (isGroup(value) && Object.hasOwn(value, key) ? value[key] : undefined),
      json,
    );
  const sound = <T>(pointer: string): T | undefined =>
    wrong.has(pointer) ? undefined : (at(pointer) as T | undefined);
  const named = <T>(pointer: string): Named<T | undefined> | undefined => {
    const group = at(pointer);
    if (!isGroup(group) || open.has(pointer.slice(0, pointer.lastIndexOf("/")))) return undefined;
    return new Map(Object.keys(group).map((name) => [name, sound<T>(below(pointer, name))]));
  };
  return { sound, named };
}

const isGroup = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
