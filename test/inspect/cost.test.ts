// FLOPs per token equal counts by hand. Fusion and decoupling do not change them.
import { expect, test } from "vitest";
import {
  type CompileOptions,
  compile,
  programAfter,
  programsOf,
  type StageOutput,
  TRAINING_PHASES,
} from "../../src/compile.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import { inspect, type ModalityCost } from "../../src/inspect/inspection.js";
import { flopsOf } from "../../src/ir/cost.js";
import { OPS } from "../../src/ir/ops/table.js";
import type { Profile } from "../../src/ir/plan.js";
import { PROFILES, profileNamed } from "../../src/ir/profiles.js";
import type { Program } from "../../src/ir/program.js";
import { image, sketch, speech, text } from "../support/spec.js";

const options = (spec: CheckedSpec, device = "nvidia-h100", batch = spec.train.batch): CompileOptions => ({
  profile: profileNamed(device) as Profile,
  batch,
  length: spec.data.length,
  phases: TRAINING_PHASES,
  variants: "all",
});
const common = { modalities: [text, speech], vocabulary: 50, d_model: 32, layers: 1 } as const;
const costOf = (spec: CheckedSpec): readonly ModalityCost[] => inspect(spec, options(spec)).modalities;
const flops = (program: Program): number => program.ops.reduce((sum, op) => sum + flopsOf(program, op), 0);

test("the forward pass of a Mamba block costs as many FLOPs as counted by hand", () => {
  const { modalities } = inspect(sketch(common), options(sketch(common)));
  const [d, E, N, R, V] = [32, 64, 16, 2, 50];
  const norm = 2 * d + 4 + 2 * d;
  const products = 2 * d * 2 * E + 2 * E * (R + 2 * N) + 2 * R * E + 2 * E * d;
  const rest = E * (2 * 4 + 4) + 4 * E + E * (7 * N + 3 + 5) + d; // conv and SiLU, bias and softplus, scan and gate, residual
  const head = norm + 2 * d * V + 3 * V + 2 + 1; // 1 for the sum of losses
  expect(modalities.map((m) => m.forward)).toEqual([norm + products + rest + head, norm + products + rest + head]);
});

test("a Transformer layer costs as many FLOPs as counted by hand, forward and backward", () => {
  const spec = sketch({ ...common, layers: 0, attention: { heads: 4, kv_heads: 2, ffn: 48 }, length: 64 });
  const { modalities } = inspect(spec, options(spec));
  const [d, kv, H, F, V] = [32, 16, 4, 48, 50];
  const n = (64 + 1) / 2; // keys per position, on average
  const norm = 2 * d + 4 + 2 * d;
  const projections = 2 * d * d + 2 * 2 * d * kv + 2 * d * d;
  const attention = 3 * (d + kv) + n * (4 * d + 4 * H) + d + 2 * H; // RoPE; scores, softmax, sums
  // The products with q, k, v, w1 and w3 scale their input by the norm.
  const scaled = 2 * d;
  const feed = norm + scaled + 3 * 2 * d * F + 5 * F;
  const layer = norm + 2 * scaled + projections + attention + d + feed + d;
  const head = norm + 2 * d * V + 3 * V + 2 + 1;
  expect(modalities.map((m) => m.forward)).toEqual([layer + head, layer + head]);
  const { training } = modalities[0] as ModalityCost;
  const slopes = 2 * (9 * d + 3) + 2 * projections + 3 * (d + kv) + n * (8 * d + 3 * H) + 2 * d; // norms … Σ dy·y
  // Sums of gradients at the two residuals, and of q, k and v at the norm.
  const backward = slopes + 2 * d + 2 * d + (2 * 3 * 2 * d * F + 11 * F + d);
  const ends = 9 * d + 3 + 2 * 2 * d * V + 3 * V + 1 + d; // final norm, head, dlogits, embedding
  expect(training).toBe(layer + head + backward + ends);
});

