// Streams: consecutive documents, cut into consecutive sequences. Each row of a batch is a stream, which continues in the
// same row of the next batch. Documents may be longer than a sequence. An item is never split: if it does not fit, the rest
// of the sequence is padding.

import type { Batch, Cut, Item } from "../batch/batch.js";
import { InputError } from "../diagnostics/input-error.js";
import { holdsIds, positionsOfItem } from "../modalities/modality.fields.js";
import type { DataSet } from "./data-set.js";
import { documentLength, sizeOf } from "./document.js";
import {
  type DataPosition,
  type Epoch,
  epochOf,
  type StreamPlace,
  type TrainingOrder,
  type TrainingShape,
} from "./order.js";
import { batchOf, inEachOrder, type Piece, segmentsOf } from "./packing.js";

/** A complete document of which a stream has consumed the first `at` positions; undefined between documents. */
type Begun = { readonly piece: Piece; readonly at: number; readonly all: Batch } | undefined;

/** All positions of a piece, as a batch of one sequence. */
function whole(dataSet: DataSet, piece: Piece): Batch {
  const length = documentLength(segmentsOf(dataSet, piece).map(sizeOf), dataSet.parts);
  return batchOf(dataSet, [[piece]], length);
}

const positionsIn = ({ parts }: DataSet, { modality }: Item) => positionsOfItem(parts.modalities[modality]);

interface Shape {
  readonly rows: number;
  readonly length: number;
  /** Whether every document starts a new sequence; the rest after its end is padding. */
  readonly alone?: boolean;
}

/**
 * The next sequence of each stream, and the place of each stream after it.
 * @param next the next document, for a stream at the end of one; undefined after the last
 */
function cut(
  dataSet: DataSet,
  { rows, length, alone = false }: Shape,
  begun: readonly Begun[],
  next: () => Piece | undefined,
): { batch: Batch; after: Begun[] } {
  const empty = batchOf(
    dataSet,
    Array.from({ length: rows }, () => []),
    length,
  );
  const { tokens, modality, document } = empty;
  const items: Item[] = [];
  const after: Begun[] = [];
  const cuts = Array.from({ length: rows }, (_, row): Cut => {
    let current = begun[row];
    const continues = current !== undefined;
    let following: Cut["following"];
    for (let t = 0, number = 0; t < length && !(alone && number > 0); number++) {
      const piece = current?.piece ?? next();
      if (piece === undefined) break;
      const at = current?.at ?? 0;
      const all = current?.all ?? whole(dataSet, piece);
      const torn = all.items.find(
        (p) => p.position < at + length - t && at + length - t < p.position + positionsIn(dataSet, p),
      );
      const end = Math.min(torn?.position ?? at + length - t, all.length);
      const to = row * length + t;
      tokens.set(all.tokens.subarray(at, end), to);
      modality.set(all.modality.subarray(at, end), to);
      document.fill(number, to, to + end - at);
      for (const p of all.items) {
        if (p.position >= at && p.position < end) items.push({ ...p, position: to + p.position - at });
      }
      t += end - at;
      current = end < all.length ? { piece, at: end, all } : undefined;
      if (current === undefined) continue;
      const isId = holdsIds(dataSet.parts.modalities[all.modality[end] as number]);
      if (isId) following = { token: all.tokens[end] as number, modality: all.modality[end] as number };
      break;
    }
    after.push(current);
    return { continues, goesOn: current !== undefined, following };
  });
  return { batch: { ...empty, items, cuts }, after };
}

function placeOf({ piece, at }: NonNullable<Begun>): StreamPlace {
  const { document, reversed, lastAlone = false, epoch = 0 } = piece;
  return { document, reversed, lastAlone, epoch, at };
}

/** An endless series of batches of streams. A stream at the end of a document takes the next one in the epoch's order. */
export function openStreams(dataSet: DataSet, shape: TrainingShape): TrainingOrder {
  const { length, batch: rows, seed, drop = [] } = shape;
  const count = dataSet.train.length;
  const fresh = () => new Array<Begun>(rows).fill(undefined);
  let epoch: Epoch = epochOf(dataSet, seed, 0, drop);
  let index = 0;
  let begun = fresh();
  const next = () => {
    if (index === count) {
      epoch = epochOf(dataSet, seed, epoch.number + 1, drop);
      index = 0;
    }
    return epoch.pieces[index++] as Piece;
  };
  return {
    next() {
      const { batch, after } = cut(dataSet, { rows, length }, begun, next);
      begun = after;
      return batch;
    },
    position: () => ({
      epoch: epoch.number,
      index,
      micro: 0,
      streams: begun.map((one) => (one === undefined ? null : placeOf(one))),
    }),
    seek(position) {
      checkPosition(dataSet, rows, position);
      const { streams = [] } = position;
      epoch = epochOf(dataSet, seed, position.epoch, drop);
      index = position.index;
      begun = streams.map((one) => {
        if (one === null) return undefined;
        const { at, ...piece } = one;
        return { piece, at, all: whole(dataSet, piece) };
      });
    },
  };
}

function checkPosition(dataSet: DataSet, rows: number, { epoch, index, streams }: DataPosition): void {
  const isCount = (n: number) => Number.isSafeInteger(n) && n >= 0;
  const right =
    isCount(epoch) &&
    isCount(index) &&
    index <= dataSet.train.length &&
    streams?.length === rows &&
    streams.every(
      (one) => one === null || (isCount(one.at) && isCount(one.epoch) && dataSet.documents[one.document] !== undefined),
    );
  if (right) return;
  throw new InputError(
    "bad-checkpoint",
    `the data position (epoch ${epoch}, document ${index}, ${streams?.length ?? 0} streams) is outside the data`,
    "Resume with the data and batch of the original run.",
  );
}

/**
 * These documents once, in each order that they may have, as streams that end in padding. Each document starts a sequence,
 * so where it is cut depends only on itself.
 */
export function* validationStreams(
  dataSet: DataSet,
  { length, batch: rows }: { readonly length: number; readonly batch: number },
  documents: readonly number[] = dataSet.validation,
): Generator<Batch, void, undefined> {
  const pieces = inEachOrder(dataSet, documents);
  let given = 0;
  let begun: readonly Begun[] = new Array<Begun>(rows).fill(undefined);
  while (given < pieces.length || begun.some((one) => one !== undefined)) {
    const { batch, after } = cut(dataSet, { rows, length, alone: true }, begun, () => pieces[given++]);
    yield batch;
    begun = after;
  }
}
