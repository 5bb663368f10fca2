// Reads and validates plan.json. The schema covers the checked spec, the device's profile, parameters and tables;
// `checkPlan` covers buffers and dispatches. Only the folders of blocks, objectives and modalities know their fields, so
// here these are plain values of any name.
import type { Compiled } from "../compile.js";
import { type CheckedJson, COUNT, jsonReader } from "../data/checked-json.js";
import { allSets } from "../data/sources/emoji-sets.js";
import type { ConversationsFields, MixtureFields, SourceFields } from "../data/sources/source.fields.js";
import type { CheckedSpec, DataFields, InitFields, StopFields, TrainFields } from "../front/spec.js";
import type { Ownership } from "../ir/ownership.js";
import type { BufferRole, Profile } from "../ir/plan.js";
import type { Vocabulary } from "../modalities/modality.fields.js";

/** The fields of a type, or of any type of a union. */
type FieldOf<T> = T extends object ? keyof T & string : never;
/** The schema of each field of `T`. */
type Schemas<T> = { readonly [Field in FieldOf<T>]: object };

/** JSON Schema of an object with these fields and no others. An absent value is null. */
const object = <T>(properties: Schemas<T>, optional: readonly FieldOf<T>[] = []) => ({
  type: "object",
  properties,
  required: Object.keys(properties).filter((key) => !(optional as readonly string[]).includes(key)),
  additionalProperties: false,
});
const listOf = (items: object, more: object = {}) => ({ type: "array", items, ...more });
const orNull = (schema: object) => ({ ...schema, type: ["object", "null"] });

const TEXT = { type: "string" };
const FLAG = { type: "boolean" };
/** Sizes and counts in a spec, which rejects larger ones. */
const SIZE = { type: "integer", minimum: 0, maximum: 2 ** 31 };
const POSITIVE = { ...SIZE, minimum: 1 };
const INDEX = { ...SIZE, minimum: -1 };
const NUMBER = { type: "number", minimum: 0, maximum: 1e30 };
const SHARE = { type: "number", minimum: 0, maximum: 1 };
/** The value of a field that only a kind knows. */
const PLAIN = { type: ["string", "number", "boolean", "null"], minimum: 0, maximum: 2 ** 53 };

const ownership = object<Ownership>({
  groups: { ...POSITIVE, maximum: 1000 },
  of: listOf({ ...INDEX, maximum: 1000 }),
});
const ofAKind = (fields: Readonly<Record<string, object>>) => ({
  type: "object",
  properties: { kind: TEXT, ...fields },
  required: ["kind", ...Object.keys(fields)],
  additionalProperties: PLAIN,
});

type Model = CheckedSpec["model"];
const model = object<Model>({
  modalities: listOf(ofAKind({ name: TEXT }), { minItems: 1, maxItems: 1000 }),
  vocabulary: object<Vocabulary>({
    size: SIZE,
    owner: INDEX,
    documentEnd: INDEX,
    padding: INDEX,
    first: listOf(INDEX),
    spans: listOf(orNull(object<Vocabulary["spans"][number]>({ begin: INDEX, end: INDEX }))),
  }),
  d_model: POSITIVE,
  blocks: listOf(
    object<Model["blocks"][number]>({
      name: TEXT,
      fields: ofAKind({ parts: { type: "object", additionalProperties: ownership } }),
    }),
  ),
  layers: listOf(SIZE, { minItems: 1 }),
});

type Role = NonNullable<ConversationsFields["roles"]>[number];
const textOrNull = { type: ["string", "null"] };
/** The fields of all kinds of sources. */
const SOURCE: Omit<Schemas<SourceFields>, "of"> = {
  kind: TEXT,
  sets: listOf({ enum: allSets() }),
  names: listOf(TEXT),
  languages: listOf(TEXT),
  keywords: SIZE,
  path: TEXT,
  paths: listOf(TEXT),
  columns: { type: "object", additionalProperties: listOf(TEXT) },
  either_order: FLAG,
  long: TEXT,
  delimiter: textOrNull,
  metadata: textOrNull,
  roles: { ...listOf(object<Role>({ role: TEXT, marker: TEXT })), type: ["array", "null"] },
};
const sourceOf = (fields: Readonly<Record<string, object>>) =>
  object<Record<string, unknown>>(
    fields,
    Object.keys(fields).filter((field) => field !== "kind"),
  );
