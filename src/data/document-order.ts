// The order in which training draws documents. Of one source: a permutation of its documents for each epoch. Of a mixture:
// each source in such an order of its own, so that every stretch of training has the sources in proportion to their
// weights: the next document is from the source that is furthest behind its share.
import { stream } from "../random/stream.js";
import type { DataSet } from "./data-set.js";
import { type Piece, segmentsOf } from "./packing.js";

/** How many documents were drawn, as plain JSON. */
export interface DrawnDocuments {
  /** Complete epochs of the source; 0 for a mixture, whose sources have their own. */
  readonly epoch: number;
  /** Documents of this epoch, or of the mixture, that were drawn. */
  readonly index: number;
  /** Of a mixture: how many of them are from each source. */
  readonly drawn?: readonly number[];
  /** Of each source whose documents have grown: how many it had in earlier epochs, in their order. */
  readonly grown?: readonly (readonly EarlierSize[])[];
  /** Of a mixture that has got more sources: the place from which on the sources are balanced. */
  readonly since?: { readonly index: number; readonly drawn: readonly number[] };
}

/** The number of a source's training documents in the epochs before `until`, if no earlier entry is about them. */
export interface EarlierSize {
  readonly until: number;
  readonly documents: number;
}

/** The number of documents in an epoch. */
export const sizeIn = (epoch: number, count: number, earlier: readonly EarlierSize[] = []): number =>
  earlier.find(({ until }) => epoch < until)?.documents ?? count;

/** The epoch and the index in it of the document that a source gives after `drawn` others. */
export function epochAt(drawn: number, count: number, earlier: readonly EarlierSize[] = []) {
  let [epoch, left] = [0, drawn];
  for (const { until, documents } of earlier) {
    const own = Math.max(0, until - epoch) * documents;
    if (left < own) return { epoch: epoch + Math.floor(left / documents), index: left % documents };
    [epoch, left] = [Math.max(epoch, until), left - own];
  }
  return { epoch: epoch + Math.floor(left / count), index: left % count };
}

/** The number of documents that a source has given at a place in an epoch: the inverse of `epochAt`. */
export function drawnAt(epoch: number, index: number, count: number, earlier: readonly EarlierSize[] = []): number {
  let [from, drawn] = [0, index];
  for (const { until, documents } of earlier) {
    const to = Math.min(Math.max(from, until), epoch);
    drawn += (to - from) * documents;
    from = to;
  }
  return drawn + (epoch - from) * count;
}

/** The documents after a place. */
export interface Ahead {
  /** The document that follows after `offset` others. */
  pieceAt(offset: number): Piece;
  /** The place after `count` documents. */
  after(count: number): DrawnDocuments;
}

export interface DocumentOrder {
  readonly start: DrawnDocuments;
  from(place: DrawnDocuments): Ahead;
  /** Whether a place is one of this order. */
  has(place: DrawnDocuments): boolean;
}

/** @param drop by modality: the probability that a document ending in such an item is cut to that item */
export function documentOrder(dataSet: DataSet, seed: number, drop: readonly number[]): DocumentOrder {
  const { sources } = dataSet;
  const epochs = sources.map(({ train }, source) => epochsOf(dataSet, train, { seed, source, drop }));
  const [only] = sources;
  return sources.length === 1 && only !== undefined
    ? ofOneSource(only.train.length, epochs[0] as Epochs)
    : ofMixture(sources, epochs);
}

const isCount = (number: number) => Number.isSafeInteger(number) && number >= 0;

function ofOneSource(count: number, epoch: Epochs): DocumentOrder {
  return {
    start: { epoch: 0, index: 0 },
    from(place) {
      const earlier = place.grown?.[0] ?? [];
      const begun = drawnAt(place.epoch, place.index, count, earlier);
      return {
        pieceAt(offset) {
          const { epoch: number, index } = epochAt(begun + offset, count, earlier);
          return epoch(number, sizeIn(number, count, earlier))[index] as Piece;
        },
        after: (documents) => ({ ...place, ...epochAt(begun + documents, count, earlier) }),
      };
    },
    has: ({ epoch: number, index, drawn, grown }) =>
      isCount(number) && isCount(index) && index <= sizeIn(number, count, grown?.[0]) && drawn === undefined,
  };
}

