// A batch as the arrays that a program's batch tensors hold, by their names: targets, timesteps, noise levels.
import type { Batch } from "../data/batch.js";
import type { CheckedSpec } from "../front/spec.js";
import { patchesPerPicture, patchSize, pictureCapacity } from "../modalities/modality.fields.js";
import { alphaBar } from "../objectives/ddpm.js";
import { noiseKey, stream } from "../random/stream.js";
import { attentionArrays } from "./attention-inputs.js";
import type { HostArray, HostBatch } from "./host-array.js";
import { predictedIn, targetsByModality, tokenArrays } from "./predicted.js";

/** What the losses of an update are divided by: counted over all of its micro-batches. */
export interface Counts {
  /** Predicted tokens, by the target's modality. */
  readonly tokens: readonly number[];
  /** Positions of patches, by modality. */
  readonly patches: readonly number[];
}

export function countsOf(spec: CheckedSpec, batches: Iterable<Batch>): Counts {
  const tokens = spec.model.modalities.map(() => 0);
  const patches = spec.model.modalities.map(() => 0);
  for (const batch of batches) {
    targetsByModality(predictedIn(spec, batch), tokens.length).forEach((n, m) => {
      tokens[m] = (tokens[m] as number) + n;
    });
    for (const { modality } of batch.pictures) {
      const declared = spec.model.modalities[modality];
      const positions = declared?.kind === "patches" ? patchesPerPicture(declared) : 0;
      patches[modality] = (patches[modality] as number) + positions;
    }
  }
  return { tokens, patches };
}

/**
 * What a batch is for. In training, timesteps and noise are drawn anew in each epoch, by the seed; in an evaluation they
 * are a document's own, whoever evaluates it, and documents never see each other.
 */
export type Purpose = { readonly kind: "training"; readonly seed: number } | { readonly kind: "evaluation" };

const DRAWS = {
  training: { timestep: "timestep", noise: "noise" },
  evaluation: { timestep: "evaluationTimestep", noise: "evaluationNoise" },
} as const;

/** The token that is embedded at each position; −1 at patches and padding. */
function embeddedTokens(spec: CheckedSpec, { tokens, modality, document }: Batch): Int32Array<ArrayBuffer> {
  const isPatch = Uint8Array.from(spec.model.modalities, ({ kind }) => Number(kind === "patches"));
  const embedded = new Int32Array(tokens);
  for (let r = 0; r < embedded.length; r++) {
    if ((document[r] as number) < 0 || isPatch[modality[r] as number] === 1) embedded[r] = -1;
  }
  return embedded;
}

/** 1 where a document begins, or the padding after the last one: [R]. What goes on from another sequence begins not. */
export function resetsOf({
  document,
  length,
  cuts,
}: Pick<Batch, "document" | "length" | "cuts">): Uint32Array<ArrayBuffer> {
  const resets = new Uint32Array(document.length);
  for (let first = 0; first < document.length; first += length) {
    const cut = cuts?.[first / length];
    resets[first] = cut?.continues ? 0 : 1;
    for (let r = first + 1; r < first + length; r++) {
      const number = document[r] as number;
      if (number !== document[r - 1] && !(number < 0 && cut?.goesOn)) resets[r] = 1;
    }
  }
  return resets;
}

/** Everything that the phases of a model read of a batch. */
export function hostBatch(spec: CheckedSpec, batch: Batch, counts: Counts, purpose: Purpose): HostBatch {
  const { modality, tokens, pictures } = batch;
  const rows = tokens.length;
  const draws = DRAWS[purpose.kind];
  const seed = purpose.kind === "training" ? purpose.seed : 0;
  const arrays = new Map<string, HostArray>([
    ["modality", new Uint32Array(modality)],
    ["embedded", embeddedTokens(spec, batch)],
    ["reset", resetsOf(batch)],
    ...attentionArrays(spec, batch, spec.data.reset || purpose.kind === "evaluation"),
    ["noise_key", Uint32Array.from(noiseKey(draws.noise, seed))],
    ...tokenArrays(spec, predictedIn(spec, batch), counts),
  ]);
  spec.model.modalities.forEach((declared, index) => {
    if (declared.kind !== "patches") return;
    const objective = spec.objectives[index];
    const size = patchSize(declared);
    const positions = patchesPerPicture(declared);
    const clean = new Float32Array(rows * size);
    const level = new Float32Array(2 * rows);
    const picture = new Int32Array(rows).fill(-1);
    const scale = new Float32Array(rows);
    const timestep = new Int32Array(pictureCapacity(declared, batch.batch, batch.length));
    const items = new Uint32Array(4 * timestep.length);
    const mine = pictures.filter((p) => p.modality === index);
    mine.forEach(({ position, patches, key: { document, epoch, item } }, i) => {
      const steps = objective?.kind === "ddpm" ? objective.steps : 0;
      const t = steps > 0 ? 1 + stream(draws.timestep, seed, document, epoch, item).below(steps) : 0;
      const kept = steps > 0 ? alphaBar(t, steps) : 1;
      timestep[i] = t;
      items.set([position, item, document, epoch], 4 * i);
      clean.set(patches, position * size);
      picture.fill(i, position, position + positions);
      for (let r = position; r < position + positions; r++) {
        level[2 * r] = Math.sqrt(kept);
        level[2 * r + 1] = Math.sqrt(1 - kept);
        scale[r] = steps > 0 ? (objective?.weight ?? 0) / (counts.patches[index] as number) : 0;
      }
    });
    const { name } = declared;
    arrays.set(`clean.${name}`, clean);
    arrays.set(`level.${name}`, level);
    arrays.set(`picture.${name}`, picture);
    arrays.set(`timestep.${name}`, timestep);
    arrays.set(`item.${name}`, items);
    arrays.set(`scale.${name}`, scale);
  });
  return arrays;
}

/** Mean losses of an update from the sums that its micro-batches left; modalities without a position are left out. */
export function lossesOf(
  spec: CheckedSpec,
  counts: Counts,
  sums: { readonly tokens: readonly number[]; readonly pictures: ReadonlyMap<string, number> },
): { loss: number; losses: Record<string, number> } {
  const losses: Record<string, number> = {};
  let loss = 0;
  const total = counts.tokens.reduce((sum, n) => sum + n, 0);
  spec.model.modalities.forEach((declared, index) => {
    const objective = spec.objectives[index];
    if (!objective) return;
    const isToken = objective.kind === "cross_entropy";
    const count = (isToken ? counts.tokens : counts.patches)[index] as number;
    if (count === 0) return;
    const sum = (isToken ? sums.tokens[index] : sums.pictures.get(declared.name)) as number;
    losses[declared.name] = sum / count;
    loss += (objective.weight * sum) / (isToken ? total : count);
  });
  return { loss, losses };
}
