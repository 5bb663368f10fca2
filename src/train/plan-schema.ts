// What plan.json holds besides buffers and dispatches: the checked spec, the device's profile, parameters and tables. The
// fields of a block, an objective or a modality are known to their own rooms alone, so here they are only plain values.
import { type CheckedJson, COUNT, jsonReader } from "../data/checked-json.js";
import type { CheckedSpec } from "../front/spec.js";

/** JSON Schema of an object with these fields and no others; `null` stands for what is absent. */
const object = (properties: Readonly<Record<string, object>>, optional: readonly string[] = []) => ({
  type: "object",
  properties,
  required: Object.keys(properties).filter((key) => !optional.includes(key)),
  additionalProperties: false,
});
const listOf = (items: object, more: object = {}) => ({ type: "array", items, ...more });
const orNull = (schema: object) => ({ ...schema, type: ["object", "null"] });

const TEXT = { type: "string" };
const FLAG = { type: "boolean" };
/** Sizes and numbers of things in a spec: larger ones would be refused there. */
const SIZE = { type: "integer", minimum: 0, maximum: 2 ** 31 };
const POSITIVE = { ...SIZE, minimum: 1 };
const INDEX = { ...SIZE, minimum: -1 };
const NUMBER = { type: "number", minimum: 0, maximum: 1e30 };
const SHARE = { type: "number", minimum: 0, maximum: 1 };
/** What a kind's own field may be. */
const PLAIN = { type: ["string", "number", "boolean", "null"], minimum: 0, maximum: 2 ** 53 };

const ownership = object({ groups: { ...POSITIVE, maximum: 1000 }, of: listOf({ ...INDEX, maximum: 1000 }) });
const ofAKind = (fields: Readonly<Record<string, object>>) => ({
  type: "object",
  properties: { kind: TEXT, ...fields },
  required: ["kind", ...Object.keys(fields)],
  additionalProperties: PLAIN,
});

const model = object({
  modalities: listOf(ofAKind({ name: TEXT }), { minItems: 1, maxItems: 1000 }),
  vocabulary: object({
    size: SIZE,
    owner: INDEX,
    documentEnd: INDEX,
    padding: INDEX,
    first: listOf(INDEX),
    spans: listOf(orNull(object({ begin: INDEX, end: INDEX }))),
  }),
  d_model: POSITIVE,
  blocks: listOf(
    object({ name: TEXT, fields: ofAKind({ parts: { type: "object", additionalProperties: ownership } }) }),
  ),
  layers: listOf(SIZE, { minItems: 1 }),
});

const data = object({
  source: {
    type: "object",
    properties: { kind: TEXT, path: TEXT },
    required: ["kind"],
    additionalProperties: false,
  },
  length: POSITIVE,
  held_out: SHARE,
  reset: FLAG,
  carry: FLAG,
});

const plainOrList = { ...PLAIN, type: [...PLAIN.type, "array"], items: NUMBER, maxItems: 8 };
/** One optimizer may hold another for what it does not update itself. */
const optimizer = {
  type: "object",
  properties: { kind: TEXT, lr: NUMBER },
  required: ["kind", "lr"],
  additionalProperties: { ...plainOrList, type: [...plainOrList.type, "object"], additionalProperties: plainOrList },
};

const train = object(
  {
    steps: SIZE,
    batch: POSITIVE,
    accumulate: POSITIVE,
    init: orNull(object({ kind: TEXT, path: TEXT, prefix: { type: ["string", "null"] } }, ["prefix"])),
    optimizer,
    schedule: object({ kind: { enum: ["constant", "cosine"] }, warmup: SIZE, floor: SHARE }, ["floor"]),
    clip: { ...NUMBER, type: ["number", "null"] },
    precision: { enum: ["f32", "f16"] },
    recompute: { enum: ["none", "cheap", "block"] },
    seed: COUNT,
    validate_every: POSITIVE,
    checkpoint_every: POSITIVE,
    keep: POSITIVE,
  },
  ["init", "clip"],
);

const profile = object(
  {
    name: TEXT,
    kind: { enum: ["cpu", "gpu", "any"] },
    limits: { type: "object", additionalProperties: { type: "number", minimum: 0 } },
    subgroup: orNull(object({ min: POSITIVE, max: POSITIVE })),
    f16: FLAG,
    matrix: FLAG,
  },
  ["subgroup"],
);

const parameter = object({
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
  spec: object({
    model,
    objectives: listOf(orNull(ofAKind({ weight: NUMBER }))),
    data,
    train,
    ablations: { type: "array" },
  }),
  profile,
  compiled: object(
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

/** Reads plan.json as JSON, `null` standing for what is absent. */
export const readPlanJson: (bytes: Uint8Array) => CheckedJson<unknown> = jsonReader<unknown>(SCHEMA);

/** What of a spec does not fit together; undefined where all fits. */
export function misfit(spec: CheckedSpec): string | undefined {
  const { modalities, vocabulary, blocks, layers } = spec.model;
  const count = modalities.length;
  const owned = (parts: Readonly<Record<string, { readonly groups: number; readonly of: readonly number[] }>>) =>
    Object.values(parts).every(({ groups, of }) => of.length === count && of.every((group) => group < groups));
  const facts: readonly (readonly [boolean, string])[] = [
    [spec.objectives.length === count, "spec.objectives is not one for each modality"],
    [vocabulary.first.length === count, "spec.model.vocabulary.first is not one for each modality"],
    [vocabulary.spans.length === count, "spec.model.vocabulary.spans is not one for each modality"],
    [layers.every((block) => block < blocks.length), "spec.model.layers names a block that is not there"],
    [
      blocks.every(({ fields }) => owned(fields.parts)),
      "spec.model.blocks has parts that are not owned by every modality",
    ],
  ];
  return facts.find(([fits]) => !fits)?.[1];
}
