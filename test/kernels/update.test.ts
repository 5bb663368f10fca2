// The update phase on the device matches the float64 reference: norm, clipping, AdamW, decay and skipped steps.
import { beforeAll, describe, expect, test } from "vitest";
import { compile, TRAINING_PHASES } from "../../src/compile.js";
import type { Tensor } from "../../src/data/tensor.js";
import type { OpenDevice } from "../../src/gpu/dawn.js";
import type { Program } from "../../src/ir/program.js";
import { DEFAULT_SETTINGS } from "../../src/kernels/draft.js";
import type { AdamwFields } from "../../src/optimizers/adamw.fields.js";
import { stream } from "../../src/random/stream.js";
import { type Model, openModel, stepScalars } from "../../src/train/model.js";
import { missingAdapter, testDevice } from "../gpu/adapter.js";
import { relativeError } from "../support/fixtures.js";
import { sketch, speech, text } from "../support/spec.js";
import { type Arenas, updateInFloat64 } from "../support/update.js";

const missing = await missingAdapter();

const ADAM = { kind: "adamw", lr: 3e-3, betas: [0.9, 0.95], eps: 1e-8, weight_decay: 0.1 } as const;
const ARENAS = ["parameters", "m", "v"] as const;
const spec = sketch({
  modalities: [text, speech],
  vocabulary: 41,
  d_model: 7,
  layers: 3,
  decouple: ["in_proj", "A", "norm"],
});

