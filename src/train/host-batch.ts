// A batch as the arrays that a program's batch tensors hold: targets, times, levels of noise. Training, evaluation, traces
// and sampling all make theirs with `arraysOf`; they differ in where items' numbers and times come from.
import type { Batch, Item, Packed } from "../batch/batch.js";
import { batchOf, type HostBatch, type HostField } from "../batch/host-array.js";
import { newArray, type Spare } from "../batch/spare.js";
import type { CheckedSpec } from "../front/spec.js";
import { holdsIds, itemCapacity, itemOf, positionsOfItem } from "../modalities/modality.fields.js";
import type { ItemShape } from "../modalities/row.fields.js";
import { type OfItem, ofItems } from "../objectives/items.js";
import { learnedOf } from "../objectives/objective.fields.js";
import { noiseKey, stream } from "../random/stream.js";
import { attentionArrays } from "./attention-inputs.js";
import { type Predicted, predictedIn, targetsByModality, tokenArrays } from "./predicted.js";

/** The divisors of an update's losses, counted over all of its micro-batches. */
export interface Counts {
  /** Predicted ids, by the target's modality. */
  readonly ids: readonly number[];
  /** Positions of items, by modality. */
  readonly items: readonly number[];
}

export function countsOf(spec: CheckedSpec, batches: Iterable<Packed>): Counts {
  const { modalities } = spec.model;
  const ids = modalities.map(() => 0);
  const items = modalities.map(() => 0);
  for (const batch of batches) {
    targetsByModality(predictedIn(spec, batch), ids.length).forEach((n, m) => {
      ids[m] = (ids[m] as number) + n;
    });
    for (const { modality, counted } of batch.items)
      if (counted !== false) items[modality] = (items[modality] as number) + positionsOfItem(modalities[modality]);
  }
  return { ids, items };
}

/** The counts of several evaluations together. */
export const addCounts = (all: readonly Counts[]): Counts => ({
  ids: sumsOf(all.map(({ ids }) => ids)),
  items: sumsOf(all.map(({ items }) => items)),
});

const sumsOf = (rows: readonly (readonly number[])[]): number[] =>
  (rows[0] ?? []).map((_, index) => rows.reduce((sum, row) => sum + (row[index] as number), 0));

/** The number of positions in the mean of a modality's loss. */
export const countOf = (spec: CheckedSpec, counts: Counts, modality: number): number =>
  (learnedOf(spec.objectives[modality]) === "ids" ? counts.ids : counts.items)[modality] as number;

/**
 * The purpose of a batch. In training, times and noise are drawn again in each epoch, from the seed. In an evaluation they
 * depend on the document only, and documents never see each other.
 */
type Purpose = { readonly kind: "training"; readonly seed: number } | { readonly kind: "evaluation" };

const DRAWS = {
  training: { time: "timestep", noise: "noise" },
  evaluation: { time: "evaluationTimestep", noise: "evaluationNoise" },
} as const;

/** The positions of a batch, [B, L] each. */
interface Standing {
  readonly batch: number;
  readonly length: number;
  readonly modality: ArrayLike<number>;
  /** Ids of the vocabulary. Those at items are not read. */
  readonly tokens: Int32Array;
  /** −1 at padding. */
  readonly document: ArrayLike<number>;
}

/** The modality of each position, and the id that is embedded there: −1 at items and padding. */
function standingArrays(spec: CheckedSpec, { modality, tokens, document }: Standing): HostField[] {
  const isId = Uint8Array.from(spec.model.modalities, (declared) => Number(holdsIds(declared)));
  const embedded = new Int32Array(tokens);
  for (let r = 0; r < embedded.length; r++)
    if ((document[r] as number) < 0 || isId[modality[r] as number] === 0) embedded[r] = -1;
  return [
    [{ is: "modality" }, Uint32Array.from(modality)],
    [{ is: "embedded" }, embedded],
  ];
}

/** The position of an item, and its noising time. */
export interface TimedItem {
  readonly position: number;
  /** False if it has no loss. */
  readonly counted?: false;
  readonly t: number;
}

/** The items of a modality in a batch. */
export interface ItemsAt {
  /** The modality's index, and its name. */
  readonly index: number;
  readonly name: string;
  readonly shape: ItemShape;
  readonly objective: OfItem;
  readonly rows: number;
  /** The largest number of items in the batch. */
  readonly items: number;
}

/** The items of a modality; undefined if it holds ids. */
function itemsAt(
  { model, objectives }: CheckedSpec,
  index: number,
  { batch, length }: Pick<Standing, "batch" | "length">,
): ItemsAt | undefined {
  const declared = model.modalities[index];
  const shape = itemOf(declared);
  if (declared === undefined || shape === undefined) return undefined;
  const objective = ofItems(objectives[index]);
  const items = itemCapacity(shape, batch, length);
  return { index, name: declared.name, shape, objective, rows: batch * length, items };
}

/** The item of each position (−1: none), the items' times, and the weights of the positions' losses. */
function itemArrays(at: ItemsAt, items: readonly TimedItem[], count: number): HostField[] {
  const { name: modality, shape, objective, rows } = at;
  const index = new Int32Array(rows).fill(-1);
  const scale = new Float32Array(rows);
  items.forEach(({ position, counted }, i) => {
    index.fill(i, position, position + shape.positions);
    if (objective.weight > 0 && counted !== false)
      scale.fill(objective.weight / count, position, position + shape.positions);
  });
  const times = items.map(({ t }) => t);
  return [[{ is: "index", modality }, index], ...objective.times(at, times), [{ is: "scale", modality }, scale]];
}