function ofMixture(sources: DataSet["sources"], epochs: readonly Epochs[]): DocumentOrder {
  const total = sources.reduce((sum, { weight }) => sum + weight, 0);
  const shares = sources.map(({ weight }) => weight / total);
  /** The source that is furthest behind its share of the next document's number; the first of several. */
  const next = (drawn: readonly number[], index: number, since: DrawnDocuments["since"]) => {
    let [best, most] = [0, Number.NEGATIVE_INFINITY];
    for (const [source, share] of shares.entries()) {
      const behind =
        share * (index - (since?.index ?? 0) + 1) - ((drawn[source] as number) - (since?.drawn[source] ?? 0));
      if (behind > most) [best, most] = [source, behind];
    }
    return best;
  };
  return {
    start: { epoch: 0, index: 0, drawn: sources.map(() => 0) },
    from(place) {
      const { index, drawn = [], grown, since } = place;
      const pieces: Piece[] = [];
      const counts: (readonly number[])[] = [[...drawn]];
      const extend = (count: number) => {
        while (pieces.length < count) {
          const before = counts.at(-1) as readonly number[];
          const source = next(before, index + pieces.length, since);
          const [count, own] = [(sources[source] as (typeof sources)[number]).train.length, before[source] as number];
          const at = epochAt(own, count, grown?.[source]);
          pieces.push(
            (epochs[source] as Epochs)(at.epoch, sizeIn(at.epoch, count, grown?.[source]))[at.index] as Piece,
          );
          counts.push(before.with(source, own + 1));
        }
      };
      return {
        pieceAt(offset) {
          extend(offset + 1);
          return pieces[offset] as Piece;
        },
        after(count) {
          extend(count);
          return { ...place, epoch: 0, index: index + count, drawn: counts[count] as readonly number[] };
        },
      };
    },
    has: ({ epoch, index, drawn = [] }) =>
      epoch === 0 &&
      isCount(index) &&
      drawn.length === sources.length &&
      drawn.every(isCount) &&
      drawn.reduce((sum, one) => sum + one, 0) === index,
  };
}

/** The documents of an epoch in order: the first `size` of the source. */
type Epochs = (number: number, size: number) => readonly Piece[];

interface Drawing {
  readonly seed: number;
  /** The source's index. */
  readonly source: number;
  readonly drop: readonly number[];
}

/** Keeps the last two epochs: a batch may be filled from both. */
function epochsOf(dataSet: DataSet, documents: readonly number[], drawing: Drawing): Epochs {
  let kept: { readonly number: number; readonly pieces: readonly Piece[] }[] = [];
  return (number, size) => {
    const known = kept.find((one) => one.number === number && one.pieces.length === size);
    if (known !== undefined) return known.pieces;
    const pieces = epochOf(dataSet, size < documents.length ? documents.slice(0, size) : documents, number, drawing);
    kept = [...kept.slice(-1), { number, pieces }];
    return pieces;
  };
}

/**
 * Every document once, shuffled (Fisher–Yates). Each document's order, and whether it is cut, is drawn from its number and
 * the epoch alone.
 */
function epochOf(
  dataSet: DataSet,
  documents: readonly number[],
  number: number,
  { seed, source, drop }: Drawing,
): Piece[] {
  const draw = source === 0 ? stream("order", seed, number, 0) : stream("order", seed, number, 3, source);
  const chance = (which: number, document: number) => stream("order", seed, number, which, document).uniform();
  const order = [...documents];
  for (let last = order.length - 1; last > 0; last--) {
    const other = draw.below(last + 1);
    [order[last], order[other]] = [order[other] as number, order[last] as number];
  }
  return order.map((document): Piece => {
    const reversed = dataSet.documents[document]?.eitherOrder === true && chance(1, document) < 0.5;
    const piece = { document, reversed, epoch: number };
    const segments = segmentsOf(dataSet, piece);
    const last = segments.at(-1);
    const probability = last?.kind === "item" && segments.length > 1 ? (drop[last.modality] ?? 0) : 0;
    return probability > 0 && chance(2, document) < probability ? { ...piece, lastAlone: true } : piece;
  });
}