describe.skipIf(missing)("the update", () => {
  let opened: OpenDevice;
  let model: Model;
  let program: Program;
  beforeAll(async () => {
    opened = await testDevice();
    // The binding limit is so small that every layer has a separate buffer.
    const limits = { ...opened.profile.limits, bindingBytes: 16384 };
    const options = { batch: 1, length: 8, phases: TRAINING_PHASES.slice(0, 1), variants: "first" } as const;
    const settings = { ...DEFAULT_SETTINGS, logitBytes: 1 };
    const compiled = compile(spec, { ...options, settings, profile: { ...opened.profile, limits } });
    const { phases } = compiled.plan;
    model = await openModel(opened, { ...compiled, plan: { ...compiled.plan, phases: phases.slice(-1) } });
    program = compiled.stages.at(-1)?.final as Program;
    expect(compiled.plan.buffers.filter(({ role }) => role === "parameters").length).toBeGreaterThan(2);
  });

  const draw = (seed: number, scale: number): Map<string, Tensor> =>
    new Map(
      model.compiled.parameters.map(({ name, shape }, i) => {
        const s = stream("sample", seed, i);
        const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => scale * s.normal());
        return [name, { dtype: "F32", shape: [...shape], data }];
      }),
    );
  const wide = (tensors: ReadonlyMap<string, Tensor>): Map<string, Float64Array> =>
    new Map([...tensors].map(([name, { data }]) => [name, Float64Array.from(data as Float32Array)]));
  const fresh = async (): Promise<Arenas> => {
    const [values, zeros] = [draw(1, 1), draw(0, 0)];
    for (const slot of model.slots) await model.load(slot, zeros);
    allowUpdates();
    await model.load("parameters", values);
    // One-dimensional tensors and A_log do not decay, whatever the plan contains.
    for (const { name, shape, source } of model.compiled.parameters)
      expect(source.decay, name).toBe(shape.length > 1 && !name.includes("A_log"));
    return new Map([["parameters", wide(values)], ...["gradients", "m", "v"].map((of) => [of, wide(zeros)] as const)]);
  };
  /** The same update in float64. */
  const expected = (
    arenas: Arenas,
    gradients: ReadonlyMap<string, Tensor>,
    step: number,
    clip: number | undefined,
    adam: AdamwFields = ADAM,
  ): number => {
    const given = new Map([...arenas, ["gradients", wide(gradients)] as const]);
    return updateInFloat64(
      program,
      given,
      stepScalars(adam, (peak) => peak, clip, step, false),
    ).norm;
  };
  /** Allows updates after a skipped one. */
  const allowUpdates = (): void => model.runtime.write("grad_norm", new Float32Array(2));
  const run = async (
    gradients: Map<string, Tensor>,
    step: number,
    clip: number | undefined,
    adam: AdamwFields = ADAM,
  ): Promise<number> => {
    await model.load("gradients", gradients);
    model.writeStep(stepScalars(adam, (peak) => peak, clip, step, false));
    model.runtime.run(["update"]);
    return (await model.result("grad_norm"))[0] as number;
  };

  test.each([
    [0, 0],
    [0.9, 0.9999],
    [0.9999, 0.999999],
    [0.9, 0.99999999],
    [0.99999999, 0.99999999],
  ])("five steps with betas %s and %s match float64", async (...betas) => {
    // Steps are much larger than the rounding of the weights, which is not tested here.
    const adam = { ...ADAM, lr: 3e-2, betas };
    const trained = await fresh();
    const values = trained.get("parameters") as ReadonlyMap<string, Float64Array>;
    const start = new Map([...values].map(([name, value]) => [name, Float64Array.from(value)]));
    for (let step = 1; step <= 5; step++) {
      const gradients = draw(20 + step, 0.1);
      await run(gradients, step, undefined, adam);
      expected(trained, gradients, step, undefined, adam);
    }
    const found = await model.read("parameters");
    let [error, distance] = [0, 0];
    for (const [name, value] of values) {
      const updated = found.get(name)?.data as Float32Array;
      value.forEach((wanted, i) => {
        error += ((updated[i] as number) - wanted) ** 2;
        distance += (wanted - (start.get(name)?.[i] as number)) ** 2;
      });
    }
    expect(Math.sqrt(error / distance)).toBeLessThan(1e-5);
  });

  test.each([undefined, 0.5, 1e6])("four steps with clip %s match float64", async (clip) => {
    const trained = await fresh();
    for (let step = 1; step <= 4; step++) {
      const gradients = draw(10 + step, 0.01 * step);
      const norm = await run(gradients, step, clip);
      expect(Math.abs(norm / expected(trained, gradients, step, clip) - 1)).toBeLessThan(1e-6);
    }
    for (const arena of ARENAS) {
      const found = await model.read(arena);
      for (const [name, wanted] of trained.get(arena) ?? [])
        expect(relativeError(found.get(name)?.data as Float32Array, wanted), `${arena} ${name}`).toBeLessThan(1e-6);
    }
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e30])(
    "a gradient of %s leaves weights and moments unchanged",
    async (bad) => {
      await fresh();
      await run(draw(11, 0.1), 1, 1);
      const before = await Promise.all(ARENAS.map((arena) => model.read(arena)));
      for (const name of ["embed.weight", model.compiled.parameters.at(-1)?.name as string]) {
        const gradients = draw(12, 0.1);
        (gradients.get(name)?.data as Float32Array)[3] = bad;
        expect(Number.isFinite(await run(gradients, 2, 1))).toBe(false);
        expect(await Promise.all(ARENAS.map((arena) => model.read(arena)))).toEqual(before);
        // Updates that were already queued change nothing either.
        expect(Number.isFinite(await run(draw(12, 0.1), 3, 1))).toBe(true);
        expect(await Promise.all(ARENAS.map((arena) => model.read(arena)))).toEqual(before);
        allowUpdates();
      }
      await run(draw(12, 0.1), 2, 1);
      expect(await model.read("parameters")).not.toEqual(before[0]);
    },
  );

  test("only weight decay changes parameters if all gradients are 0", async () => {
    await fresh();
    const before = await model.read("parameters");
    expect(await run(draw(0, 0), 1, 1)).toBe(0);
    const after = await model.read("parameters");
    for (const { name, source } of model.compiled.parameters) {
      const [old, now] = [before, after].map((all) => all.get(name)?.data as Float32Array) as [
        Float32Array,
        Float32Array,
      ];
      const kept = 1 - ADAM.lr * ADAM.weight_decay;
      if (source.decay)
        expect(
          relativeError(
            now,
            old.map((x) => x * kept),
          ),
        ).toBeLessThan(1e-6);
      else expect(now).toEqual(old);
    }
  });
});
