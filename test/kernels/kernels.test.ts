// Every kernel variant matches the float64 reference at awkward sizes. A software adapter takes seconds to compile a
// kernel that uses workgroup memory. Each case therefore selects the ops that run such kernels there, without bounds
// checks as in training. With $MOM_TEST_THOROUGH (minutes) or $MOM_TEST_UNCHECKED, all kernels run.
import { beforeAll, describe, expect, test } from "vitest";
import { MAMBA_PARTS } from "../../src/blocks/mamba.fields.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import type { OpenDevice } from "../../src/gpu/dawn.js";
import type { Op } from "../../src/ir/op.js";
import { each } from "../../src/ir/ownership.js";
import { admits, type Profile } from "../../src/ir/plan.js";
import { DEFAULT_SETTINGS, type KernelSettings } from "../../src/kernels/draft.js";
import { selectKernels } from "../../src/kernels/select.js";
import { differentiate } from "../../src/passes/differentiate.js";
import { fuse } from "../../src/passes/fuse.js";
import { lower } from "../../src/passes/lower.js";
import { narrow } from "../../src/passes/narrow.js";
import { evaluate } from "../../src/reference/evaluate.js";
import type { Values } from "../../src/reference/values.js";
import { freshDevice, missingAdapter, testDevice } from "../gpu/adapter.js";
import { emulating } from "../gpu/emulated-units.js";
import { type RandomOptions, randomValues } from "../support/random.js";
import { image, type SpecSketch, sketch, speech, text } from "../support/spec.js";
import { everyOp } from "./every-op.js";

const missing = await missingAdapter();
const hasF16 = missing === undefined && (await testDevice()).profile.f16;
const hasMatrixUnits = missing === undefined && (await testDevice()).profile.matrix;
const TOLERANCE = 2e-5;
/** The tolerance for f16, whose last bit is 2^-11 of a number. */
const F16_TOLERANCE = 5e-4;

interface Case extends Omit<SpecSketch, "layers" | "vocabulary"> {
  /** The decoupled parts of each layer. The default is a single layer with the case's parts. */
  readonly layers?: readonly SpecSketch["groups"][];
  readonly name: string;
  readonly batch: number;
  readonly length: number;
  readonly chunk: number;
  readonly fuse?: false;
  readonly state?: "carried";
  readonly reset?: boolean;
  /** Upper bounds of the device's limits. */
  readonly limits?: Partial<Profile["limits"]>;
  readonly vocabulary?: number;
  readonly values?: RandomOptions;
  readonly settings?: Partial<KernelSettings>;
  /** The ops whose workgroup variants a software adapter also runs. */
  readonly workgroups?: (op: Op) => boolean;
  /** Whether the case runs in f16, on devices that support it. */
  readonly f16?: true;
}

/** The first and the last modality share a copy. */
const twoGroups = { groups: 2, of: [0, 1, 0] };
const allParts = Object.fromEntries(MAMBA_PARTS.map((part) => [part, twoGroups]));

