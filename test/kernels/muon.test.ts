// Muon on the device matches the float64 reference: its products, complete updates and skipped updates.
import { beforeAll, describe, expect, test } from "vitest";
import { assemble, compile, TRAINING_PHASES } from "../../src/compile.js";
import type { Tensor } from "../../src/data/tensor.js";
import type { OpenDevice } from "../../src/gpu/dawn.js";
import { prepare } from "../../src/gpu/runtime.js";
import { build } from "../../src/ir/builder.js";
import { admits } from "../../src/ir/plan.js";
import type { Program } from "../../src/ir/program.js";
import { count, type TensorId } from "../../src/ir/tensor.js";
import { verify } from "../../src/ir/verify.js";
import { DEFAULT_SETTINGS } from "../../src/kernels/draft.js";
import { selectKernels } from "../../src/kernels/select.js";
import { stream } from "../../src/random/stream.js";
import { evaluate } from "../../src/reference/evaluate.js";
import { read, values } from "../../src/reference/values.js";
import { type Model, openModel, stepScalars } from "../../src/train/model.js";
import { missingAdapter, pipelinesOn, testDevice } from "../gpu/adapter.js";
import { called } from "../support/called.js";
import { relativeError } from "../support/fixtures.js";
import { sketch, speech, text } from "../support/spec.js";
import { updateInFloat64 } from "../support/update.js";

const missing = await missingAdapter();
const numbers = (seed: number, size: number, scale = 1): Float32Array<ArrayBuffer> => {
  const s = stream("sample", seed);
  return Float32Array.from({ length: size }, () => scale * s.normal());
};

describe.skipIf(missing)("products of stacks of matrices", () => {
  let opened: OpenDevice;
  beforeAll(async () => {
    opened = await testDevice();
  });

  test.each([
    { a: [3, 64, 20], b: [3, 64, 20], transposed: true },
    { a: [2, 128, 36], b: [2, 36, 72], transposed: false },
    { a: [2, 64, 64], b: [2, 64, 64], transposed: false },
  ])("every variant of $a · $b matches the reference, transposed: $transposed", async ({ a, b, transposed }) => {
    const builder = build("products", { batch: 1, length: 1, chunk: 1, modalities: 1 });
    const shape = [a[0] as number, a[1] as number, b[transposed ? 1 : 2] as number];
    const named = { a, b, c: shape };
    const ids = Object.entries(named).map(([name, of]) => [name, builder.input("batch", called(name), of)] as const);
    const operands = Object.fromEntries(ids) as Record<"a" | "b" | "c", TensorId>;
    const y = builder.field("result", called("y"), shape);
    builder.make("matmul", { in: operands, transposed, alpha: 2.0315, beta: -4.775 }, { y });
    const program = verify(builder.program());
    const given = (name: string): Float32Array<ArrayBuffer> | undefined => {
      const at = Object.keys(named).indexOf(name);
      return at < 0 ? undefined : numbers(at, count(Object.values(named)[at] as number[]));
    };
    const expected = read(evaluate(values(program, given)), y);
    const profile = { ...opened.profile, kind: "any" } as const;
    const variants = selectKernels(program, program.ops[0] as Program["ops"][number])
      .filter(({ requires }) => admits(profile, requires))
      .map(({ variant }) => variant);
    expect(variants.length).toBeGreaterThan(2);
    for (const force of variants) {
      const { plan } = assemble([program], { profile, variants: "first", force });
      const runtime = await prepare(opened.device, profile, plan, { pipelines: pipelinesOn(opened) });
      for (const name of Object.keys(named)) runtime.write(name, given(name) as Float32Array<ArrayBuffer>);
      runtime.run([program.name]);
      expect(relativeError(new Float32Array(await runtime.read("y")), expected), force).toBeLessThan(2e-6);
      runtime.destroy();
    }
  });
});

const rest = { kind: "adamw", lr: 3e-3, betas: [0.9, 0.95], eps: 1e-8, weight_decay: 0.1 } as const;
const MUON = { kind: "muon", lr: 2e-2, momentum: 0.95, weight_decay: 0.1, rest } as const;
const SLOTS = ["m", "v", "momentum"];