test("training costs about three times the forward pass, and matrix products exactly three times", () => {
  const spec = sketch({ ...common, d_model: 256, layers: 4, vocabulary: 5000 });
  const { forward, training } = costOf(spec)[0] as ModalityCost;
  expect(training / forward).toBeGreaterThan(2.9);
  expect(training / forward).toBeLessThan(3.1);
  const differentiated = programAfter(programsOf(spec, options(spec))[0] as StageOutput, "differentiate");
  const products = (kind: string): number => {
    const alone = differentiated.ops.filter((op) => op.kind === kind && !("bias" in op.in) && !("dbias" in op.out));
    return alone.reduce((sum, op) => sum + flopsOf(differentiated, op), 0);
  };
  // dt_proj has a bias, so only its input gradient is counted.
  expect(products("linear_dx") - 4 * 2 * 16 * 512).toBe(products("linear"));
  expect(products("linear_dw")).toBe(products("linear"));
});

test("FLOPs per token do not depend on decoupling, batch or device", () => {
  const costs = (spec: CheckedSpec, device?: string, batch?: number) =>
    inspect(spec, options(spec, device, batch)).modalities.map(({ forward, training }) => [forward, training]);
  const shared = costs(sketch({ ...common, modalities: [text, image] }));
  const parts = ["in_proj", "x_proj", "dt_proj", "out_proj", "conv1d", "A", "D", "norm"] as const;
  const split = sketch({ ...common, modalities: [text, image], decouple: parts });
  expect(costs(split)).toEqual(shared);
  expect(costs(split, "nvidia-h100", 1)).toEqual(shared);
  expect(costs(sketch(common), "webgpu-default")).toEqual(costs(sketch(common), "nvidia-h100"));
});

test("fusion does not change the FLOPs", () => {
  const stage = programsOf(sketch(common), options(sketch(common)))[0] as StageOutput;
  expect(flops(programAfter(stage, "fuse"))).toBe(flops(programAfter(stage, "differentiate")));
});

test("the cost of a patch includes its projections and its share of the timestep, that of a token the head", () => {
  const spec = sketch({ ...common, modalities: [text, image] });
  const alone = sketch({ ...common, modalities: [text] });
  const [onText, onImage] = costOf(spec) as [ModalityCost, ModalityCost];
  const plain = costOf(alone)[0] as ModalityCost;
  const [d, p, V, patches] = [32, 12, 50, 16];
  const input = 3 * p + 2 * p * d + d + d + d; // noise; patch_in with its bias, added to the timestep
  const timestep = (2 * 256 * d + d + 4 * d + 2 * d * d + d) / patches;
  const output = 2 * p * d + p + 3 * p + 1 + 1;
  const block = plain.forward - (2 * d * V + 3 * V + 2 + 1);
  expect(onImage.forward).toBeCloseTo(block + input + timestep + output, 6);
  expect(Math.abs(onText.forward - plain.forward)).toBeLessThan(10 * d);
});

test("every op has a formula to print", () => {
  for (const [kind, { formula }] of Object.entries(OPS)) expect(formula, kind).not.toBe("");
});

test("the reported memory of each role equals that of the plan", () => {
  const spec = sketch({ ...common, modalities: [text, image] });
  for (const { name } of PROFILES) {
    const { memory, kernels } = inspect(spec, options(spec, name));
    const { plan } = compile(spec, options(spec, name));
    if ("pieces" in memory) throw new Error("The model does not fit.");
    expect(memory.total).toBe(plan.buffers.reduce((sum, { bytes }) => sum + bytes, 0));
    for (const { role, bytes } of memory.roles) {
      const buffers = plan.buffers.filter((buffer) => buffer.role === role);
      expect(bytes).toBe(buffers.reduce((sum, buffer) => sum + buffer.bytes, 0));
    }
    expect(kernels?.count).toBe(plan.kernels.length);
    expect(kernels?.families.reduce((sum, family) => sum + family.kernels, 0)).toBe(plan.kernels.length);
  }
});
