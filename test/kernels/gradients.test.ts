// Complete gradient phases on the device match the float64 reference and are bit-identical when run twice: with and
// without fusion, and on a device with WebGPU's default limits.
import { describe, expect, test } from "vitest";
import type { HostArray } from "../../src/batch/host-array.js";
import { ATTENTION_PARTS } from "../../src/blocks/attention.fields.js";
import { MAMBA_PARTS } from "../../src/blocks/mamba.fields.js";
import { rotaryTable } from "../../src/blocks/rotary.js";
import { type Compiled, type CompileOptions, compile } from "../../src/compile.js";
import type { Tensor } from "../../src/data/tensor.js";
import { isError } from "../../src/diagnostics/diagnostic.js";
import { check } from "../../src/front/check.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import type { OpenDevice } from "../../src/gpu/dawn.js";
import type { Meaning } from "../../src/ir/meaning.js";
import { type Program, tensorOf } from "../../src/ir/program.js";
import { count } from "../../src/ir/tensor.js";
import { timestepTable } from "../../src/modalities/timestep.js";
import type { Objective } from "../../src/objectives/objective.fields.js";
import { evaluate } from "../../src/reference/evaluate.js";
import { read, type Values } from "../../src/reference/values.js";
import { type Model, openModel, stepScalars } from "../../src/train/model.js";
import { freshDevice, missingAdapter, pipelinesOn, testDevice } from "../gpu/adapter.js";
import { relativeError } from "../support/fixtures.js";
import { randomValues } from "../support/random.js";
import { image, sketch, speech, text } from "../support/spec.js";

const missing = await missingAdapter();

const spec = sketch({
  modalities: [text, image, speech],
  vocabulary: 50,
  d_model: 12,
  layers: 2,
  block: { d_state: 8 },
  groups: Object.fromEntries(MAMBA_PARTS.map((part) => [part, { groups: 2, of: [0, 1, 0] }])),
  attention: {
    heads: 2,
    kv_heads: 1,
    groups: Object.fromEntries(ATTENTION_PARTS.map((part) => [part, { groups: 2, of: [0, 1, 0] }])),
  },
});

const typed = ({ type }: Program["tensors"][number], numbers: Float64Array): HostArray =>
  type === "f32" ? Float32Array.from(numbers) : type === "u32" ? Uint32Array.from(numbers) : Int32Array.from(numbers);

const f32Tensor = (shape: readonly number[], data: Float32Array): Tensor => ({ dtype: "F32", shape: [...shape], data });

function tableOf(means: Meaning | undefined): Float32Array | undefined {
  if (means?.is === "timesteps") return timestepTable(means.steps);
  return means?.is === "rotary" ? rotaryTable(means.theta, means.head, means.positions) : undefined;
}

/** Numbers for a program's inputs, rounded to f32. The model computes its own table of timesteps. */
function inputs(program: Program): Values {
  const v = randomValues(program, 5);
  for (const [id, numbers] of v.of) {
    v.of.set(id, Float64Array.from(tableOf(tensorOf(program, id).means) ?? numbers, Math.fround));
  }
  return v;
}

/** Each group's copy of each parameter, or of its gradient, by its name in checkpoints. */
function copies({ program, of }: Values, role: "parameter" | "gradient"): Map<string, Tensor> {
  const found = new Map<string, Tensor>();
  for (const { tensor, names, shape } of program.parameters) {
    const { name } = tensorOf(program, tensor);
    const id = program.tensors.find((t) => t.role === role && t.name === name)?.id;
    const numbers = id === undefined ? undefined : of.get(id);
    if (!numbers) continue;
    const size = count(shape);
    names.forEach((copy, g) => {
      found.set(copy, f32Tensor(shape, Float32Array.from(numbers.subarray(g * size, (g + 1) * size))));
    });
  }
  return found;
}

interface Outcome {
  readonly gradients: ReadonlyMap<string, Tensor>;
  readonly results: ReadonlyMap<string, Float32Array>;
}

async function runGradients(model: Model, v: Values): Promise<Outcome> {
  const { program } = v;
  await model.load("parameters", copies(v, "parameter"));
  const batch = program.tensors.filter(({ role }) => role === "batch");
  model.writeBatch(new Map(batch.map((tensor) => [tensor.name, typed(tensor, read(v, tensor.id))])));
  model.writeStep(stepScalars(spec.train.optimizer, () => 1e-3, 1, 1, false));
  model.runtime.run(["gradients"]);
  const results = program.tensors.filter(({ role }) => role === "result");
  return {
    gradients: await model.read("gradients"),
    results: new Map(await Promise.all(results.map(async ({ name }) => [name, await model.result(name)] as const))),
  };
}