describe.skipIf(missing).each(["f32", "f16"] as const)("an update with Muon, precision %s", (precision) => {
  const SCALE = precision === "f16" ? 4096 : 1;
  let model: Model;
  let program: Program;
  beforeAll(async () => {
    const opened = await testDevice();
    const drawn = sketch({ modalities: [text, speech], vocabulary: 41, d_model: 9, layers: 3, decouple: ["in_proj"] });
    const spec = { ...drawn, train: { ...drawn.train, optimizer: MUON, precision } };
    const options = { batch: 1, length: 8, phases: TRAINING_PHASES.slice(0, 1), variants: "first" } as const;
    const settings = { ...DEFAULT_SETTINGS, logitBytes: 1 };
    const compiled = compile(spec, { ...options, settings, profile: { ...opened.profile, f16: true } });
    program = compiled.stages.at(-1)?.final as Program;
    const phases = compiled.plan.phases.slice(-1);
    model = await openModel(opened, { ...compiled, plan: { ...compiled.plan, phases } });
    // Matrices follow all other parameters and have separate slots.
    const slots = compiled.plan.buffers.filter(({ role }) => role === "optimizer").map(({ name }) => name);
    expect(slots).toEqual(["m.0", "v.0", "momentum.1"]);
    await model.load("parameters", draw(1, 1));
  });

  const draw = (seed: number, scale: number): Map<string, Tensor> =>
    new Map(
      model.compiled.parameters.map(({ name, shape }, i) => {
        const data = numbers(100 * seed + i, count(shape), scale);
        return [name, { dtype: "F32", shape: [...shape], data }];
      }),
    );
  const wide = (tensors: ReadonlyMap<string, Tensor>): Map<string, Float64Array> =>
    new Map([...tensors].map(([name, { data }]) => [name, Float64Array.from(data as Float32Array)]));
  const state = async (): Promise<Map<string, Map<string, Tensor>>> => {
    const all = new Map<string, Map<string, Tensor>>();
    for (const arena of ["parameters", ...SLOTS]) all.set(arena, await model.read(arena));
    return all;
  };
  const scalars = (step: number) => stepScalars(MUON, (peak) => peak, 0.5, step, false);
  const run = async (gradients: Map<string, Tensor>, step: number): Promise<void> => {
    model.lossScale?.write([SCALE, 0]);
    await model.load("gradients", gradients);
    model.writeStep(scalars(step));
    model.runtime.run(["update"]);
  };

  test("matches float64 and leaves a matrix without a gradient unchanged", async () => {
    expect([...model.slots].sort()).toEqual([...SLOTS].sort());
    const withoutGradient = "layers.1.mamba_model.local_experts_in_proj.1.weight";
    const start = await state();
    const arenas = new Map([...start].map(([arena, tensors]) => [arena, wide(tensors)]));
    const scale = precision === "f16" ? { scale: [SCALE, 0, 1 / SCALE] } : {};
    for (let step = 1; step <= 3; step++) {
      const gradients = draw(20 + step, 0.1 * SCALE);
      if (step === 3) (gradients.get(withoutGradient) as Tensor).data.fill(0 as never);
      const before = await state();
      await run(gradients, step);
      updateInFloat64(program, new Map([...arenas, ["gradients", wide(gradients)]]), scalars(step), scale);
      if (step < 3) continue;
      for (const arena of ["parameters", "momentum"]) {
        const [was, is] = [before.get(arena), await model.read(arena)].map((all) => all?.get(withoutGradient)?.data);
        expect(is).toEqual(was);
        expect((is as Float32Array).some((value) => value !== 0)).toBe(true);
      }
    }
    for (const [arena, tensors] of await state()) {
      for (const [name, { data }] of tensors) {
        const from = start.get(arena)?.get(name)?.data as Float32Array;
        const change = (to: ArrayLike<number>): Float64Array =>
          Float64Array.from(to, (x, i) => x - (from[i] as number));
        const wanted = change(arenas.get(arena)?.get(name) as Float64Array);
        expect(relativeError(change(data as Float32Array), wanted), `${arena} ${name}`).toBeLessThan(5e-5);
      }
    }
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])(
    "is skipped without any change if one gradient is %s",
    async (bad) => {
      const before = await state();
      for (const name of ["embed.weight", "layers.2.mamba_model.out_proj.weight"]) {
        const gradients = draw(12, 0.1);
        (gradients.get(name)?.data as Float32Array)[3] = bad;
        await run(gradients, 4);
        expect(await state()).toEqual(before);
        model.runtime.write("grad_norm", new Float32Array(2));
      }
    },
  );

  test("applies to the weights of linear maps within layers, and to no others", async () => {
    const matrices = [...(await model.read("momentum")).keys()];
    const linear = /^layers\.\d\.mamba_model\.(local_experts_)?(in_proj|x_proj|dt_proj|out_proj)(\.\d)?\.weight$/;
    const named = model.compiled.parameters.map(({ name }) => name).filter((name) => linear.test(name));
    expect(matrices.sort()).toEqual(named.sort());
    expect([...(await model.read("m")).keys()].some((name) => matrices.includes(name))).toBe(false);
  });
});
