// Pictures out of noise, in the places of a batch's own: DDIM, conditioned on what stands before.
import type { Batch } from "../data/batch.js";
import type { CheckedSpec } from "../front/spec.js";
import { type PatchesModality, patchesPerPicture, patchSize, pictureCapacity } from "../modalities/modality.fields.js";
import { alphaBar } from "../objectives/ddpm.js";
import { type Stream, stream } from "../random/stream.js";
import { attentionArrays } from "./attention-inputs.js";
import { cappedAlphaBar, denoiseStep, visitedTimesteps } from "./denoise.js";
import { embeddedTokens, type HostArray, resetsOf } from "./host-batch.js";
import type { Model } from "./model.js";

export interface SampleOptions {
  readonly seed: number;
  /** Timesteps that are visited. */
  readonly steps: number;
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
  const draws = pictures.map(({ id }) => stream("sample", options.seed, id));
  const x = draws.map((draw) => Float32Array.from({ length: numbers }, () => draw.normal()));
  const picture = new Int32Array(rows).fill(-1);
  pictures.forEach(({ position }, i) => {
    picture.fill(i, position, position + patchesPerPicture(declared));
  });
  const embedded = embeddedTokens(spec, batch);
  const attention = attentionArrays(spec, batch);
  const times = visitedTimesteps(T, options.steps);
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
      ["reset", resetsOf(batch)],
      ["embedded", embedded],
      ...attention,
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
      const step = { sampler: "ddim", now: kept[t] as number, next: kept[times[i + 1] as number] as number } as const;
      denoiseStep(x[p] as Float32Array, noise, { ...step, clip: true }, draws[p] as Stream);
    });
  }
  return x;
}
