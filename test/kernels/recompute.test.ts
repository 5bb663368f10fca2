// Recomputed activations: the same bits as kept ones, computed late, with less memory.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Batch } from "../../src/batch/batch.js";
import { syntheticBatch } from "../../src/bench/synthetic.js";
import {
  type CompileOptions,
  compile,
  programAfter,
  programsOf,
  type StageOutput,
  TRAINING_PHASES,
} from "../../src/compile.js";
import type { CheckedSpec, Recompute } from "../../src/front/spec.js";
import type { OpenDevice } from "../../src/gpu/dawn.js";
import { inspect } from "../../src/inspect/inspection.js";
import { inputsOf, type Op, outputsOf } from "../../src/ir/op.js";
import { opKey } from "../../src/ir/op-key.js";
import type { Choices } from "../../src/ir/plan.js";
import { profileNamed } from "../../src/ir/profiles.js";
import { type Program, tensorOf } from "../../src/ir/program.js";
import { settingsFor } from "../../src/kernels/draft.js";
import { countsOf, hostBatch } from "../../src/train/host-batch.js";
import { readLossSums } from "../../src/train/loss-sums.js";
import { openModel, stepScalars, type Tensors } from "../../src/train/model.js";
import { advanceState } from "../../src/train/state.js";
import { tunableNodes } from "../../src/tune/nodes.js";
import { freshDevice, missingAdapter, pipelinesOn, testDevice } from "../gpu/adapter.js";
import { image, type SpecSketch, sketch, speech, text } from "../support/spec.js";
import { made } from "./random-spec.js";

const missing = await missingAdapter();
const hasHalves = missing === undefined && (await testDevice()).profile.f16;
const SETTINGS = ["none", "cheap", "block"] as const;

const common = {
  modalities: [text, image, speech],
  vocabulary: 50,
  d_model: 32,
  layers: 1,
  decouple: ["in_proj", "x_proj", "dt_proj", "out_proj", "A", "norm"],
  attention: { groups: { q_proj: { groups: 2, of: [0, 1, 0] }, ffn: { groups: 3, of: [0, 1, 2] } } },
  length: 45,
  reset: true,
} as const satisfies SpecSketch;

/** Two attention blocks among mamba blocks. The activations of the last layer are kept. */
function mixed(
  recompute: Recompute,
  changes: Partial<SpecSketch> = {},
  layers: readonly number[] = [0, 1, 0, 1, 0],
): CheckedSpec {
  const { model, ...rest } = sketch({ ...common, ...changes, train: { batch: 2, ...changes.train, recompute } });
  return { ...rest, model: { ...model, layers } };
}

/** Three documents per sequence. */
const cut = (batch: Batch): Batch => ({
  ...batch,
  document: batch.document.map((_, r) => (r % batch.length < 7 ? 0 : r % batch.length < 30 ? 1 : 2)),
});

const optionsOf = (spec: CheckedSpec, device: string | OpenDevice): CompileOptions => ({
  profile: typeof device === "string" ? (profileNamed(device) as CompileOptions["profile"]) : device.profile,
  batch: spec.train.batch,
  length: spec.data.length,
  chunk: 16,
  phases: TRAINING_PHASES,
  variants: "first",
});

interface Trained {
  readonly losses: readonly unknown[];
  readonly gradients: readonly Tensors[];
  readonly weights: Tensors;
  readonly bytes: number;
}

/** Three updates, with the losses before each and its gradients. */
async function trained(
  spec: CheckedSpec,
  options: Partial<CompileOptions>,
  on: Promise<OpenDevice> = testDevice(),
): Promise<Trained> {
  const opened = await on;
  const compiled = compile(spec, { ...optionsOf(spec, opened), ...options });
  const model = await openModel(opened, compiled, pipelinesOn(opened));
  await model.initialise(3);
  const losses: unknown[] = [];
  const gradients: Tensors[] = [];
  for (let step = 0; step < 3; step++) {
    const batch = cut(syntheticBatch({ ...spec, train: { ...spec.train, seed: step } }));
    model.writeBatch(hostBatch(spec, batch, countsOf(spec, [batch]), { kind: "training", seed: 5 }));
    model.writeStep(stepScalars(spec.train.optimizer, () => 1e-2, 1, step + 1, false));
    model.runtime.run(["gradients", "update"]);
    if (spec.data.carry) advanceState(model);
    losses.push(await readLossSums(model, spec));
    gradients.push(await model.read("gradients"));
  }
  const weights = await model.read("parameters");
  const bytes = model.runtime.bytes.byRole.workspace ?? 0;
  model.runtime.destroy();
  return { losses, gradients, weights, bytes };
}