const CASES: readonly Case[] = [
  {
    name: "one position",
    modalities: [text],
    d_model: 20,
    batch: 1,
    length: 1,
    chunk: 8,
  },
  {
    name: "two positions, an odd d_model",
    modalities: [text, image],
    d_model: 7,
    block: { d_state: 8, d_conv: 3 },
    decouple: ["in_proj", "A"],
    batch: 3,
    length: 2,
    chunk: 8,
    workgroups: ({ kind }) => ["rms", "norm_grad", "squared_error"].includes(kind),
  },
  {
    name: "63 positions in chunks of 8, all parts decoupled, for 8 storage buffers",
    modalities: [text, image, speech],
    d_model: 20,
    block: { d_state: 8, d_conv: 2 },
    decouple: MAMBA_PARTS,
    batch: 1,
    length: 63,
    chunk: 8,
    limits: { storageBuffers: 8 },
    workgroups: ({ kind }) => kind === "scan_grad" || kind === "linear",
  },
  {
    name: "64 positions in one chunk, no fusion",
    modalities: [text, image, speech],
    d_model: 12,
    decouple: ["dt_proj", "D", "norm"],
    batch: 1,
    length: 64,
    chunk: 64,
    fuse: false,
    limits: { storageBuffers: 8 },
    workgroups: ({ kind }) => kind === "cross_entropy" || kind === "scan_grad",
  },
  {
    name: "65 positions, an odd d_model, all parts in two groups",
    modalities: [text, image, speech],
    d_model: 7,
    groups: allParts,
    batch: 2,
    length: 65,
    chunk: 64,
    vocabulary: 37,
    workgroups: (op) =>
      op.kind === "scan_grad" ||
      op.kind === "token_loss" ||
      (op.kind === "linear_dw" && op.in.rstd !== undefined && op.in.scale !== undefined),
  },
  {
    name: "129 positions without any picture",
    modalities: [text, image, speech],
    d_model: 24,
    block: { d_conv: 3 },
    decouple: ["conv1d", "norm", "out_proj"],
    batch: 2,
    length: 129,
    chunk: 16,
    values: { modality: (r) => (r % 5 === 0 ? 2 : 0) },
  },
  {
    name: "wide tiles: 116 channels, ragged groups, several chunks of logits; lanes over 232 channels",
    modalities: [text, image, speech],
    d_model: 116,
    decouple: ["in_proj", "out_proj", "dt_proj", "norm"],
    batch: 2,
    length: 97,
    chunk: 20,
    vocabulary: 140,
    settings: { logitBytes: 4 * 140 * 64 },
    values: { modality: (r) => (r === 70 ? 1 : r % 3 === 0 ? 2 : 0) },
    workgroups: ({ kind }) =>
      kind.startsWith("linear") || kind.startsWith("conv") || kind === "scan" || kind === "token_loss",
  },
  {
    name: "wide tiles with everything shared and no fusion; lanes over documents",
    modalities: [text],
    d_model: 132,
    reset: true,
    batch: 1,
    length: 65,
    chunk: 64,
    fuse: false,
    vocabulary: 72,
    workgroups: ({ kind }) => kind.startsWith("linear"),
  },
  {
    name: "groups of exactly one row, several chunks of logits",
    modalities: [text, image, speech],
    d_model: 8,
    block: { d_state: 64 },
    decouple: MAMBA_PARTS,
    batch: 3,
    length: 65,
    chunk: 16,
    vocabulary: 131,
    settings: { logitBytes: 1 },
    limits: { workgroupBytes: 16384 },
    values: { modality: (r) => (r === 70 ? 1 : r === 64 ? 2 : 0) },
    workgroups: (op) =>
      op.kind === "scan_grad" ||
      (op.kind === "linear" && (op.in.residual !== undefined || op.activation === "softplus")) ||
      (op.kind === "linear_dx" && op.in.residual !== undefined) ||
      (op.kind === "linear_dw" && op.out.dbias !== undefined && op.rows.groups > 1),
  },
  {
    name: "no targets",
    modalities: [text, image],
    d_model: 8,
    batch: 1,
    length: 70,
    chunk: 64,
    values: { target: () => -1 },
  },
  {
    name: "several chunks, no fusion, images alone",
    modalities: [text, image],
    objectives: [undefined, { kind: "rectified_flow", weight: 1, time: "uniform", predict: "velocity", drop: 0 }],
    d_model: 7,
    block: { d_state: 64 },
    decouple: ["A", "x_proj"],
    batch: 2,
    length: 33,
    chunk: 8,
    fuse: false,
    limits: { storageBuffers: 8, workgroupBytes: 16384 },
    workgroups: ({ kind }) => kind === "scan_grad",
    values: { modality: () => 1 },
  },
];

/** Cases with an incoming and an outgoing state. */
const CARRIED: readonly Case[] = [
  {
    name: "one position with a state and a tail of seven",
    modalities: [text, image],
    d_model: 7,
    block: { d_state: 8, d_conv: 8 },
    decouple: ["A", "conv1d"],
    batch: 3,
    length: 1,
    chunk: 64,
    state: "carried",
  },
  {
    name: "65 positions with a state, all parts in two groups, for 8 storage buffers",
    modalities: [text, image, speech],
    d_model: 7,
    groups: allParts,
    batch: 2,
    length: 65,
    chunk: 16,
    state: "carried",
    limits: { storageBuffers: 8 },
    workgroups: ({ kind }) => kind === "scan_grad",
  },
  {
    name: "129 positions with a state, every variant of the backward scan",
    modalities: [text, image, speech],
    d_model: 33,
    block: { d_state: 8 },
    decouple: ["A", "conv1d"],
    batch: 2,
    length: 129,
    chunk: 64,
    state: "carried",
    workgroups: ({ kind }) => kind === "scan_grad",
  },
];

