// Rectified flow: the model predicts the velocity of an item, and integration samples from the data.
import { describe, expect, it } from "vitest";
import { timestepTable } from "../../src/modalities/timestep.js";
import { ofItems } from "../../src/objectives/items.js";
import type { Objective } from "../../src/objectives/objective.fields.js";
import { lower } from "../../src/passes/lower.js";
import { stream } from "../../src/random/stream.js";
import { evaluate } from "../../src/reference/evaluate.js";
import { read, values } from "../../src/reference/values.js";
import { hostBatch } from "../../src/train/host-batch.js";
import { image, sketch, text } from "../support/spec.js";

type Flow = Extract<Objective, { readonly kind: "rectified_flow" }>;

const flow = (fields: Partial<Flow> = {}): Flow => ({
  kind: "rectified_flow",
  weight: 1,
  time: "uniform",
  predict: "velocity",
  drop: 0,
  ...fields,
});

/** The expected velocity at x_t = (1 − t) x_0 + t ε if x_0 is normal with this mean and deviation. */
function velocity(x: number, t: number, mean: number, deviation: number): number {
  const score = (x - (1 - t) * mean) / ((1 - t) ** 2 * deviation ** 2 + t ** 2);
  return t * score - (mean + (1 - t) * deviation ** 2 * score);
}

/** A perfect model's prediction at x_t. From v = ε − x_0 and x_t = (1 − t) x_0 + t ε follows x_0 = x_t − t v. */
const perfect: { readonly [K in Flow["predict"]]: (x: number, t: number) => number } = {
  velocity: (x, t) => velocity(x, t, 0.3, 0.2),
  x_0: (x, t) => x - t * velocity(x, t, 0.3, 0.2),
};

function drawn(predict: Flow["predict"], sampler: string, steps: number): { x: Float32Array; evaluations: number } {
  const sampling = ofItems(flow({ predict })).sample(4000, { steps, sampler, bounded: false }, stream("sample", 5));
  let evaluations = 0;
  let next = sampling.next();
  while (!next.done) {
    const { x, t } = next.value;
    evaluations++;
    next = sampling.next(Float64Array.from(x, (value) => perfect[predict](value, t)));
  }
  return { x: next.value, evaluations };
}

const mean = (x: ArrayLike<number>): number => Array.from(x).reduce((sum, value) => sum + value, 0) / x.length;
const deviation = (x: ArrayLike<number>): number => Math.sqrt(mean(Array.from(x, (value) => (value - mean(x)) ** 2)));

describe("sampling an item", () => {
  it.each([
    ["velocity", "euler", 200, 200, 0.02],
    ["velocity", "heun", 40, 80, 0.02],
    ["x_0", "euler", 200, 200, 0.02],
    ["x_0", "heun", 40, 79, 0.02],
  ] as const)(
    "of %s with %s in %d steps draws from the distribution of the data",
    (predict, sampler, steps, evaluations, within) => {
      const { x, evaluations: counted } = drawn(predict, sampler, steps);
      expect(counted).toBe(evaluations);
      expect(Math.abs(mean(x) - 0.3)).toBeLessThan(within);
      expect(Math.abs(deviation(x) / 0.2 - 1)).toBeLessThan(0.05);
    },
  );

  it("has a second-order error with Heun and a first-order error with Euler", () => {
    const exact = drawn("velocity", "heun", 800).x;
    const error = (sampler: string, steps: number): number =>
      Math.sqrt(mean(drawn("velocity", sampler, steps).x.map((value, i) => (value - (exact[i] as number)) ** 2)));
    expect(error("euler", 40) / error("euler", 80)).toBeGreaterThan(1.7);
    expect(error("euler", 40) / error("euler", 80)).toBeLessThan(2.3);
    expect(error("heun", 40) / error("heun", 80)).toBeGreaterThan(3.4);
  });
});

