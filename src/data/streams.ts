// Streams: consecutive documents, cut into consecutive sequences. Each row of a batch is a stream, which continues in the
// same row of the next batch. Documents may be longer than a sequence. An item is never split: if it does not fit, the rest
// of the sequence is padding.

import type { Cut, Packed, PackedItem } from "../batch/batch.js";
import { InputError } from "../diagnostics/input-error.js";
import { holdsIds, positionsOfItem } from "../modalities/modality.fields.js";
import type { DataSet } from "./data-set.js";
import { documentLength, sizeOf } from "./document.js";
import { type DocumentOrder, type DrawnDocuments, documentOrder } from "./document-order.js";
import type { DataPosition, StreamPlace, TrainingOrder, TrainingShape } from "./order.js";
import { inEachOrder, type Piece, packedOf, segmentsOf } from "./packing.js";

/** A complete document of which a stream has consumed the first `at` positions; undefined between documents. */
type Begun = { readonly piece: Piece; readonly at: number; readonly all: Packed } | undefined;

/** All positions of a piece, as a batch of one sequence. */
function whole(dataSet: DataSet, piece: Piece): Packed {
  const length = documentLength(segmentsOf(dataSet, piece).map(sizeOf), dataSet.parts);
  return packedOf(dataSet, [[piece]], length);
}

const positionsIn = ({ parts }: DataSet, { modality }: PackedItem) => positionsOfItem(parts.modalities[modality]);

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
): { batch: Packed; after: Begun[] } {
  const empty = packedOf(
    dataSet,
    Array.from({ length: rows }, () => []),
    length,
  );
  const { tokens, modality, document } = empty;
  let counted: Uint8Array | undefined;
  const items: PackedItem[] = [];
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
      if (all.counted !== undefined) {
        counted ??= new Uint8Array(rows * length).fill(1);
        counted.set(all.counted.subarray(at, end), to);
      }
      document.fill(number, to, to + end - at);
      for (const p of all.items) {
        if (p.position >= at && p.position < end) items.push({ ...p, position: to + p.position - at });
      }
      t += end - at;
      current = end < all.length ? { piece, at: end, all } : undefined;
      if (current === undefined) continue;
      const isId = holdsIds(dataSet.parts.modalities[all.modality[end] as number]);
      if (isId && all.counted?.[end] !== 0)
        following = { token: all.tokens[end] as number, modality: all.modality[end] as number };
      break;
    }
    after.push(current);
    return { continues, goesOn: current !== undefined, following };
  });
  return { batch: { ...empty, items, cuts, ...(counted !== undefined && { counted }) }, after };
}

function placeOf({ piece, at }: NonNullable<Begun>): StreamPlace {
  const { document, reversed, lastAlone = false, epoch = 0 } = piece;
  return { document, reversed, lastAlone, epoch, at };
}

/** An endless series of batches of streams. A stream at the end of a document takes the next one in the epoch's order. */
export function openStreams(dataSet: DataSet, shape: TrainingShape): TrainingOrder {
  const { length, batch: rows, seed, drop = [] } = shape;
  const order = documentOrder(dataSet, seed, drop);
  let place: DrawnDocuments = order.start;
  let begun = new Array<Begun>(rows).fill(undefined);
  const next = () => {
    const ahead = order.from(place);
    const piece = ahead.pieceAt(0);
    place = ahead.after(1);
    return piece;
  };
  return {
    next() {
      const { batch, after } = cut(dataSet, { rows, length }, begun, next);
      begun = after;
      return batch;
    },
    position: () => ({
      ...place,
      micro: 0,
      streams: begun.map((one) => (one === undefined ? null : placeOf(one))),
    }),
    seek(position) {
      checkPosition(dataSet, order, rows, position);
      const { micro: _, streams = [], ...drawn } = position;
      place = drawn;
      begun = streams.map((one) => {
        if (one === null) return undefined;
        const { at, ...piece } = one;
        return { piece, at, all: whole(dataSet, piece) };
      });
    },
  };
}

function checkPosition(dataSet: DataSet, order: DocumentOrder, rows: number, position: DataPosition): void {
  const { epoch, index, streams } = position;
  const isCount = (n: number) => Number.isSafeInteger(n) && n >= 0;
  const right =
    order.has(position) &&
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
): Generator<Packed, void, undefined> {
  const pieces = inEachOrder(dataSet, documents);
  let given = 0;
  let begun: readonly Begun[] = new Array<Begun>(rows).fill(undefined);
  while (given < pieces.length || begun.some((one) => one !== undefined)) {
    const { batch, after } = cut(dataSet, { rows, length, alone: true }, begun, () => pieces[given++]);
    yield batch;
    begun = after;
  }
}
