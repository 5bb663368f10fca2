// Recomputed activations are bit-identical to stored ones, are computed late and take less memory.
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
import { randomSpec } from "./random-spec.js";

const missing = await missingAdapter();
const hasF16 = missing === undefined && (await testDevice()).profile.f16;
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

/** Two attention blocks among mamba blocks. The activations of the last layer are always stored. */
function mixed(
  recompute: Recompute,
  changes: Partial<SpecSketch> = {},
  layers: readonly number[] = [0, 1, 0, 1, 0],
): CheckedSpec {
  const { model, ...rest } = sketch({ ...common, ...changes, train: { batch: 2, ...changes.train, recompute } });
  return { ...rest, model: { ...model, layers } };
}

/** The batch with three documents per sequence. */
const withDocuments = (batch: Batch): Batch => ({
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

/** The losses and gradients of three updates. */
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
    const batch = withDocuments(syntheticBatch({ ...spec, train: { ...spec.train, seed: step } }));
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

describe.skipIf(missing)("three updates are bit-identical with and without recomputation", () => {
  test.each([
    { name: "mamba, attention with a feed-forward, images, documents", layers: [0, 1, 0] },
    { name: "without fusion", options: { fuse: false }, layers: [0, 1, 0] },
    {
      name: "states carried from step to step",
      changes: { modalities: [text, speech], carry: true, attention: { groups: {} } },
      layers: [0, 0, 0],
    },
    ...(hasF16 ? [{ name: "in f16", layers: [0, 1, 0], changes: { train: { precision: "f16" } } } as const] : []),
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

/** Choices as a tuner makes them: the second admitted variant of each node with several. */
function secondVariants(spec: CheckedSpec, opened: OpenDevice): Choices {
  const { profile } = opened;
  const nodes = tunableNodes(programsOf(spec, optionsOf(spec, opened)), [profile], settingsFor(profile));
  return Object.fromEntries(nodes.map(({ key, candidates }) => [key, candidates[1]?.variant as string]));
}

test.skipIf(missing)(
  "updates are bit-identical with tuned variants, because recomputed ops use the choice of the original",
  async () => {
    // Without bounds checks, as in training. With them, a software adapter takes half a minute to compile these
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
const recomputedKinds = (program: Program, layer: number): string[] =>
  program.ops.filter((op) => namesOf(program, outputsOf(op)).some((n) => layerOf(n) === layer)).map(({ kind }) => kind);

describe("recomputed ops", () => {
  const kinds = (how: Recompute, layer: number) => recomputedKinds(gradientsOf(mixed(how)).final, layer);
  test("`cheap` recomputes the convolution, delta and scan of mamba and the product of a feed-forward", () => {
    expect(kinds("cheap", 0)).toEqual(["conv", "linear", "scan"]);
    // The rotated q and k replace the originals, so recomputing them would save no memory.
    expect(kinds("cheap", 1)).toEqual(["swiglu"]);
  });
  test("`block` recomputes everything that gradients read, except in the last layer", () => {
    expect(kinds("block", 2)).toEqual(["rms", "linear", "conv", "linear", "linear", "scan"]);
    const attend = ["rms", "linear", "linear", "linear", "rotate", "rotate", "attention", "linear"];
    expect([...kinds("block", 3)].sort()).toEqual([...attend, "rms", "linear", "linear", "swiglu"].sort());
    expect(kinds("block", 4)).toEqual([]);
  });
  test("casts of the operands of products are recomputed in f16", () => {
    const kindsInF16 = (how: Recompute, layer: number): string[] =>
      recomputedKinds(gradientsOf(mixed(how, { train: { precision: "f16" } })).final, layer).sort();
    expect(kindsInF16("none", 0)).toEqual([]);
    // Four weights and the input of the product for delta.
    const casts = new Array<string>(5).fill("cast");
    expect(kindsInF16("cheap", 0)).toEqual([...casts, "conv", "linear", "rescale", "scan"]);
    expect(kindsInF16("cheap", 4)).toEqual([]);
  });
  test.each(["f32", "f16"] as const)("`block` stores only the input of a block (%s)", (precision) => {
    const { final } = gradientsOf(mixed("block", { train: { precision } }));
    const [start, last, end] = [0, -2, -1].map((at) => {
      const id = final.boundaries.at(at);
      return final.ops.findIndex((op) => outputsOf(op).some((output) => output === id)) + 1;
    });
    const inside = final.ops.slice(start, last).flatMap(outputsOf);
    expect(inside.length).toBeGreaterThan(30);
    const stream = new Set(final.boundaries);
    const kept = new Set(final.ops.slice(end).flatMap(inputsOf));
    const found = inside.filter((id) => kept.has(id) && !stream.has(id));
    expect(namesOf(final, found)).toEqual([]);
  });
});

test("each layer is recomputed directly before its gradients", () => {
  fc.assert(
    fc.property(randomSpec, ({ spec, options }) => {
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
      // The next op that is not recomputed reads the recomputed tensor.
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

test("a recomputed op has the key of the original, so the same choice applies", () => {
  let [recomputed, inF16] = [0, 0];
  fc.assert(
    fc.property(randomSpec, fc.constantFrom("f32", "f16"), ({ spec, options }, wanted) => {
      const precision = options.profile.f16 ? wanted : "f32";
      const stage = gradientsOf({ ...spec, train: { ...spec.train, precision } }, options);
      const [fused, final] = [programAfter(stage, "narrow"), stage.final];
      const keys = new Set(fused.ops.map((op) => opKey(fused, op)));
      for (const op of final.ops) expect(keys).toContain(opKey(final, op));
      const more = final.ops.length - fused.ops.length;
      recomputed += more;
      if (precision === "f16") inF16 += more;
    }),
    { numRuns: 60, seed: 9 },
  );
  expect(recomputed).toBeGreaterThan(100);
  expect(inF16).toBeGreaterThan(10);
});

test("FLOPs per token do not include recomputation, which is reported separately", () => {
  const inspections = SETTINGS.map((how) => {
    const spec = mixed(how);
    return inspect(spec, { ...optionsOf(spec, "nvidia-h100"), variants: "all" });
  });
  const [none, cheap, block] = inspections.map(({ modalities }) => modalities);
  for (const other of [cheap, block]) {
    expect(other?.map((m) => m.training)).toEqual(none?.map((m) => m.training));
    expect(other?.map((m) => m.forward)).toEqual(none?.map((m) => m.forward));
  }
  expect(none?.map((m) => m.again)).toEqual([0, 0, 0]);
  // Two mamba blocks (convolution with SiLU, delta of rank 2 with bias and softplus, scan with gate) and a SwiGLU of 64.
  const [E, N, F] = [64, 16, 64];
  const mamba = E * (2 * 4 + 4) + E * (2 * 2 + 1 + 3) + E * (7 * N + 3 + 5);
  expect(cheap?.map((m) => m.again)).toEqual([0, 0, 0].map(() => 2 * mamba + 2 * 5 * F));
  block?.forEach((m, i) => {
    expect(m.again).toBeGreaterThan(2 * (cheap?.[i]?.again as number));
    expect(m.again).toBeLessThan(m.forward);
  });
});
