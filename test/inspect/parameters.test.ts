// Parameter counts equal counts by hand, which use no code of the compiler.
import { expect, test } from "vitest";
import { type CompileOptions, TRAINING_PHASES } from "../../src/compile.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import { inspect } from "../../src/inspect/inspection.js";
import type { Profile } from "../../src/ir/plan.js";
import { profileNamed } from "../../src/ir/profiles.js";
import { image, sketch, speech, text } from "../support/spec.js";

const options = (spec: CheckedSpec, device = "webgpu-default"): CompileOptions => ({
  profile: profileNamed(device) as Profile,
  batch: spec.train.batch,
  length: spec.data.length,
  phases: TRAINING_PHASES,
  variants: "all",
});
const PROJECTIONS = ["in_proj", "x_proj", "dt_proj", "out_proj"] as const;

test("a model with d_model 768, 32 blocks and two token modalities has 291 M parameters, 171 M of them active", () => {
  const spec = sketch({
    modalities: [text, speech],
    vocabulary: 32_768,
    d_model: 768,
    layers: 32,
    decouple: PROJECTIONS,
    length: 1024,
  });
  // d_inner 1536, d_state 16, d_conv 4, dt_rank 48.
  const in_proj = 768 * 3072; // [2·1536, 768] = 2 359 296
  const x_proj = 1536 * (48 + 2 * 16); // [80, 1536] = 122 880
  const dt_proj = 1536 * 48 + 1536; // weight and bias = 75 264
  const out_proj = 1536 * 768; // 1 179 648
  const projections = in_proj + x_proj + dt_proj + out_proj;
  expect(projections).toBe(3_737_088);
  const shared = 768 + (1536 * 4 + 1536) + 1536 * 16 + 1536; // norm, conv1d, A_log, D
  expect(shared).toBe(34_560);
  const ends = 2 * 32_768 * 768 + 768; // embedding, head, final norm
  expect(ends).toBe(50_332_416);
  const total = 32 * (2 * projections + shared) + ends;
  const active = 32 * (projections + shared) + ends;
  expect([total, active]).toEqual([290_611_968, 171_025_152]);

  const start = performance.now();
  const { parameters, modalities } = inspect(spec, options(spec));
  expect(performance.now() - start).toBeLessThan(5000);
  expect([parameters.total, parameters.active]).toEqual([total, active]);
  expect(modalities.map((m) => m.parameters)).toEqual([active, active]);
  expect(parameters.layers).toEqual([
    { block: "mixer", kind: "mamba", layers: 32, total: total - ends, active: active - ends },
  ]);
  const part = (name: string) => parameters.parts.find((one) => one.part === name);
  expect(part("in_proj")).toMatchObject({ total: 64 * in_proj, active: 32 * in_proj });
  expect(part("dt_proj")).toMatchObject({ total: 64 * dt_proj, active: 32 * dt_proj });
  expect(part("head")).toMatchObject({ total: 32_768 * 768, active: 32_768 * 768 });
});

test("the active parameters of a modality include its own embedding and head", () => {
  const spec = sketch({ modalities: [text, image], vocabulary: 50, d_model: 32, layers: 1, decouple: ["x_proj"] });
  const { parameters, modalities } = inspect(spec, options(spec));
  // d_inner 64, dt_rank 2; a patch is 2·2·3 = 12 numbers.
  const block = 32 + 32 * 128 + (64 * 4 + 64) + 64 * 34 + (64 * 2 + 64) + 64 * 16 + 64 + 64 * 32;
  const tables = 2 * 50 * 32;
  const patches = 12 * 32 + 32 + (256 * 32 + 32) + (32 * 32 + 32) + 32 * 12 + 12;
  expect(modalities.map((m) => m.parameters)).toEqual([block + 32 + tables, block + 32 + patches]);
  expect(parameters.active).toBe(block + 32 + tables + patches);
  expect(parameters.total).toBe(parameters.active + 64 * 34);
});

test("modalities of a group share a copy, and a dropped bias is not active", () => {
  const groups = { out_proj: { groups: 2, of: [0, 1, 0] } };
  const common = { modalities: [text, image, speech], vocabulary: 50, d_model: 32, layers: 2 } as const;
  const shared = inspect(sketch(common), options(sketch(common))).parameters;
  const grouped = inspect(sketch({ ...common, groups }), options(sketch({ ...common, groups }))).parameters;
  expect(grouped.total - shared.total).toBe(2 * 64 * 32);
  expect(grouped.active).toBe(shared.active);
  const released = sketch({ ...common, block: { dt_bias: "released" } });
  const dropped = inspect(released, options(released)).parameters;
  expect([dropped.total, dropped.active]).toEqual([shared.total, shared.active - 2 * 64]);
});

test("the largest model of the paper exceeds the default device and is inspected in less than 10 s", () => {
  const spec = sketch({
    modalities: [text, speech],
    vocabulary: 32_000,
    d_model: 2048,
    layers: 48,
    decouple: PROJECTIONS,
    length: 4096,
    train: { batch: 1 },
  });
  const start = performance.now();
  const inspection = inspect(spec, options(spec));
  expect(performance.now() - start).toBeLessThan(10_000);
  expect(inspection.kernels).toBeUndefined();
  expect(inspection.parameters.total).toBe(2_665_056_256);
  if (!("pieces" in inspection.memory)) throw new Error("The model fits.");
  expect(inspection.memory).toMatchObject({ limit: 2 ** 27, fits: "swiftshader" });
  expect(inspection.memory.pieces[0]).toEqual({ what: "embed.weight", bytes: 4 * 32_000 * 2048 });
  expect(inspection.memory.pieces.map(({ what }) => what)).toContain("the parameters of layer 47");
  expect("total" in inspect(spec, options(spec, "nvidia-h100")).memory).toBe(true);
});