describe.skipIf(missing)("three updates are bit-identical, whatever is recomputed", () => {
  test.each([
    { name: "mamba, attention with a feed-forward, pictures, documents", layers: [0, 1, 0] },
    { name: "nothing fused", options: { fuse: false }, layers: [0, 1, 0] },
    {
      name: "states carried from step to step",
      changes: { modalities: [text, speech], carry: true, attention: { groups: {} } },
      layers: [0, 0, 0],
    },
    ...(hasHalves ? [{ name: "in f16", layers: [0, 1, 0], changes: { train: { precision: "f16" } } } as const] : []),
  ] as const)("$name", async (row) => {
    const { changes, layers, options } = { changes: {}, options: {}, ...row };
    const run = (how: Recompute) => trained(mixed(how, changes, layers), options);
    const none = await run("none");
    expect(none.losses[0]).not.toEqual(none.losses[2]);
    const cheap = await run("cheap");
    const block = await run("block");
    for (const other of [cheap, block]) {
      expect(other.losses).toEqual(none.losses);
      expect(other.gradients).toEqual(none.gradients);
      expect(other.weights).toEqual(none.weights);
    }
    expect(cheap.bytes).toBeLessThan(none.bytes);
    expect(block.bytes).toBeLessThan(cheap.bytes);
  });
});

/** Choices as of a tuner: the second admitted variant of each node with several. */
function secondVariants(spec: CheckedSpec, opened: OpenDevice): Choices {
  const { profile } = opened;
  const nodes = tunableNodes(programsOf(spec, optionsOf(spec, opened)), [profile], settingsFor(profile));
  return Object.fromEntries(nodes.map(({ key, candidates }) => [key, candidates[1]?.variant as string]));
}

test.skipIf(missing)(
  "they are also bit-identical with chosen variants: recomputed ops use the original's choice",
  async () => {
    // Without bounds checks, as in training: with them a software adapter takes half a minute to compile these
    // variants.
    const device = freshDevice(undefined, true);
    const opened = await device;
    const layers = [0, 1, 0];
    const choices = secondVariants(mixed("none", {}, layers), opened);
    expect(Object.keys(choices).length).toBeGreaterThan(3);
    const run = (how: Recompute) => trained(mixed(how, {}, layers), { choices }, device);
    const none = await run("none");
    const plain = await trained(mixed("none", {}, layers), {}, device);
    expect(none.gradients).not.toEqual(plain.gradients);
    for (const how of ["cheap", "block"] as const) {
      expect(secondVariants(mixed(how, {}, layers), opened)).toEqual(choices);
      const other = await run(how);
      expect(other.losses).toEqual(none.losses);
      expect(other.gradients).toEqual(none.gradients);
      expect(other.weights).toEqual(none.weights);
    }
  },
);

const gradientsOf = (spec: CheckedSpec, options: Partial<CompileOptions> = {}): StageOutput =>
  programsOf(spec, { ...optionsOf(spec, "nvidia-h100"), ...options })[0] as StageOutput;

/** The layer of a recomputed tensor. */
const layerOf = (name: string): number | undefined => {
  const [, layer] = /^layers\.(\d+)\..* again$/.exec(name) ?? [];
  return layer === undefined ? undefined : Number(layer);
};
const namesOf = (program: Program, ids: ReturnType<typeof inputsOf>): string[] =>
  ids.map((id) => tensorOf(program, id).name);
/** The kinds of a layer's recomputed ops, in order. */
const kindsAgain = (program: Program, layer: number): string[] =>
  program.ops.filter((op) => namesOf(program, outputsOf(op)).some((n) => layerOf(n) === layer)).map(({ kind }) => kind);

describe("recomputed ops", () => {
  const kinds = (how: Recompute, layer: number) => kindsAgain(gradientsOf(mixed(how)).final, layer);
  test("cheap: convolution, delta and scan of a mamba block, the product of a feed-forward", () => {
    expect(kinds("cheap", 0)).toEqual(["conv", "linear", "scan"]);
    // The rotated q and k replace the originals. Keeping the originals instead would save nothing.
    expect(kinds("cheap", 1)).toEqual(["swiglu"]);
  });
  test("block: everything that the gradients of a layer read, except for the last layer", () => {
    expect(kinds("block", 2)).toEqual(["rms", "linear", "conv", "linear", "linear", "scan"]);
    const attend = ["rms", "linear", "linear", "linear", "rotate", "rotate", "attention", "linear"];
    expect([...kinds("block", 3)].sort()).toEqual([...attend, "rms", "linear", "linear", "swiglu"].sort());
    expect(kinds("block", 4)).toEqual([]);
  });
  test("in f16: casts of weights and of other operands of products are recomputed", () => {
    const halved = (how: Recompute, layer: number): string[] =>
      kindsAgain(gradientsOf(mixed(how, { train: { precision: "f16" } })).final, layer).sort();
    expect(halved("none", 0)).toEqual([]);
    // The weights of four products, and the input of the product for delta.
    const casts = new Array<string>(5).fill("cast");
    expect(halved("cheap", 0)).toEqual([...casts, "conv", "linear", "rescale", "scan"]);
    expect(halved("cheap", 4)).toEqual([]);
  });
  test.each(["f32", "f16"] as const)("only a block's input is kept (%s)", (precision) => {
    const { final } = gradientsOf(mixed("block", { train: { precision } }));
    const [start, last, end] = [0, -2, -1].map((at) => {
      const id = final.boundaries.at(at);
      return final.ops.findIndex((op) => outputsOf(op).some((made) => made === id)) + 1;
    });
    const inside = final.ops.slice(start, last).flatMap(outputsOf);
    expect(inside.length).toBeGreaterThan(30);
    const stream = new Set(final.boundaries);
    const kept = new Set(final.ops.slice(end).flatMap(inputsOf));
    const found = inside.filter((id) => kept.has(id) && !stream.has(id));
    expect(namesOf(final, found)).toEqual([]);
  });
});