/** Cases with documents that start anywhere, also directly before and after the ends of chunks and runs. */
const RESET: readonly Case[] = [
  {
    name: "65 positions of many documents, all parts in two groups, for 8 storage buffers",
    modalities: [text, image, speech],
    d_model: 7,
    groups: allParts,
    batch: 2,
    length: 65,
    chunk: 16,
    reset: true,
    limits: { storageBuffers: 8 },
    workgroups: ({ kind }) => kind === "scan_grad",
  },
  {
    name: "66 positions, all but four start a document, in one chunk and a tail of seven",
    modalities: [text, image],
    d_model: 12,
    block: { d_state: 8, d_conv: 8 },
    batch: 2,
    length: 66,
    chunk: 66,
    reset: true,
    state: "carried",
    values: { reset: (r) => ([0, 3, 63, 64].includes(r) ? 0 : 1) },
  },
  {
    name: "129 positions of documents that continue from a state, every variant of the backward scan",
    modalities: [text, image, speech],
    d_model: 33,
    block: { d_state: 8 },
    batch: 2,
    length: 129,
    chunk: 8,
    reset: true,
    state: "carried",
    values: { reset: (r) => (r % 129 === 5 || r % 129 === 8 || r % 129 === 63 || r % 129 === 128 ? 1 : 0) },
    workgroups: ({ kind }) => kind === "scan_grad",
  },
  {
    name: "20 positions, no fusion",
    modalities: [text, image],
    d_model: 6,
    block: { d_state: 64, d_conv: 3 },
    decouple: ["D", "conv1d"],
    batch: 2,
    length: 20,
    chunk: 8,
    reset: true,
    fuse: false,
    limits: { storageBuffers: 8, workgroupBytes: 16384 },
    workgroups: ({ kind }) => kind === "scan_grad",
  },
];

/** Groups of one row and more, with empty slots in their last tiles. */
const RAGGED = {
  modalities: [text, image, speech],
  decouple: MAMBA_PARTS,
  batch: 2,
  length: 197,
  chunk: 20,
  values: { modality: (r: number) => (r === 70 ? 1 : r % 3 === 0 ? 2 : 0), weights: 0.05 },
};

/** Cases in f16, on devices that support it. */
const NARROW: readonly Case[] = [
  {
    name: "f16: sizes that are not multiples of four, pictures, documents",
    modalities: [text, image],
    d_model: 7,
    block: { d_state: 8, d_conv: 3 },
    decouple: ["in_proj", "A"],
    batch: 2,
    length: 33,
    chunk: 8,
    reset: true,
    f16: true,
  },
  {
    name: "f16 on matrix units: 136 columns, ragged groups of one row and more, several chunks of logits",
    ...RAGGED,
    d_model: 136,
    block: { dt_rank: 8 },
    vocabulary: 264,
    settings: { logitBytes: 4 * 264 * 130 },
    f16: true,
  },
  {
    name: "f16 on matrix units, also in gradients of weights: 144 columns, ragged groups of one row and more",
    ...RAGGED,
    d_model: 144,
    block: { dt_rank: 16 },
    vocabulary: 272,
    settings: { logitBytes: 4 * 272 * 130 },
    f16: true,
  },
  {
    name: "f16 on matrix units with everything shared, one chunk",
    modalities: [text],
    d_model: 264,
    batch: 1,
    length: 64,
    chunk: 64,
    vocabulary: 72,
    values: { weights: 0.04 },
    f16: true,
  },
];

/** Cases in f32 on matrix units, on devices that have them. */
const SPLIT: readonly Case[] = [
  {
    name: "split on matrix units: 144 columns, ragged groups of one row and more, several chunks of logits",
    ...RAGGED,
    d_model: 144,
    block: { dt_rank: 8 },
    vocabulary: 272,
    settings: { logitBytes: 8 * 272 * 130, splitFrom: 0 },
  },
  {
    name: "split on matrix units: 136 columns, whose last 16 are half empty, ragged groups",
    ...RAGGED,
    d_model: 136,
    block: { dt_rank: 8 },
    vocabulary: 272,
    settings: { splitFrom: 0 },
  },
  {
    name: "split on matrix units with everything shared, for numbers as small as gradients",
    modalities: [text],
    d_model: 80,
    batch: 1,
    length: 300,
    chunk: 64,
    vocabulary: 80,
    settings: { splitFrom: 0 },
    values: { weights: 1e-4 },
  },
];

/** A layer for each part decoupled alone, and one for each part in groups. */
const ALONE: Case = {
  name: "each part decoupled alone and in groups",
  layers: [{}, ...MAMBA_PARTS.flatMap((part) => [{ [part]: each(3) }, { [part]: twoGroups }])],
  modalities: [text, image, speech],
  d_model: 8,
  block: { d_state: 8, d_conv: 2 },
  batch: 2,
  length: 19,
  chunk: 8,
};

/** One spec with the blocks of all layers, stacked. */
function stacked(specs: readonly CheckedSpec[]): CheckedSpec {
  const [first] = specs as [CheckedSpec];
  const blocks = specs.flatMap(({ model }) => model.blocks);
  return { ...first, model: { ...first.model, blocks, layers: blocks.map((_, i) => i) } };
}

function known(
  { batch, length, chunk, state, fuse: fuses, values, layers, f16, ...rest }: Case,
  { limits }: Profile,
): Values {
  const one = { vocabulary: 50, ...rest, layers: 1 };
  const spec = layers ? stacked(layers.map((groups) => sketch({ ...one, groups: groups ?? {} }))) : sketch(one);
  const program = differentiate(lower(spec, { batch, length, chunk, part: "model", noise: "drawn", state }));
  const fused = fuses === false ? program : fuse(program, { ...limits, f16: f16 === true }).program;
  return evaluate(randomValues(f16 ? narrow(fused) : fused, 1, values));
}

