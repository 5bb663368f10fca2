// `rectified_flow`: an item moves to noise on a straight line, x_t = (1 − t) x_0 + t ε, and the model predicts its
// velocity v = ε − x_0 at its own positions (Liu et al. 2022; Lipman et al. 2022), or the clean item x_0, from which
// v = (x_t − x_0) / t (Li and He 2025). Sampling takes Euler's or Heun's steps back.
import type { Meaning } from "../ir/meaning.js";
import { TIMESTEP_COLUMNS, timestepWaves } from "../modalities/timestep.js";
import type { Stream } from "../random/stream.js";
import type { Drawing, DrawSettings, ItemRow } from "./item-objective.js";
import type { RectifiedFlowObjective } from "./rectified_flow.fields.js";

/** The timestep embedding expects integer steps, so it gets 1000 t. */
const SEEN = 1000;

/** Uniform in (0, 1), without the ends. */
const uniform = (numbers: Stream): number => numbers.uniform() + 2 ** -33;

type Predict = RectifiedFlowObjective["predict"];

/** The velocity at x and t > 0 from the model's prediction. */
const velocityOf: { readonly [K in Predict]: (prediction: number, x: number, t: number) => number } = {
  velocity: (prediction) => prediction,
  x_0: (prediction, x, t) => (x - prediction) / t,
};

/**
 * x(1) ~ N(0, 1), then dx/dt = v from t = 1 to 0 in `steps` steps of equal size, in float64. A predicted x_0 gives no
 * velocity at t = 0, so the last step of Heun is then one of Euler, which ends at that x_0.
 */
function* sample(predict: Predict, numbers: number, { steps, sampler }: DrawSettings, draw: Stream): Drawing {
  let x = Float64Array.from({ length: numbers }, () => draw.normal());
  const velocities = (at: Float64Array, prediction: ArrayLike<number>, t: number): Float64Array<ArrayBuffer> =>
    Float64Array.from(prediction, (one, i) => velocityOf[predict](one, at[i] as number, t));
  const along = (v: ArrayLike<number>, h: number): Float64Array<ArrayBuffer> =>
    x.map((value, i) => value + h * (v[i] as number));
  for (let step = 0; step < steps; step++) {
    const [t, next] = [1 - step / steps, 1 - (step + 1) / steps];
    const v = velocities(x, yield { x: Float32Array.from(x), t }, t);
    if (sampler === "heun" && (predict === "velocity" || next > 0)) {
      const ahead = along(v, next - t);
      const there = velocities(ahead, yield { x: Float32Array.from(ahead), t: next }, next);
      for (let i = 0; i < numbers; i++) v[i] = ((v[i] as number) + (there[i] as number)) / 2;
    }
    x = along(v, next - t);
  }
  return Float32Array.from(x);
}

/** The sinusoids of the items' times. Times are not integers, so there is no table. */
const waves = (modality: string): Meaning => ({ is: "times", as: "waves", modality });

export const rectified_flow: ItemRow<RectifiedFlowObjective> = {
  samplers: ["euler", "heun"],
  of: ({ time, predict }) => ({
    draw: (numbers) => (time === "uniform" ? uniform(numbers) : 1 / (1 + Math.exp(-numbers.normal()))),
    at: (t) => ({ t, signal: 1 - t, noise: t }),
    finished: 0,
    lowerTimes: (builder, { name, items }) => builder.input("batch", waves(name), [items, TIMESTEP_COLUMNS]),
    times({ name, items }, t) {
      const seen = new Float32Array(items * TIMESTEP_COLUMNS);
      seen.set(timestepWaves(t.map((one) => SEEN * one)));
      return [[waves(name), seen]];
    },
    lowerTarget: (builder, { name, noise, clean }) =>
      predict === "x_0" ? clean() : builder.difference(`velocity.${name}`, noise, clean()),
    given: () => ({ tensor: "time", integer: false, most: 1, because: "a flow's times go from 0 to 1", clean: true }),
    sample: (numbers, settings, draw) => sample(predict, numbers, settings, draw),
  }),
};
