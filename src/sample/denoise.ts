// Samplers of diffusion: from a noisy picture and the noise predicted in it to one that is less noisy.
// DDIM (Song et al. 2021) and ancestral DDPM (Ho et al. 2020), over a subset of the timesteps.
import { alphaBar } from "../objectives/ddpm.js";
import type { Stream } from "../random/stream.js";

export const SAMPLERS = ["ddim", "ddpm"] as const;
export type Sampler = (typeof SAMPLERS)[number];

const MAX_BETA = 0.999;

/** ᾱ(0..T) with every β capped at 0.999, since ᾱ(T) itself is 0. */
export function cappedAlphaBar(T: number): Float64Array {
  const kept = new Float64Array(T + 1).fill(1);
  for (let t = 1; t <= T; t++) {
    const beta = Math.min(MAX_BETA, 1 - alphaBar(t, T) / alphaBar(t - 1, T));
    kept[t] = (kept[t - 1] as number) * (1 - beta);
  }
  return kept;
}

/** `steps` timesteps from T on down, evenly spaced, and the 0 that they end in; at most T of them. */
export function visitedTimesteps(T: number, steps: number): number[] {
  const visits = Math.min(steps, T);
  return Array.from({ length: visits + 1 }, (_, i) => Math.round((T * (visits - i)) / visits));
}

export interface DenoiseStep {
  readonly sampler: Sampler;
  /** ᾱ of the picture as it is, and as it will be; the latter is larger. */
  readonly now: number;
  readonly next: number;
  /** Whether x̂_0 is held in [−1, 1], as pixels are. */
  readonly clip: boolean;
}

/** One step, in place, in float64; DDPM draws one normal number a value from `draw`, except in the last step. */
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
 * The timestep that denoising begins at: T where x̂_0 is clipped. Where it is not, an error in ε makes x̂_0 wrong by its
 * multiple 1/√ᾱ, without bound near T; so it begins at the last timestep where something is left to see.
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

/** Classifier-free guidance (Ho and Salimans 2022): ε_u + g·(ε_c − ε_u), in float64. */
export const guided = (conditional: ArrayLike<number>, free: ArrayLike<number>, guidance: number): Float64Array =>
  Float64Array.from(conditional, (c, i) => (free[i] as number) + guidance * (c - (free[i] as number)));