const part = object<MixtureFields["of"][number]>({ source: sourceOf(SOURCE), weight: NUMBER });
const source = sourceOf({ ...SOURCE, of: listOf(part, { maxItems: 64 }) } satisfies Schemas<SourceFields>);

const data = object<DataFields>(
  {
    source,
    validation: listOf(object<DataFields["validation"][number]>({ name: TEXT, source }), { maxItems: 16 }),
    length: POSITIVE,
    held_out: SHARE,
    reset: FLAG,
    carry: FLAG,
  },
  // Plans of earlier versions have no validation, and those of prepared data may have no share.
  ["validation", "held_out"],
);

const plainOrList = { ...PLAIN, type: [...PLAIN.type, "array"], items: NUMBER, maxItems: 8 };
/** An optimizer may contain another, for the parameters that it does not update itself. */
const optimizer = {
  type: "object",
  properties: { kind: TEXT, lr: NUMBER },
  required: ["kind", "lr"],
  additionalProperties: { ...plainOrList, type: [...plainOrList.type, "object"], additionalProperties: plainOrList },
};

const INIT = { kind: TEXT, path: TEXT, prefix: textOrNull, optimizer: { type: ["boolean", "null"] } };

const train = object<TrainFields>(
  {
    steps: SIZE,
    batch: POSITIVE,
    accumulate: POSITIVE,
    init: orNull(object<InitFields>(INIT, ["prefix", "optimizer"])),
    optimizer,
    schedule: object<TrainFields["schedule"]>({ kind: { enum: ["constant", "cosine"] }, warmup: SIZE, floor: SHARE }, [
      "floor",
    ]),
    clip: { ...NUMBER, type: ["number", "null"] },
    precision: { enum: ["f32", "f16"] },
    recompute: { enum: ["none", "cheap", "block"] },
    seed: COUNT,
    validate_every: POSITIVE,
    checkpoint_every: POSITIVE,
    samples_every: { ...POSITIVE, type: ["integer", "null"] },
    keep: POSITIVE,
    keep_best: textOrNull,
    stop: orNull(object<StopFields>({ kind: TEXT, validations: POSITIVE, on: TEXT })),
  },
  ["init", "clip", "samples_every", "keep_best", "stop"],
);

const profile = object<Profile>(
  {
    name: TEXT,
    kind: { enum: ["cpu", "gpu", "any"] },
    limits: { type: "object", additionalProperties: { type: "number", minimum: 0 } },
    subgroup: orNull(object<Profile["subgroup"]>({ min: POSITIVE, max: POSITIVE })),
    f16: FLAG,
    matrix: FLAG,
  },
  ["subgroup"],
);

const parameter = object<Compiled["parameters"][number]>({
  name: TEXT,
  shape: listOf(SIZE, { maxItems: 8 }),
  part: SIZE,
  offset: COUNT,
  group: SIZE,
  source: {
    type: "object",
    properties: { of: listOf(INDEX), layer: { ...SIZE, minimum: -1, maximum: 2 ** 32 } },
    required: ["of", "layer", "part", "initial"],
  },
});

const table = {
  type: "object",
  properties: { kind: TEXT, source: TEXT, reset: TEXT, of: listOf(INDEX), pairs: FLAG },
  required: ["kind", "source", "rows"],
  additionalProperties: SIZE,
};

const SCHEMA = object({
  format: TEXT,
  spec: object<CheckedSpec>({
    model,
    objectives: listOf(orNull(ofAKind({ weight: NUMBER }))),
    data,
    train,
    ablations: { type: "array" },
  }),
  profile,
  compiled: object<Omit<Compiled, "stages">>(
    {
      batch: POSITIVE,
      length: POSITIVE,
      chunk: POSITIVE,
      parameters: listOf(parameter),
      tables: listOf(table),
      plan: { type: "object" },
    },
    [],
  ),
});

/** Reads plan.json as JSON. Absent values are null. */
export const readPlanJson: (bytes: Uint8Array) => CheckedJson<unknown> = jsonReader<unknown>(SCHEMA);

