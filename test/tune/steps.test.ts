// Complete training steps with each variant that the tuner may choose. The losses and weights equal those of the first
// variants.
import { describe, expect, test } from "vitest";
import { type Compiled, planned } from "../../src/compile.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import type { OpenDevice } from "../../src/gpu/dawn.js";
import type { Choices } from "../../src/ir/plan.js";
import { openModel, stepScalars, type Tensors } from "../../src/train/model.js";
import { TOLERANCE } from "../../src/tune/right.js";
import { randomBatch } from "../../src/tune/tune.js";
import { freshDevice, missingAdapter, pipelinesOn } from "../gpu/adapter.js";
import { relativeError } from "../support/fixtures.js";
import { asAnyKind, smallModel } from "./small-model.js";

const missing = await missingAdapter();
const STEPS = 3;

interface Trained {
  /** Losses of each step, by modality. */
  readonly losses: readonly number[];
  readonly weights: Tensors;
  readonly variants: ReadonlySet<string>;
}

async function train(opened: OpenDevice, spec: CheckedSpec, compiled: Compiled): Promise<Trained> {
  const model = await openModel(opened, compiled, pipelinesOn(opened));
  await model.initialise(3);
  model.writeBatch(randomBatch(spec, spec.train.batch, spec.data.length));
  const losses: number[] = [];
  for (let step = 1; step <= STEPS; step++) {
    model.writeStep(stepScalars(spec.train.optimizer, () => 3e-3, spec.train.clip, step, false));
    model.runtime.run(["gradients", "update"]);
    losses.push(...(await model.result("loss.tokens")), ...(await model.result("loss.image")));
  }
  const weights = await model.read("parameters");
  const variants = new Set(model.runtime.picks.map(({ variant }) => variant));
  model.runtime.destroy();
  return { losses, weights, variants };
}

describe.skipIf(missing)("three steps", () => {
  test("are the same with every variant that the tuner may choose", async () => {
    const opened = asAnyKind(await freshDevice(undefined, true));
    const { spec, options, stages, nodes } = smallModel(opened.profile);
    const run = (choices: Choices) => train(opened, spec, planned(stages, { ...options, choices }));
    const first = await run({});
    expect(first.losses.length).toBe(3 * STEPS);
    expect(first.losses.filter((loss) => !(loss > 0))).toHaveLength(STEPS);
    const names = new Set(nodes.flatMap(({ candidates }) => candidates.map(({ variant }) => variant)));
    const others = [...names].filter((name) =>
      nodes.some(({ candidates: [preferred] }) => preferred?.variant !== name),
    );
    expect(others.length).toBeGreaterThan(2);
    for (const name of others) {
      const having = nodes.filter(({ candidates }) => candidates.some(({ variant }) => variant === name));
      const forced = await run(Object.fromEntries(having.map(({ key }) => [key, name])));
      expect([...forced.variants]).toContain(name);
      forced.losses.forEach((loss, i) => {
        const wanted = first.losses[i] as number;
        expect(Math.abs(loss - wanted), `${name}, loss ${i}`).toBeLessThanOrEqual(TOLERANCE.f32 * wanted);
      });
      for (const [tensor, { data }] of first.weights) {
        const error = relativeError(forced.weights.get(tensor)?.data as Float32Array, data as Float32Array);
        expect(error, `${name}: ${tensor}`).toBeLessThan(TOLERANCE.f32);
      }
    }
  }, 300_000);
});