function compiledFor(
  opened: OpenDevice,
  options: Partial<CompileOptions>,
  of: CheckedSpec,
): { compiled: Compiled; v: Values } {
  const compiled = compile(of, {
    profile: opened.profile,
    batch: 2,
    length: 45,
    chunk: 16,
    phases: [{ name: "gradients", part: "model", noise: "drawn", gradients: true }],
    variants: "first",
    ...options,
  });
  return { compiled, v: inputs(compiled.stages[0]?.final as Program) };
}

/** Runs the phase twice and checks that the bits are equal and match the reference. */
async function checkPhase(opened: OpenDevice, options: Partial<CompileOptions>, of = spec): Promise<string[]> {
  const { compiled, v } = compiledFor(opened, options, of);
  const model = await openModel(opened, compiled, pipelinesOn(opened));
  expect(model.runtime.bytes.total).toBe(compiled.plan.buffers.reduce((sum, { bytes }) => sum + bytes, 0));
  const found = await runGradients(model, v);
  expect(await runGradients(model, v)).toEqual(found);
  const expected = evaluate(v);
  const gradients = copies(expected, "gradient");
  expect(gradients.size).toBe(compiled.parameters.length);
  for (const [name, { data }] of gradients) {
    expect(relativeError(found.gradients.get(name)?.data as Float32Array, data as Float32Array), name).toBeLessThan(
      5e-5,
    );
  }
  expect(found.results.size).toBe(2);
  for (const [name, numbers] of found.results) {
    const id = v.program.tensors.find((t) => t.name === name)?.id;
    expect(relativeError(numbers, read(expected, id as never)), name).toBeLessThan(1e-5);
  }
  const picks = model.runtime.picks.map(({ label, variant }) => `${label} ${variant}`);
  model.runtime.destroy();
  return picks;
}

describe.skipIf(missing)("complete gradient phases", () => {
  test.each([true, false])("match the reference with fusion: %s", async (fuse) => {
    const opened = await testDevice();
    const picks = await checkPhase(opened, { fuse });
    expect(picks.some((pick) => pick.startsWith("token_loss"))).toBe(fuse);
    const { kind, subgroup } = opened.profile;
    const onCpu = subgroup ? "quads" : "block";
    const [linear, scan] = kind === "cpu" ? [onCpu, /serial|split/] : ["tile", /shared/];
    expect(picks).toContain(`linear ${linear}`);
    expect(picks.find((pick) => pick.startsWith("scan_grad"))).toMatch(scan as RegExp);
  });

  test("match the reference on a device with WebGPU's default limits", async () => {
    const opened = await freshDevice("default");
    const picks = await checkPhase(opened, {});
    expect(picks).toContain("scan_grad shared-split");
    expect(picks.filter((pick) => /^scan_grad (shared|serial)$/.test(pick))).toEqual([]);
    opened.device.destroy();
  });

  test("of a rectified flow match the reference", async () => {
    const flow: Objective = { kind: "rectified_flow", weight: 1, time: "uniform", predict: "velocity", drop: 0 };
    const objectives = spec.objectives.map((objective) => (objective?.kind === "ddpm" ? flow : objective));
    const picks = await checkPhase(await testDevice(), {}, { ...spec, objectives });
    expect(picks.some((pick) => pick.startsWith("subtract"))).toBe(true);
  });

  test("of a model with all modalities in one group are those of the shared model", async () => {
    const { profile } = await testDevice();
    const phases = [{ name: "gradients", part: "model", noise: "drawn", gradients: true }] as const;
    const [joined, shared] = ["groups: [[text, image]]", ""].map((groups) => {
      const list = (parts: readonly string[]): string =>
        groups === "" ? "" : parts.map((part) => `${part}(${groups})`).join(", ");
      const text = source(list(MAMBA_PARTS), list(ATTENTION_PARTS));
      const { spec: checked, diagnostics } = check({ path: "a.mom", text }, () => undefined);
      expect(diagnostics.filter(isError)).toEqual([]);
      return compile(checked as CheckedSpec, { profile, batch: 2, length: 20, variants: "all", phases });
    });
    expect(joined?.plan).toEqual(shared?.plan);
    expect(joined?.parameters).toEqual(shared?.parameters);
  });
});

const source = (decouple: string, attention: string): string => `model {
  modality text: bytes
  modality image: patches(size: 8x8, patch: 2x2, channels: 3)
  d_model: 12
  block mixer: mamba { decouple: [${decouple}] }
  block attend: attention { heads: 3, decouple: [${attention}] }
  layers: 2 * mixer + attend
}
objective {
  text: cross_entropy
  image: ddpm
}
data {
  source: emoji
  length: 64
}
train {
  steps: 1
  batch: 2
}
`;
