// A model whose groups all have the shared weights gives the losses of the shared model. The two models have different
// kernels, and a GPU's compiler may fuse their multiplications and additions differently, so bits are only compared on
// SwiftShader.
import { describe, expect, test } from "vitest";
import type { HostArray, HostBatch } from "../../src/batch/host-array.js";
import { MAMBA_PARTS, type MambaPart } from "../../src/blocks/mamba.fields.js";
import { type Compiled, compile } from "../../src/compile.js";
import type { Tensor } from "../../src/data/tensor.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import { type Program, tensorOf } from "../../src/ir/program.js";
import { read } from "../../src/reference/values.js";
import { openModel, type Tensors } from "../../src/train/model.js";
import { startFrom } from "../../src/train/start.js";
import { missingAdapter, pipelinesOn, testDevice } from "../gpu/adapter.js";
import { relativeError } from "../support/fixtures.js";
import { randomValues } from "../support/random.js";
import { image, sketch, speech, text } from "../support/spec.js";

const missing = await missingAdapter();
const PROJECTIONS = ["in_proj", "x_proj", "dt_proj", "out_proj"] as const;
const ALL_EXCEPT_A = MAMBA_PARTS.filter((part) => part !== "A");

async function compiledFor(spec: CheckedSpec, length: number): Promise<Compiled> {
  const { profile } = await testDevice();
  return compile(spec, {
    profile,
    batch: 2,
    length,
    chunk: 16,
    phases: [{ name: "validate", part: "model", noise: "drawn", gradients: false }],
    variants: "first",
  });
}

const programOf = ({ stages }: Compiled): Program => stages[0]?.final as Program;

/** Host inputs, the same for every model with these modalities. */
function batchOf(program: Program): Map<string, HostArray> {
  const v = randomValues(program, 5);
  return new Map(
    program.tensors
      .filter(({ role }) => role === "batch")
      .map(({ id, name, type }) => {
        const numbers = read(v, id);
        return [name, type === "f32" ? Float32Array.from(numbers) : Int32Array.from(numbers)];
      }),
  );
}

/** Random weights of the shared model. */
function denseWeights(program: Program): Map<string, Tensor> {
  const v = randomValues(program, 9);
  return new Map(
    program.parameters.map(({ tensor, names: [name = ""], shape }) => {
      expect(tensorOf(program, tensor).shape[0]).toBe(1);
      return [name, { dtype: "F32", shape, data: Float32Array.from(read(v, tensor)) }];
    }),
  );
}

async function lossesOf(compiled: Compiled, weights: Tensors, batch: HostBatch): Promise<Map<string, Float32Array>> {
  const opened = await testDevice();
  const model = await openModel(opened, compiled, pipelinesOn(opened));
  await model.load("parameters", weights);
  model.writeBatch(batch);
  model.runtime.run(["validate"]);
  const found = new Map<string, Float32Array>();
  for (const { name, role } of programOf(compiled).tensors) {
    if (role === "result") found.set(name, await model.result(name));
  }
  model.runtime.destroy();
  return found;
}

const groupsOf = (parts: readonly MambaPart[], of: readonly number[]) =>
  Object.fromEntries(parts.map((part) => [part, { groups: Math.max(...of) + 1, of }]));

describe.skipIf(missing)("the losses of an upcycled dense model are bit-identical to the dense model's", () => {
  test.each([
    ["the four projections", [text, image], PROJECTIONS, [0, 1], 45],
    ["every part except A, in two groups", [text, image, speech], ALL_EXCEPT_A, [0, 1, 0], 45],
    // The decay of each A is rounded separately across chunks of the scan, so there is one chunk.
    ["every part, in one chunk", [text, image, speech], MAMBA_PARTS, [0, 1, 2], 16],
  ] as const)("%s", async (_, modalities, parts, of, length) => {
    const common = { modalities, vocabulary: 50, d_model: 20, layers: 2 };
    const base = await compiledFor(sketch(common), length);
    const split = await compiledFor(sketch({ ...common, groups: groupsOf(parts, of) }), length);
    const weights = denseWeights(programOf(base));
    const names = modalities.map(({ name }) => name);
    const start = startFrom({ from: "dense", tensors: weights, owners: undefined }, split, names, 1);
    const fates = [...start.fates.values()];
    expect(fates.filter((fate) => fate === "copied").length).toBeGreaterThanOrEqual(2 * parts.length);
    expect(fates).not.toContain("drawn");
    const batch = batchOf(programOf(base));
    const shared = await lossesOf(base, weights, batch);
    const copied = await lossesOf(split, start.tensors, batch);
    expect([...copied.keys()]).toEqual([...shared.keys()]);
    // A GPU's compiler may fuse multiplications and additions in one kernel and not in the other.
    const bits = (await testDevice()).source === "swiftshader";
    for (const [name, numbers] of shared) {
      if (bits) expect(copied.get(name), name).toEqual(numbers);
      expect(relativeError(copied.get(name) as Float32Array, numbers), name).toBeLessThan(1e-6);
    }
    expect(shared.size).toBeGreaterThan(0);
    for (const numbers of shared.values()) {
      expect(numbers.slice(0, modalities.length).some((n) => n !== 0 && Number.isFinite(n))).toBe(true);
    }
  });
});