/** 1 where a document, or the padding after the last one, starts: [R]. 0 when the row continues the previous sequence. */
export function resetsOf({
  document,
  length,
  cuts,
}: Pick<Standing, "document" | "length"> & Pick<Batch, "cuts">): Uint32Array<ArrayBuffer> {
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

/** The contents of a batch. */
export interface Contents {
  readonly standing: Standing & Pick<Batch, "cuts">;
  /** The inputs of attention: attentionArrays or cachedArrays. */
  readonly attention: readonly HostField[];
  /** The predicted ids, and their number in the whole update, by the target's modality. Absent if none are predicted. */
  readonly predicted?: { readonly ids: Predicted; readonly counts: readonly number[] };
  /** The items of a modality: their times, the number of positions in the mean of their loss, and their values. */
  readonly items?: (at: ItemsAt) => {
    readonly timed: readonly TimedItem[];
    readonly count: number;
    readonly numbers: readonly HostField[];
  };
  readonly more?: readonly HostField[];
}

/** Everything that the phases of a model read from a batch. */
export function arraysOf(spec: CheckedSpec, { standing, attention, predicted, items, more = [] }: Contents): HostBatch {
  const ofItems = spec.model.modalities.flatMap((_, index): HostField[] => {
    const at = itemsAt(spec, index, standing);
    if (at === undefined || items === undefined) return [];
    const { timed, count, numbers } = items(at);
    return [...itemArrays(at, timed, count), ...numbers];
  });
  return batchOf([
    ...standingArrays(spec, standing),
    [{ is: "reset" }, resetsOf(standing)],
    ...attention,
    ...(predicted ? tokenArrays(spec, predicted.ids, predicted.counts) : []),
    ...ofItems,
    ...more,
  ]);
}

/** A batch of documents. @param spare arrays for the values of items */
export function hostBatch(
  spec: CheckedSpec,
  batch: Batch,
  counts: Counts,
  purpose: Purpose,
  spare = newArray,
): HostBatch {
  const draws = DRAWS[purpose.kind];
  const seed = purpose.kind === "training" ? purpose.seed : 0;
  return arraysOf(spec, {
    standing: batch,
    attention: attentionArrays(spec, batch, spec.data.reset || purpose.kind === "evaluation"),
    predicted: { ids: predictedIn(spec, batch), counts: counts.ids },
    items(at) {
      const timed = batch.items
        .filter(({ modality }) => modality === at.index)
        .map((item) => {
          const { document, epoch, item: segment } = item.key;
          const { draw, finished } = at.objective;
          return {
            ...item,
            t: item.counted === false ? finished : draw(stream(draws.time, seed, document, epoch, segment)),
          };
        });
      return { timed, count: counts.items[at.index] as number, numbers: noisedArrays(at, timed, spare) };
    },
    more: [[{ is: "noise_key" }, Uint32Array.from(noiseKey(draws.noise, seed))]],
  });
}

/** The inputs of the op `noise`: clean values, the weights of values and noise, and the keys that noise is drawn with. */
function noisedArrays(
  { name: modality, shape, objective, rows, items: capacity }: ItemsAt,
  items: readonly (TimedItem & Pick<Item, "key" | "values">)[],
  spare: Spare,
): HostField[] {
  const { positions, columns } = shape;
  const clean = spare(rows * columns);
  const level = new Float32Array(2 * rows);
  const keys = new Uint32Array(4 * capacity);
  let filled = 0;
  items.forEach(({ position, t, values, key: { document, epoch, item } }, i) => {
    const { signal, noise } = objective.at(t);
    keys.set([position, item, document, epoch], 4 * i);
    clean.fill(0, filled, position * columns).set(values, position * columns);
    filled = (position + positions) * columns;
    for (let r = position; r < position + positions; r++) {
      level[2 * r] = signal;
      level[2 * r + 1] = noise;
    }
  });
  clean.fill(0, filled);
  return [
    [{ is: "clean", modality }, clean],
    [{ is: "level", modality }, level],
    [{ is: "item", modality }, keys],
  ];
}

/** Mean losses of an update from its total loss sums. Modalities without a position are left out. */
export function lossesOf(
  spec: CheckedSpec,
  counts: Counts,
  sums: { readonly ids: readonly number[]; readonly items: ReadonlyMap<string, number> },
): { loss: number; losses: Record<string, number> } {
  const losses: Record<string, number> = {};
  let loss = 0;
  const total = counts.ids.reduce((sum, n) => sum + n, 0);
  spec.model.modalities.forEach(({ name }, index) => {
    const objective = spec.objectives[index];
    if (!objective) return;
    const count = countOf(spec, counts, index);
    if (count === 0) return;
    const isId = learnedOf(objective) === "ids";
    const sum = (isId ? sums.ids[index] : sums.items.get(name)) as number;
    losses[name] = sum / count;
    loss += (objective.weight * sum) / (isId ? total : count);
  });
  return { loss, losses };
}
