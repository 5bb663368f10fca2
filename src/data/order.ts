// The training order: a permutation of the documents for each epoch, packed into batches. It can resume at any batch.

import type { Batch } from "../batch/batch.js";
import { InputError } from "../diagnostics/input-error.js";
import { stream } from "../random/stream.js";
import type { DataSet } from "./data-set.js";
import { batchOf, checkLengths, firstFit, type Piece, segmentsOf } from "./packing.js";

export interface TrainingShape {
  /** Positions in a sequence. */
  readonly length: number;
  /** Sequences in a micro-batch, which `next` returns. */
  readonly batch: number;
  /** Micro-batches per update. They are packed together, so that splitting an update does not change its data. Default 1. */
  readonly accumulate?: number;
  readonly seed: number;
  /** By modality: the probability that a document ending in such a picture is cut to that picture. */
  readonly drop?: readonly number[];
}

export interface TrainingOrder {
  next(): Batch;
  /** The position of the next batch. */
  position(): DataPosition;
  /** Makes `next` return the batch that follows this position. */
  seek(position: DataPosition): void;
}

/** A document in a stream, and how many of its positions are consumed. */
export type StreamPlace = {
  readonly document: number;
  readonly reversed: boolean;
  readonly lastAlone: boolean;
  readonly epoch: number;
  readonly at: number;
};

/** A place in the order, as plain JSON. */
export interface DataPosition {
  readonly epoch: number;
  /** The first document of the update, as an index into the epoch's permutation. */
  readonly index: number;
  /** Micro-batches of the update that are already consumed. */
  readonly micro: number;
  /** The place of each stream; null between documents. */
  readonly streams?: readonly (null | StreamPlace)[];
}

/** An endless series of batches. The same data set, shape and seed give the same batches. */
export function openTraining(dataSet: DataSet, shape: TrainingShape): TrainingOrder {
  const { length, batch, seed, accumulate = 1, drop = [] } = shape;
  checkLengths(dataSet, dataSet.train, length);
  let place: DataPosition = { epoch: 0, index: 0, micro: 0 };
  let epochs: Epoch[] = [];
  let packed: { readonly rows: readonly (readonly Piece[])[]; readonly after: DataPosition } | undefined;

  const epoch = (number: number) => {
    const known = epochs.find((order) => order.number === number);
    if (known !== undefined) return known;
    const fresh = epochOf(dataSet, seed, number, drop);
    epochs = [...epochs.slice(-1), fresh];
    return fresh;
  };
  const pack = () => {
    const count = dataSet.train.length;
    const pieceAt = (offset: number) => {
      const index = place.index + offset;
      return epoch(place.epoch + Math.floor(index / count)).pieces[index % count];
    };
    const { rows, placed } = firstFit(dataSet, { rows: batch * accumulate, length }, pieceAt);
    const next = place.index + placed;
    return { rows, after: { epoch: place.epoch + Math.floor(next / count), index: next % count, micro: 0 } };
  };
  return {
    next() {
      packed ??= pack();
      const { rows, after } = packed;
      const { micro } = place;
      place = { ...place, micro: micro + 1 };
      if (place.micro === accumulate) {
        place = after;
        packed = undefined;
      }
      return batchOf(dataSet, rows.slice(micro * batch, (micro + 1) * batch), length);
    },
    position: () => place,
    seek({ epoch, index, micro }) {
      const valid = [epoch, index, micro].every((number) => Number.isSafeInteger(number) && number >= 0);
      if (!valid || index >= dataSet.train.length || micro >= accumulate)
        throw new InputError(
          "bad-checkpoint",
          `the data position (epoch ${epoch}, document ${index}, micro-batch ${micro}) is outside the data`,
          "Resume with the data, batch and gradient accumulation of the original run.",
        );
      place = { epoch, index, micro };
      packed = undefined;
    },
  };
}

export interface Epoch {
  readonly number: number;
  readonly pieces: readonly Piece[];
}

/**
 * Every training document once, shuffled (Fisher–Yates). Each document's order, and whether it is cut, is drawn from its
 * number and the epoch alone.
 */
export function epochOf(dataSet: DataSet, seed: number, number: number, drop: readonly number[]): Epoch {
  const draw = stream("order", seed, number, 0);
  const chance = (which: number, document: number) => stream("order", seed, number, which, document).uniform();
  const order = [...dataSet.train];
  for (let last = order.length - 1; last > 0; last--) {
    const other = draw.below(last + 1);
    [order[last], order[other]] = [order[other] as number, order[last] as number];
  }
  const pieces = order.map((document): Piece => {
    const reversed = dataSet.documents[document]?.eitherOrder === true && chance(1, document) < 0.5;
    const piece = { document, reversed, epoch: number };
    const segments = segmentsOf(dataSet, piece);
    const last = segments.at(-1);
    const probability = last?.kind === "item" && segments.length > 1 ? (drop[last.modality] ?? 0) : 0;
    return probability > 0 && chance(2, document) < probability ? { ...piece, lastAlone: true } : piece;
  });
  return { number, pieces };
}