/** Describes the first inconsistency of a spec; undefined if it has none. */
export function misfit(spec: CheckedSpec): string | undefined {
  const { modalities, vocabulary, blocks, layers } = spec.model;
  const count = modalities.length;
  const owned = (parts: Readonly<Record<string, { readonly groups: number; readonly of: readonly number[] }>>) =>
    Object.values(parts).every(({ groups, of }) => of.length === count && of.every((group) => group < groups));
  const facts: readonly (readonly [boolean, string])[] = [
    [spec.objectives.length === count, "spec.objectives does not have one entry for each modality"],
    [vocabulary.first.length === count, "spec.model.vocabulary.first does not have one entry for each modality"],
    [vocabulary.spans.length === count, "spec.model.vocabulary.spans does not have one entry for each modality"],
    [layers.every((block) => block < blocks.length), "spec.model.layers names a block that does not exist"],
    [
      blocks.every(({ fields }) => owned(fields.parts)),
      "spec.model.blocks has parts without an owner for each modality",
    ],
  ];
  return facts.find(([fits]) => !fits)?.[1];
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === "string";
const isPlain = (value: unknown): value is string | number => isText(value) || typeof value === "number";
const ROLES: { readonly [Role in BufferRole]: true } = {
  parameters: true,
  gradients: true,
  optimizer: true,
  workspace: true,
  batch: true,
  constants: true,
  step: true,
  results: true,
};
const isRole = (value: unknown): value is BufferRole => isText(value) && Object.hasOwn(ROLES, value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Describes what is wrong and where. Thrown and caught only in this file. */
class Wrong extends Error {}

function must<T>(found: unknown, is: (value: unknown) => value is T, where: string, what: string): T {
  if (!is(found)) throw new Wrong(`${where} is not ${what}`);
  return found;
}

const objectAt = (found: unknown, where: string) => must(found, isObject, where, "an object");
const list = (found: unknown, where: string): readonly unknown[] =>
  must(found, (value): value is unknown[] => Array.isArray(value), where, "a list");
const count = (found: unknown, where: string) => must(found, isCount, where, "a whole number");
const text = (found: unknown, where: string) => must(found, isText, where, "text");

interface Known {
  /** Bytes of each buffer. */
  readonly buffers: readonly number[];
  /** Bindings of each kernel. */
  readonly kernels: readonly number[];
}

/** Describes the first error; undefined if the file is valid. */
export function checkPlan(file: unknown): string | undefined {
  try {
    const { spec, profile, compiled } = objectAt(file, "the file");
    objectAt(spec, "spec");
    text(objectAt(profile, "profile").name, "profile.name");
    checkCompiled(objectAt(compiled, "compiled"));
    return undefined;
  } catch (error) {
    if (error instanceof Wrong) return error.message;
    throw error;
  }
}

function checkCompiled({ batch, length, chunk, parameters, tables, plan }: Json): void {
  for (const [name, value] of Object.entries({ batch, length, chunk })) count(value, name);
  const { buffers, kernels, phases, fields } = objectAt(plan, "plan");
  const known: Known = {
    buffers: list(buffers, "buffers").map((buffer, i) => {
      const { name, role, bytes, holds } = objectAt(buffer, `buffer ${i}`);
      text(name, `the name of buffer ${i}`);
      must(role, isRole, `the role of buffer ${i}, ${JSON.stringify(role)},`, "a role of this version");
      if (holds !== undefined) checkHeld(objectAt(holds, `the arena segment of buffer ${i}`), `buffer ${i}`);
      return count(bytes, `the size of buffer ${i}`);
    }),
    kernels: list(kernels, "kernels").map((kernel, i) => {
      const { name, bindings } = objectAt(kernel, `kernel ${i}`);
      // The name becomes a file name, so it must not lead out of the folder.
      if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(text(name, `the name of kernel ${i}`))) {
        throw new Wrong(`the name of kernel ${i} is not a valid file name`);
      }
      return list(bindings, `the bindings of kernel ${i}`).length;
    }),
  };
  list(fields, "fields").forEach((field, i) => {
    const { name, means, scope, buffer, offset, shape } = objectAt(field, `field ${i}`);
    const where = `field ${text(name, `the name of field ${i}`)}`;
    if (means !== undefined) checkMeaning(means, where);
    if (scope !== undefined) text(scope, `the scope of ${where}`);
    const numbers = list(shape, `the shape of ${where}`).reduce<number>((n, k) => n * count(k, where), 1);
    checkRange({ buffer, offset, bytes: 4 * numbers }, where, known);
  });
  list(parameters, "parameters").forEach((parameter, i) => {
    const { name, shape, part, offset, group, source } = objectAt(parameter, `parameter ${i}`);
    text(name, `the name of parameter ${i}`);
    list(shape, `the shape of parameter ${i}`);
    for (const value of [part, offset, group]) count(value, `the place of parameter ${i}`);
    objectAt(source, `the source of parameter ${i}`);
  });
  for (const table of list(tables, "tables")) {
    const { kind, source } = objectAt(table, "a table");
    for (const word of [kind, source]) text(word, "the kind or the source of a table");
  }
  for (const phase of list(phases, "phases")) checkPhase(objectAt(phase, "a phase"), known);
}

function checkHeld({ arena, part }: Json, where: string): void {
  text(arena, `the arena of ${where}`);
  count(part, `the part of ${where}`);
}

/** A meaning is an object of plain values with a tag. The meaning of a gradient contains another. */
function checkMeaning(found: unknown, where: string): void {
  const { is, of, ...rest } = objectAt(found, `the meaning of ${where}`);
  text(is, `the tag of the meaning of ${where}`);
  if (is === "gradient") checkMeaning(of, where);
  for (const value of Object.values(rest))
    must(value, isPlain, `a value in the meaning of ${where}`, "text or a number");
}

function checkPhase({ name, nodes }: Json, known: Known): void {
  list(nodes, `the nodes of phase ${text(name, "the name of a phase")}`).forEach((node, i) => {
    const { label, key = "", outputs = [], choices } = objectAt(node, `node ${i} of ${name}`);
    const where = `${text(label, `the label of node ${i} of ${name}`)} (node ${i} of ${name})`;
    text(key, `the key of ${where}`);
    for (const output of list(outputs, `the outputs of ${where}`)) {
      const { range } = objectAt(output, `an output of ${where}`);
      checkRange(objectAt(range, `the range of an output of ${where}`), where, known);
    }
    for (const choice of list(choices, `the choices of ${where}`)) {
      const { variant, requires, dispatches } = objectAt(choice, `a choice of ${where}`);
      text(variant, `a variant of ${where}`);
      objectAt(requires, `the requirements of a variant of ${where}`);
      for (const dispatch of list(dispatches, `the dispatches of ${where}`)) {
        checkDispatch(objectAt(dispatch, `a dispatch of ${where}`), where, known);
      }
    }
  });
}

function checkDispatch({ kernel, bindings, workgroups }: Json, where: string, known: Known): void {
  const wanted = known.kernels[count(kernel, `the kernel of ${where}`)];
  if (wanted === undefined) throw new Wrong(`${where} runs kernel ${kernel}, but the plan has ${known.kernels.length}`);
  const ranges = list(bindings, `the bindings of ${where}`);
  if (ranges.length !== wanted)
    throw new Wrong(`${where} binds ${ranges.length} buffers, but its kernel has ${wanted}`);
  for (const range of ranges) checkRange(objectAt(range, `a binding of ${where}`), where, known);
  const sizes = list(workgroups, `the workgroups of ${where}`);
  if (sizes.length !== 3) throw new Wrong(`the workgroups of ${where} are not three numbers`);
  for (const size of sizes) count(size, `the workgroups of ${where}`);
}

function checkRange({ buffer, offset, bytes }: Json, where: string, known: Known): void {
  const size = known.buffers[count(buffer, `the buffer of ${where}`)];
  if (size === undefined) throw new Wrong(`${where} uses buffer ${buffer}, but the plan has ${known.buffers.length}`);
  const end = count(offset, `an offset of ${where}`) + count(bytes, `a size of ${where}`);
  if (end > size) throw new Wrong(`${where} ends at byte ${end}, but its buffer has ${size}`);
}