describe("the time of an item", () => {
  it.each(["uniform", "logit_normal"] as const)("is %s, within 0 and 1", (time) => {
    const numbers = stream("timestep", 3);
    const times = Array.from({ length: 20_000 }, () => ofItems(flow({ time })).draw(numbers)).sort((a, b) => a - b);
    expect(times[0]).toBeGreaterThan(0);
    expect(times.at(-1)).toBeLessThan(1);
    const quantile = (share: number): number => times[Math.floor(share * times.length)] as number;
    // The third quartile of a standard normal is 0.6745.
    const third = time === "uniform" ? 0.75 : 1 / (1 + Math.exp(-0.6745));
    expect(quantile(0.5)).toBeCloseTo(0.5, 1.5);
    expect(Math.abs(quantile(0.75) - third)).toBeLessThan(0.01);
  });

  it("is 0 for a finished item", () => {
    const { at, finished } = ofItems(flow());
    expect(at(finished)).toEqual({ t: 0, signal: 1, noise: 0 });
  });

  it("is multiplied by 1000 for the timestep embedding", () => {
    const [[means, waves] = []] = ofItems(flow()).times({ name: "image", items: 3 }, [0.25, 0.5]);
    expect(means).toEqual({ is: "times", as: "waves", modality: "image" });
    const table = timestepTable(500);
    expect(waves?.subarray(0, 512)).toEqual(
      Float32Array.from([...table.subarray(250 * 256, 251 * 256), ...table.subarray(500 * 256)]),
    );
  });
});

it.each([
  ["velocity", "velocity.image"],
  ["x_0", "clean.image"],
] as const)(
  "the target of %s is right at x_t = (1 − t) x_0 + t ε, for the noise that the device draws",
  (predict, targetName) => {
    const spec = {
      ...sketch({ modalities: [text, image], vocabulary: 50, d_model: 8, layers: 1 }),
      objectives: [undefined, flow({ predict })],
    };
    const { positions, columns } = { positions: 16, columns: 12 };
    const numbers = stream("sample", 9);
    const clean = Float32Array.from({ length: positions * columns }, () => numbers.normal());
    const length = 20;
    const modality = Uint8Array.from({ length }, (_, r) => Number(r >= 2 && r < 2 + positions));
    const batch = {
      batch: 1,
      length,
      tokens: new Int32Array(length),
      modality,
      document: new Int32Array(length),
      items: [{ modality: 1, position: 2, id: 0, key: { document: 4, epoch: 1, item: 1 }, values: clean }],
    };
    const counts = { ids: [0, 0], items: [0, positions] };
    const arrays = hostBatch(spec, batch, counts, { kind: "training", seed: 7 });
    const program = lower(spec, { batch: 1, length, chunk: 8, part: "model", noise: "drawn" });
    const v = evaluate(
      values(program, (name, size) => arrays.get(name) ?? Float64Array.from({ length: size }, () => 0.1)),
    );
    const named = (name: string): Float64Array => {
      const tensor = program.tensors.find((one) => one.name === name);
      if (tensor === undefined) throw new Error(`There is no ${name}.`);
      return read(v, tensor.id).slice(2 * columns, (2 + positions) * columns);
    };
    const t = ofItems(flow()).draw(stream("timestep", 7, 4, 1, 1));
    const [noisy, noise, target] = [named("noisy.image"), named("noise.image"), named(targetName)];
    clean.forEach((value, i) => {
      const epsilon = noise[i] as number;
      expect(target[i]).toBeCloseTo(predict === "x_0" ? value : epsilon - value, 12);
      expect(noisy[i]).toBeCloseTo(Math.fround(1 - t) * value + Math.fround(t) * epsilon, 6);
    });
    const predicted = named("prediction.image");
    const loss = read(v, program.tensors.find((one) => one.name === "loss.image")?.id as never)[0] as number;
    const sum = predicted.reduce((all, p, i) => all + (p - (target[i] as number)) ** 2, 0) / columns;
    expect(loss).toBeCloseTo(sum, 9);
  },
);
