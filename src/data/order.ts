// The training order: documents in their order, packed into batches. It can resume at any batch.

import type { Packed } from "../batch/batch.js";
import { InputError } from "../diagnostics/input-error.js";
import type { DataSet } from "./data-set.js";
import { type DrawnDocuments, documentOrder } from "./document-order.js";
import { checkLengths, firstFit, packedOf, type Row } from "./packing.js";

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
  next(): Packed;
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

/** A place in the order, as plain JSON: the first document of the update, and where in it. */
export interface DataPosition extends DrawnDocuments {
  /** Micro-batches of the update that are already consumed. */
  readonly micro: number;
  /** The place of each stream; null between documents. */
  readonly streams?: readonly (null | StreamPlace)[];
}

/** The sequences of the updates from a place on, and the place after each. */
export function packer(dataSet: DataSet, { length, batch, seed, accumulate = 1, drop = [] }: TrainingShape) {
  checkLengths(dataSet, dataSet.train, length);
  const order = documentOrder(dataSet, seed, drop);
  return {
    ...order,
    packed(place: DrawnDocuments): { readonly rows: readonly Row[]; readonly after: DrawnDocuments } {
      const ahead = order.from(place);
      const { rows, placed } = firstFit(dataSet, { rows: batch * accumulate, length }, ahead.pieceAt);
      return { rows, after: ahead.after(placed) };
    },
  };
}

/** An endless series of batches. The same data set, shape and seed give the same batches. */
export function openTraining(dataSet: DataSet, shape: TrainingShape): TrainingOrder {
  const { length, batch, accumulate = 1 } = shape;
  const order = packer(dataSet, shape);
  let place: DataPosition = { ...order.start, micro: 0 };
  let packed: ReturnType<typeof order.packed> | undefined;

  return {
    next() {
      packed ??= order.packed(place);
      const { rows, after } = packed;
      const { micro } = place;
      place = { ...place, micro: micro + 1 };
      if (place.micro === accumulate) {
        place = { ...after, micro: 0 };
        packed = undefined;
      }
      return packedOf(dataSet, rows.slice(micro * batch, (micro + 1) * batch), length);
    },
    position: () => place,
    seek(position) {
      const { micro, streams: _, ...rest } = position;
      const { epoch, index, drawn } = rest;
      const isMicro = Number.isSafeInteger(micro) && micro >= 0 && micro < accumulate;
      if (!isMicro || !order.has(position) || (drawn === undefined && index >= dataSet.train.length))
        throw new InputError(
          "bad-checkpoint",
          `the data position (epoch ${epoch}, document ${index}, micro-batch ${micro}) is outside the data`,
          "Resume with the data, batch and gradient accumulation of the original run.",
        );
      place = { ...rest, micro };
      packed = undefined;
    },
  };
}
