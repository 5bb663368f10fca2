// The losses of documents do not depend on the batches of held-out documents, or on the micro-batches of an update.
import { beforeAll, describe, expect, it } from "vitest";
import { compile, trainingOn } from "../../src/compile.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import type { OpenDevice } from "../../src/gpu/dawn.js";
import { openFeed } from "../../src/train/feed.js";
import { lossesOf } from "../../src/train/host-batch.js";
import { validate } from "../../src/train/loop.js";
import { addLossSums, readLossSums } from "../../src/train/loss-sums.js";
import { openModel, stepScalars } from "../../src/train/model.js";
import { missingAdapter, pipelinesOn, testDevice } from "../gpu/adapter.js";
import { mixedData, mixedSpec } from "./mixed-data.js";

const missing = await missingAdapter();

describe.skipIf(missing)("losses do not depend on batching", () => {
  let device: OpenDevice;
  beforeAll(async () => {
    device = await testDevice();
  });

  const open = async (spec: CheckedSpec) => {
    const model = await openModel(device, compile(spec, trainingOn(spec, device.profile)), pipelinesOn(device));
    await model.initialise(11);
    return model;
  };

  it.each([{ carry: false }, { carry: true }])("the loss of held-out documents, with %o", async ({ carry }) => {
    const losses: number[] = [];
    for (const [batch, accumulate, seed] of [
      [1, 1, 1],
      [2, 3, 2],
      [3, 1, 3],
      [8, 2, 4],
    ] as const) {
      // biome-ignore format: a table
      const spec = mixedSpec({ batch, accumulate, seed }, { carry });
      const model = await open(spec);
      const { loss } = await validate(model, spec, mixedData(spec), 0);
      losses.push(loss);
      model.runtime.destroy();
    }
    for (const loss of losses) expect(Math.abs(loss / (losses[0] as number) - 1)).toBeLessThan(1e-6);
  });

  it("the loss and the gradient of an update, for different micro-batches", async () => {
    const found: { loss: number; gradient: Float64Array }[] = [];
    for (const [batch, accumulate] of [
      [4, 1],
      [2, 2],
      [1, 4],
    ] as const) {
      // biome-ignore format: a table
      const spec = mixedSpec({ batch, accumulate, seed: 5 }, {});
      const model = await open(spec);
      const { batches, counts } = await openFeed(spec, mixedData(spec), model.compiled.tables).take(0);
      const sums = [];
      for (const [i, micro] of batches.entries()) {
        model.writeBatch(micro);
        model.writeStep(stepScalars(spec.train.optimizer, () => 0, undefined, 1, i > 0));
        model.runtime.run(["gradients"]);
        sums.push(await readLossSums(model, spec));
      }
      const gradients = await model.read("gradients");
      const gradient = Float64Array.from([...gradients.values()].flatMap(({ data }) => [...(data as Float32Array)]));
      found.push({ loss: lossesOf(spec, counts, addLossSums(sums)).loss, gradient });
      model.runtime.destroy();
    }
    const [whole, ...cut] = found as [(typeof found)[0], ...typeof found];
    for (const { loss, gradient } of cut) {
      expect(Math.abs(loss / whole.loss - 1)).toBeLessThan(1e-6);
      const norm = (x: Float64Array): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
      const error = norm(gradient.map((value, i) => value - (whole.gradient[i] as number)));
      expect(error / norm(whole.gradient)).toBeLessThan(1e-6);
    }
  });
});