test("each layer is recomputed after the gradients of the layer above, and read before those of the layer below", () => {
  fc.assert(
    fc.property(made, ({ spec, options }) => {
      const stage = gradientsOf(spec, options);
      const [fused, final] = [programAfter(stage, "narrow"), stage.final];
      const layers = final.ops.flatMap((op: Op) => {
        const touched = namesOf(final, [...inputsOf(op), ...outputsOf(op)]).map(layerOf);
        return [...new Set(touched.filter((layer) => layer !== undefined))];
      });
      expect(layers).toEqual([...layers].sort((a, b) => b - a));
      const { recompute } = spec.train;
      if (recompute === "none") expect(final).toBe(fused);
      if (recompute === "block" && spec.model.layers.length > 1) expect(layers.length).toBeGreaterThan(0);
      // Right before its use: the next op that is not recomputed itself reads it.
      final.ops.forEach((op, at) => {
        if (!namesOf(final, outputsOf(op)).some((name) => layerOf(name) !== undefined)) return;
        const next = final.ops
          .slice(at + 1)
          .find((o) => namesOf(final, outputsOf(o)).every((n) => !n.endsWith(" again")));
        const reads = namesOf(final, inputsOf(next as Op)).some((name) => layerOf(name) !== undefined);
        expect(reads).toBe(true);
      });
    }),
    { numRuns: 60, seed: 9 },
  );
});

test("a recomputed op has the key of the original, so one choice applies to both", () => {
  let [again, halves] = [0, 0];
  fc.assert(
    fc.property(made, fc.constantFrom("f32", "f16"), ({ spec, options }, wanted) => {
      const precision = options.profile.f16 ? wanted : "f32";
      const stage = gradientsOf({ ...spec, train: { ...spec.train, precision } }, options);
      const [fused, final] = [programAfter(stage, "narrow"), stage.final];
      const keys = new Set(fused.ops.map((op) => opKey(fused, op)));
      for (const op of final.ops) expect(keys).toContain(opKey(final, op));
      const more = final.ops.length - fused.ops.length;
      again += more;
      if (precision === "f16") halves += more;
    }),
    { numRuns: 60, seed: 9 },
  );
  expect(again).toBeGreaterThan(100);
  expect(halves).toBeGreaterThan(10);
});

test("FLOPs per token are the model's; recomputed FLOPs are reported separately", () => {
  const told = SETTINGS.map((how) => {
    const spec = mixed(how);
    return inspect(spec, { ...optionsOf(spec, "nvidia-h100"), variants: "all" });
  });
  const [none, cheap, block] = told.map(({ modalities }) => modalities);
  for (const other of [cheap, block]) {
    expect(other?.map((m) => m.training)).toEqual(none?.map((m) => m.training));
    expect(other?.map((m) => m.forward)).toEqual(none?.map((m) => m.forward));
  }
  expect(none?.map((m) => m.again)).toEqual([0, 0, 0]);
  // Two mamba blocks: convolution with SiLU, delta of rank 2 with bias and softplus, scan with gate; a SwiGLU of 64.
  const [E, N, F] = [64, 16, 64];
  const mamba = E * (2 * 4 + 4) + E * (2 * 2 + 1 + 3) + E * (7 * N + 3 + 5);
  expect(cheap?.map((m) => m.again)).toEqual([0, 0, 0].map(() => 2 * mamba + 2 * 5 * F));
  block?.forEach((m, i) => {
    expect(m.again).toBeGreaterThan(2 * (cheap?.[i]?.again as number));
    expect(m.again).toBeLessThan(m.forward);
  });
});
