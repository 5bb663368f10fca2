// Sampled pictures beside the true ones, for reports: of names that were learned from and of names held out.
import type { DataSet } from "../data/data-set.js";
import { documentBatch } from "../data/fixed-batches.js";
import type { CheckedSpec } from "../front/spec.js";
import { pixelsOf } from "../modalities/pixels.js";
import { stream } from "../random/stream.js";
import type { Model } from "./model.js";
import { samplePictures } from "./sample.js";

/** Timesteps that a sampled picture is denoised in. */
export const SAMPLE_STEPS = 50;

export interface ShownPicture {
  readonly document: number;
  readonly label: string;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** [height, width, channels] */
  readonly truth: Uint8Array;
  readonly sampled: Uint8Array;
}

/** So many of these documents, drawn by the seed without repetition, in their order. */
export function chosen(documents: readonly number[], count: number, seed: number): number[] {
  const pool = [...documents];
  const draw = stream("sample", seed, 0xffffffff);
  for (let i = 0; i < Math.min(count, pool.length); i++) {
    const j = i + draw.below(pool.length - i);
    [pool[i], pool[j]] = [pool[j] as number, pool[i] as number];
  }
  return pool.slice(0, count).sort((a, b) => a - b);
}

/** The modality whose pictures are shown: the first with a diffusion objective. */
export const shownModality = (spec: CheckedSpec): number => spec.objectives.findIndex((o) => o?.kind === "ddpm");

/** Samples the picture of each document after what stands before it; documents without one are left out. */
export async function showPictures(
  model: Model,
  spec: CheckedSpec,
  dataSet: DataSet,
  documents: readonly number[],
): Promise<ShownPicture[]> {
  const modality = shownModality(spec);
  const declared = spec.model.modalities[modality];
  if (declared?.kind !== "patches") return [];
  const drawn = documents.filter((document) => dataSet.picture(document)?.modality === modality);
  const { batch } = spec.train;
  const { length } = spec.data;
  const shown: ShownPicture[] = [];
  for (let first = 0; first < drawn.length; first += batch) {
    const some = drawn.slice(first, first + batch);
    // A plan's batch has a fixed number of sequences: the last document fills it up.
    const filled = Array.from({ length: batch }, (_, i) => some[Math.min(i, some.length - 1)] as number);
    const prompts = documentBatch(dataSet, filled, { length });
    const samples = await samplePictures(model, spec, prompts, modality, {
      seed: spec.train.seed,
      steps: SAMPLE_STEPS,
    });
    const places = prompts.pictures.filter((p) => p.modality === modality).map(({ position }) => position);
    some.forEach((document, i) => {
      const truth = dataSet.picture(document);
      const begin = i * length;
      const at = places.findIndex((position) => position >= begin);
      if (!truth) return;
      const { width, height, channels } = declared;
      const sampled = pixelsOf(samples[at] as Float32Array, declared);
      shown.push({ document, label: dataSet.label(document), width, height, channels, truth: truth.pixels, sampled });
    });
  }
  return shown;
}
