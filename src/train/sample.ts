// Pictures out of noise: DDIM (Song et al. 2021) over a subset of the timesteps, conditioned on what stands before.
import type { Batch } from "../data/batch.js";
import type { CheckedSpec } from "../front/spec.js";
import { type PatchesModality, patchesPerPicture, patchSize, pictureCapacity } from "../modalities/modality.fields.js";
import { alphaBar } from "../objectives/ddpm.js";
import { stream } from "../random/stream.js";
import { embeddedTokens, type HostArray } from "./host-batch.js";
import type { Model } from "./model.js";

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

export interface SampleOptions {
  readonly seed: number;
  /** Timesteps that are visited. */
  readonly steps: number;
}

/** One DDIM step from ᾱ `now` to ᾱ `next`, with x̂_0 clipped to [−1, 1]; in place. */
export function ddimStep(x: Float32Array, noise: ArrayLike<number>, now: number, next: number): void {
  for (let i = 0; i < x.length; i++) {
    const value = x[i] as number;
    const clean = Math.min(1, Math.max(-1, (value - Math.sqrt(1 - now) * (noise[i] as number)) / Math.sqrt(now)));
    const direction = (value - Math.sqrt(now) * clean) / Math.sqrt(1 - now);
    x[i] = Math.sqrt(next) * clean + Math.sqrt(1 - next) * direction;
  }
}

/** Pictures that are not drawn condition what follows as x_1; those without an objective as they are. */
function finishedPictures(
  spec: CheckedSpec,
  { pictures, batch, length }: Batch,
  declared: PatchesModality,
  index: number,
  seed: number,
): [string, HostArray][] {
  const objective = spec.objectives[index];
  const t = objective?.kind === "ddpm" ? 1 : 0;
  const kept = objective?.kind === "ddpm" ? alphaBar(t, objective.steps) : 1;
  const size = patchSize(declared);
  const noisy = new Float32Array(batch * length * size);
  const picture = new Int32Array(batch * length).fill(-1);
  const mine = pictures.filter(({ modality }) => modality === index);
  mine.forEach(({ position, id, patches }, i) => {
    const draw = stream("sample", seed, id);
    picture.fill(i, position, position + patchesPerPicture(declared));
    noisy.set(
      patches.map((x) => Math.sqrt(kept) * x + Math.sqrt(1 - kept) * draw.normal()),
      position * size,
    );
  });
  const timestep = new Int32Array(pictureCapacity(declared, batch, length));
  timestep.fill(t, 0, mine.length);
  return [
    [`noisy.${declared.name}`, noisy],
    [`picture.${declared.name}`, picture],
    [`timestep.${declared.name}`, timestep],
  ];
}

/**
 * Draws anew every picture of a modality in the batch (at most one a sequence is the usual case), whose sequences say
 * what stands before it. Returns the patches of each, in the order of `batch.pictures`: [patches · patch size].
 */
export async function samplePictures(
  model: Model,
  spec: CheckedSpec,
  batch: Batch,
  modality: number,
  options: SampleOptions,
): Promise<Float32Array[]> {
  const declared = spec.model.modalities[modality] as PatchesModality;
  const objective = spec.objectives[modality];
  if (objective?.kind !== "ddpm") throw new Error(`${declared.name} has no diffusion objective`);
  const T = objective.steps;
  const kept = cappedAlphaBar(T);
  const size = patchSize(declared);
  const numbers = patchesPerPicture(declared) * size;
  const rows = batch.tokens.length;
  const pictures = batch.pictures.filter((p) => p.modality === modality);
  const x = pictures.map(({ id }) => {
    const draw = stream("sample", options.seed, id);
    return Float32Array.from({ length: numbers }, () => draw.normal());
  });
  const picture = new Int32Array(rows).fill(-1);
  pictures.forEach(({ position }, i) => {
    picture.fill(i, position, position + patchesPerPicture(declared));
  });
  const embedded = embeddedTokens(spec, batch);
  const times = Array.from({ length: options.steps + 1 }, (_, i) =>
    Math.round((T * (options.steps - i)) / options.steps),
  );
  const others = spec.model.modalities.flatMap((other, index) =>
    other.kind === "patches" && index !== modality ? finishedPictures(spec, batch, other, index, options.seed) : [],
  );
  for (const [i, t] of times.slice(0, -1).entries()) {
    const noisy = new Float32Array(rows * size);
    pictures.forEach(({ position }, p) => {
      noisy.set(x[p] as Float32Array, position * size);
    });
    const timestep = new Int32Array(pictureCapacity(declared, batch.batch, batch.length));
    timestep.fill(t, 0, pictures.length);
    const arrays: [string, HostArray][] = [
      ["modality", Uint32Array.from(batch.modality)],
      ["embedded", embedded],
      [`noisy.${declared.name}`, noisy],
      [`picture.${declared.name}`, picture],
      [`timestep.${declared.name}`, timestep],
      ["target", new Int32Array(rows).fill(-1)],
      ...others,
    ];
    model.writeBatch(new Map(arrays));
    model.runtime.run(["denoise"]);
    const predicted = await model.result(`prediction.${declared.name}`);
    pictures.forEach(({ position }, p) => {
      const noise = predicted.subarray(position * size, position * size + numbers);
      ddimStep(x[p] as Float32Array, noise, kept[t] as number, kept[times[i + 1] as number] as number);
    });
  }
  return x;
}
