// `ddpm`: predicts the noise of each patch at the patch's own position. Items are sampled by DDIM (Song et al. 2021) or
// ancestral DDPM (Ho et al. 2020), over a subset of the timesteps.
import type { Meaning } from "../ir/meaning.js";
import { TIMESTEP_COLUMNS } from "../modalities/timestep.js";
import type { Stream } from "../random/stream.js";
import type { DdpmObjective } from "./ddpm.fields.js";
import type { Drawing, DrawSettings, ItemRow } from "./item-objective.js";

/**
 * ᾱ(t) of the cosine schedule: f(t)/f(0), f(t) = cos²((t/T + 0.008)/1.008 · π/2) (Nichol and Dhariwal 2021, eq. 17).
 */
export function alphaBar(t: number, T: number): number {
  const f = (s: number): number => Math.cos((((s / T + 0.008) / 1.008) * Math.PI) / 2) ** 2;
  return f(t) / f(0);
}

export const SAMPLERS = ["ddim", "ddpm"] as const;
export type Sampler = (typeof SAMPLERS)[number];

const MAX_BETA = 0.999;

/** ᾱ(0..T) with every β capped at 0.999, because the uncapped ᾱ(T) is 0. */
export function cappedAlphaBar(T: number): Float64Array {
  const kept = new Float64Array(T + 1).fill(1);
  for (let t = 1; t <= T; t++) {
    const beta = Math.min(MAX_BETA, 1 - alphaBar(t, T) / alphaBar(t - 1, T));
    kept[t] = (kept[t - 1] as number) * (1 - beta);
  }
  return kept;
}

/** `steps` evenly spaced timesteps from T down, followed by 0; at most T of them. */
export function visitedTimesteps(T: number, steps: number): number[] {
  const visits = Math.min(steps, T);
  return Array.from({ length: visits + 1 }, (_, i) => Math.round((T * (visits - i)) / visits));
}

interface DenoiseStep {
  readonly sampler: Sampler;
  /** ᾱ of the item before and after the step. The latter is larger. */
  readonly now: number;
  readonly next: number;
  /** Whether x̂_0 is clipped to [−1, 1], for pixels. */
  readonly clip: boolean;
}

/** One step, in place, in float64. DDPM draws one normal number per value from `draw`, except in the last step. */
export function denoiseStep(
  x: Float32Array,
  noise: ArrayLike<number>,
  { sampler, now, next, clip }: DenoiseStep,
  draw: Stream,
): void {
  const alpha = now / next;
  const ancestral = {
    clean: (Math.sqrt(next) * (1 - alpha)) / (1 - now),
    value: (Math.sqrt(alpha) * (1 - next)) / (1 - now),
    deviation: Math.sqrt(((1 - alpha) * (1 - next)) / (1 - now)),
  };
  for (let i = 0; i < x.length; i++) {
    const value = x[i] as number;
    const estimate = (value - Math.sqrt(1 - now) * (noise[i] as number)) / Math.sqrt(now);
    const clean = clip ? Math.min(1, Math.max(-1, estimate)) : estimate;
    if (sampler === "ddim") {
      const direction = (value - Math.sqrt(now) * clean) / Math.sqrt(1 - now);
      x[i] = Math.sqrt(next) * clean + Math.sqrt(1 - next) * direction;
    } else {
      const fresh = next < 1 ? ancestral.deviation * draw.normal() : 0;
      x[i] = ancestral.clean * clean + ancestral.value * value + fresh;
    }
  }
}

/** ᾱ at the end of Stable Diffusion's schedule. */
const LEAST_ALPHA_BAR = 0.0047;

/**
 * The first timestep of sampling. With clipping it is T. Without it, an error in ε enters x̂_0 with the factor 1/√ᾱ,
 * which is unbounded near T, so sampling starts at the last timestep with enough signal left.
 */
export function firstTimestep(kept: Float64Array, clip: boolean): number {
  const last = kept.length - 1;
  return clip
    ? last
    : Math.max(
        1,
        kept.findLastIndex((alphaBar) => alphaBar >= LEAST_ALPHA_BAR),
      );
}

function* sample(T: number, numbers: number, { steps, sampler, bounded: clip }: DrawSettings, draw: Stream): Drawing {
  const x = Float32Array.from({ length: numbers }, () => draw.normal());
  const kept = cappedAlphaBar(T);
  const times = visitedTimesteps(firstTimestep(kept, clip), steps);
  for (const [i, t] of times.slice(0, -1).entries()) {
    const noise = yield { x, t };
    const [now, next] = [kept[t] as number, kept[times[i + 1] as number] as number];
    denoiseStep(x, noise, { sampler: sampler as Sampler, now, next, clip }, draw);
  }
  return x;
}

const timestep = (modality: string): Meaning => ({ is: "times", as: "timestep", modality });

export const ddpm: ItemRow<Pick<DdpmObjective, "steps">> = {
  samplers: SAMPLERS,
  of: ({ steps: T }) => ({
    draw: (numbers) => 1 + numbers.below(T),
    at(t) {
      const kept = alphaBar(t, T);
      return { t, signal: Math.sqrt(kept), noise: Math.sqrt(1 - kept) };
    },
    finished: 1,
    lowerTimes(builder, { name, items }) {
      const table = builder.input("constant", { is: "timesteps", steps: T }, [T + 1, TIMESTEP_COLUMNS]);
      const index = builder.input("batch", timestep(name), [items], "i32");
      return builder.make("gather", { in: { table, index } }, { y: `waves.${name}` }).y;
    },
    times({ name, items }, t) {
      const times = new Int32Array(items);
      times.set(t);
      return [[timestep(name), times]];
    },
    lowerTarget: (_, { noise }) => noise,
    given: (name) => ({
      tensor: "timestep",
      integer: true,
      most: T,
      because: `the objective of ${name} has ${T} steps`,
    }),
    sample: (numbers, settings, draw) => sample(T, numbers, settings, draw),
  }),
};
