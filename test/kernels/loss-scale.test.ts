// The update in f16: gradients are scaled, a step that overflows is skipped, and the scale adapts.
import { beforeAll, describe, expect, test } from "vitest";
import { compile, TRAINING_PHASES } from "../../src/compile.js";
import type { Tensor } from "../../src/data/tensor.js";
import type { OpenDevice } from "../../src/gpu/dawn.js";
import type { Program } from "../../src/ir/program.js";
import { stream } from "../../src/random/stream.js";
import { type Model, openModel, stepScalars } from "../../src/train/model.js";
import { missingAdapter, testDevice } from "../gpu/adapter.js";
import { relativeError } from "../support/fixtures.js";
import { sketch, text } from "../support/spec.js";
import { updateInFloat64 } from "../support/update.js";

const missing = await missingAdapter();

const ADAM = { kind: "adamw", lr: 3e-3, betas: [0.9, 0.95], eps: 1e-8, weight_decay: 0.1 } as const;

describe.skipIf(missing)("an update with a loss scale", () => {
  let opened: OpenDevice;
  let model: Model;
  let program: Program;
  beforeAll(async () => {
    opened = await testDevice();
    // The model has more numbers than one workgroup sums at once. The update itself does not use f16.
    const drawn = sketch({ modalities: [text], vocabulary: 41, d_model: 128, layers: 6 });
    const spec = { ...drawn, train: { ...drawn.train, precision: "f16" } } as const;
    const options = { batch: 1, length: 8, phases: TRAINING_PHASES.slice(0, 1), variants: "first" } as const;
    const compiled = compile(spec, { ...options, profile: { ...opened.profile, f16: true } });
    const update = compiled.plan.phases.slice(-1);
    model = await openModel(opened, { ...compiled, plan: { ...compiled.plan, phases: update } });
    program = compiled.stages.at(-1)?.final as Program;
    expect(update[0]?.nodes.map(({ choices }) => choices[0]?.dispatches.length)).toEqual([3, 1]);
  });

  const draw = (seed: number, scale: number): Map<string, Tensor> =>
    new Map(
      model.compiled.parameters.map(({ name, shape }, i) => {
        const s = stream("sample", seed, i);
        const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => scale * s.normal());
        return [name, { dtype: "F32", shape: [...shape], data }];
      }),
    );
  const begin = async (scale: number, updates: number): Promise<void> => {
    model.lossScale?.write([scale, updates]);
    model.runtime.write("grad_norm", new Float32Array(2));
    for (const slot of model.slots) await model.load(slot, draw(0, 0));
    await model.load("parameters", draw(1, 1));
  };
  const run = async (gradients: Map<string, Tensor>): Promise<{ norm: number; stopped: boolean; scale: number[] }> => {
    await model.load("gradients", gradients);
    model.writeStep(stepScalars(ADAM, (peak) => peak, 0.5, 1, false));
    model.runtime.run(["update"]);
    const [norm, stopped] = await model.result("grad_norm");
    const scale = [...((await model.lossScale?.read()) ?? [])];
    return { norm: norm as number, stopped: stopped !== 0, scale };
  };

  test("equals the update without a scale", async () => {
    await begin(4096, 7);
    const gradients = draw(2, 0.01);
    const scaled = [...gradients].map(([name, { shape, data }]): [string, Tensor] => [
      name,
      { dtype: "F32", shape, data: (data as Float32Array).map((d) => 4096 * d) },
    ]);
    const wide = (tensors: ReadonlyMap<string, Tensor>): Map<string, Float64Array> =>
      new Map([...tensors].map(([name, { data }]) => [name, Float64Array.from(data as Float32Array)]));
    const values = wide(draw(1, 1));
    const arenas = new Map([
      ["parameters", values],
      ["gradients", wide(new Map(scaled))],
      ...["m", "v"].map((slot) => [slot, wide(draw(0, 0))] as const),
    ]);
    const step = stepScalars(ADAM, (peak) => peak, 0.5, 1, false);
    const expected = updateInFloat64(program, arenas, step, { scale: [4096, 7, 1 / 4096] });
    const { norm, stopped, scale } = await run(new Map(scaled));
    expect(Math.abs(norm / expected.norm - 1)).toBeLessThan(1e-6);
    expect([stopped, ...scale]).toEqual([false, 4096, 8, 1 / 4096]);
    expect(expected.scale).toEqual(scale);
    const after = await model.read("parameters");
    for (const [name, value] of values)
      expect(relativeError(after.get(name)?.data as Float32Array, value), name).toBeLessThan(1e-6);
  });

  test("is skipped if a gradient overflows and divides the scale by 2, and the next one counts", async () => {
    await begin(4096, 7);
    const bad = draw(2, 1);
    (bad.get("embed.weight")?.data as Float32Array)[3] = Number.POSITIVE_INFINITY;
    const { norm, stopped, scale } = await run(bad);
    expect([norm, stopped, ...scale]).toEqual([Number.POSITIVE_INFINITY, false, 2048, 0, 0]);
    expect(await model.read("parameters")).toEqual(draw(1, 1));
    expect((await run(draw(2, 1))).scale).toEqual([2048, 1, 1 / 2048]);
    expect(await model.read("parameters")).not.toEqual(draw(1, 1));
  });

  test("doubles the scale after 2000 good updates", async () => {
    await begin(4096, 1999);
    expect((await run(draw(2, 1))).scale).toEqual([8192, 0, 1 / 4096]);
  });

  test("stops training if a gradient is not finite at scale 1", async () => {
    await begin(1, 0);
    const bad = draw(2, 1);
    (bad.get("embed.weight")?.data as Float32Array)[3] = Number.NaN;
    const { stopped, scale } = await run(bad);
    expect([stopped, ...scale]).toEqual([true, 1, 0, 0]);
    await run(draw(2, 1));
    expect(await model.read("parameters")).toEqual(draw(1, 1));
  });
});