/** The device's profile with the limits of a case. */
function within(profile: Profile, limits: Case["limits"] = {}): Profile {
  const all = { ...profile.limits, ...limits };
  const bounded = Object.entries(profile.limits).map(([name, value]) => [
    name,
    Math.min(value, all[name as keyof typeof all]),
  ]);
  return { ...profile, limits: Object.fromEntries(bounded) };
}

describe.skipIf(missing)("kernels", () => {
  let opened: OpenDevice;
  let unchecked: OpenDevice;
  /** The variants that ran and those that can run, as `kind variant`. */
  const ran = new Set<string>();
  const offered = new Set<string>();
  beforeAll(async () => {
    opened = await testDevice();
    unchecked = thorough() ? opened : await freshDevice(undefined, true);
  });

  const { MOM_TEST_THOROUGH, MOM_TEST_UNCHECKED } = process.env;
  const thorough = (): boolean => opened.profile.kind === "gpu" || Boolean(MOM_TEST_THOROUGH || MOM_TEST_UNCHECKED);

  const compare = async (sizes: Case): Promise<void> => {
    const profile = within(opened.profile, sizes.limits);
    const v = known(sizes, profile);
    const settings = { ...DEFAULT_SETTINGS, ...sizes.settings };
    const check = async (
      kind: "cpu" | "gpu",
      op: (op: Op) => boolean,
      { subgroup }: Pick<Profile, "subgroup"> = profile,
    ): Promise<void> => {
      const { device } = kind === "gpu" ? unchecked : opened;
      const differences = await everyOp(device, { ...profile, kind, subgroup }, v, { op, settings });
      expect(differences.length).toBeGreaterThan(0);
      const limit = (f16: boolean): number => (f16 ? F16_TOLERANCE : TOLERANCE);
      expect(differences.filter(({ error, f16 }) => !(error < limit(f16)))).toEqual([]);
      for (const { op, variant } of differences) ran.add(`${op} ${variant}`);
    };
    await check("cpu", () => true);
    // CPU adapters without quads run different variants.
    const inQuads = (op: Op): boolean => selectKernels(v.program, op).some(({ variant }) => variant === "quads");
    if (profile.subgroup) await check("cpu", inQuads, { subgroup: undefined });
    if (thorough()) await check("gpu", () => true);
    else if (sizes.workgroups) await check("gpu", sizes.workgroups);
    for (const op of v.program.ops) {
      const choices = selectKernels(v.program, op, settings).filter(({ requires }) =>
        admits({ ...profile, kind: "any" }, requires),
      );
      for (const { variant } of choices) offered.add(`${op.kind} ${variant}`);
    }
  };
  test.each([...CASES, ...CARRIED, ...RESET, ALONE])("every kernel matches the reference: $name", compare);
  test.skipIf(!hasF16).each(NARROW)("every kernel matches the reference: $name", compare);
  test.skipIf(!hasMatrixUnits).each(SPLIT)("every kernel matches the reference: $name", compare);

  test
    .skipIf(!(hasF16 && !hasMatrixUnits && MOM_TEST_THOROUGH))
    .each([...NARROW, ...SPLIT].filter(({ name }) => name.includes("144 columns")))(
    "products match the reference, on an emulation of the units: $name",
    async (sizes) => {
      const { device, profile } = emulating(await freshDevice(undefined, true));
      const settings = { ...DEFAULT_SETTINGS, ...sizes.settings };
      const v = known(sizes, profile);
      const variant = sizes.f16 ? "matrix" : "split";
      const onUnits = (op: Op): boolean =>
        selectKernels(v.program, op, settings).some((choice) => choice.variant === variant);
      // The first of each kind, because an emulated kernel takes minutes to compile.
      const firsts = ["linear", "linear_dx", "linear_dw"].map((kind) =>
        v.program.ops.find((op) => op.kind === kind && onUnits(op)),
      );
      const differences = await everyOp(device, profile, v, { op: (op) => firsts.includes(op), variant, settings });
      expect([...new Set(differences.map((found) => `${found.op} ${found.variant}`))].sort()).toEqual(
        ["linear", "linear_dw", "linear_dx"].map((kind) => `${kind} ${variant}`),
      );
      expect(differences.filter(({ error, f16 }) => !(error < (f16 ? F16_TOLERANCE : TOLERANCE)))).toEqual([]);
    },
    3_600_000,
  );

  test("every variant that the device admits has run", () => {
    expect([...offered].filter((variant) => !ran.has(variant))).toEqual([]);
  });
});
