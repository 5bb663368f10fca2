// Packs complete documents into sequences of a fixed length.

import type { Batch, Packed, PackedItem } from "../batch/batch.js";
import { newArray } from "../batch/spare.js";
import { InputError } from "../diagnostics/input-error.js";
import { itemOf, positionsOfItem } from "../modalities/modality.fields.js";
import type { ItemShape, Varied } from "../modalities/row.fields.js";
import { type Stream, stream } from "../random/stream.js";
import type { DataSet } from "./data-set.js";
import { type Document, documentLength, type Segment, sizeOf } from "./document.js";
import type { View } from "./picture-size.js";

/** A document by its number, with the order of its segments. */
export interface Piece {
  readonly document: number;
  readonly reversed: boolean;
  /** Only the last segment is kept: an item without its prompt. */
  readonly lastAlone?: boolean;
  /** The epoch that it belongs to; default 0. */
  readonly epoch?: number;
}

/** Puts each piece, in order, into the first of `rows` sequences with room, until a piece fits in none.
 * @param pieceAt the k-th next piece; undefined after the last
 * @returns the pieces of each sequence, and how many were placed
 */
export function firstFit(
  dataSet: DataSet,
  shape: { readonly rows: number; readonly length: number },
  pieceAt: (index: number) => Piece | undefined,
): { readonly rows: readonly (readonly Piece[])[]; readonly placed: number } {
  const rows = Array.from({ length: shape.rows }, (): Piece[] => []);
  const room = new Array<number>(shape.rows).fill(shape.length);
  for (let placed = 0; ; placed++) {
    const piece = pieceAt(placed);
    if (piece === undefined) return { rows, placed };
    const needed = documentLength(segmentsOf(dataSet, piece).map(sizeOf), dataSet.parts);
    const row = room.findIndex((free) => free >= needed);
    if (row === -1) return { rows, placed };
    room[row] = (room[row] as number) - needed;
    rows[row]?.push(piece);
  }
}

/** Positions that a document takes. */
export const positionsOf = (dataSet: DataSet, document: number): number =>
  documentLength(documentOf(dataSet, document).segments.map(sizeOf), dataSet.parts);

/** These documents, once in each order that they may have. */
export const inEachOrder = (dataSet: DataSet, documents: readonly number[]): Piece[] =>
  documents.flatMap((document) => {
    const written = { document, reversed: false };
    return dataSet.documents[document]?.eitherOrder ? [written, { document, reversed: true }] : [written];
  });

/** A sequence. */
export type Row = readonly Piece[];

/** These documents in each order that they may have, in sequences that are filled until the next document does not fit. */
export function* rowsInEachOrder(dataSet: DataSet, documents: readonly number[], length: number): Generator<Row> {
  checkLengths(dataSet, documents, length);
  const pieces = inEachOrder(dataSet, documents);
  for (let done = 0; done < pieces.length; ) {
    const { rows, placed } = firstFit(dataSet, { rows: 1, length }, (index) => pieces[done + index]);
    done += placed;
    yield rows[0] ?? [];
  }
}

/** The segments of a piece, in order. */
export const segmentsOf = (dataSet: DataSet, piece: Piece): readonly Segment[] =>
  segmentsIn(dataSet, piece).map(([, segment]) => segment);

/** The same, each with its index in the document as written. */
function segmentsIn(
  dataSet: DataSet,
  { document, reversed, lastAlone = false }: Piece,
): (readonly [number, Segment])[] {
  const written = [...documentOf(dataSet, document).segments.entries()];
  const ordered = reversed ? written.reverse() : written;
  return lastAlone ? ordered.slice(-1) : ordered;
}

function documentOf(dataSet: DataSet, number: number): Document {
  const document = dataSet.documents[number];
  if (document === undefined) throw new RangeError(`no document ${number}: there are ${dataSet.documents.length}`);
  return document;
}

/** @throws InputError if a document does not fit into a sequence */
export function checkLengths(dataSet: DataSet, documents: readonly number[], length: number): void {
  const lengths = lengthsWithin(length);
  for (const document of documents)
    lengths.look(() => `document "${dataSet.label(document)}"`, positionsOf(dataSet, document));
  lengths.refuse();
}

const SHORTEN =
  "shorten longer documents: `long: cut` of their source keeps the beginning, and `long: split` makes several documents";

/**
 * Checks documents one by one, and asks for a document's place only if it does not fit into a sequence. `refuse` then
 * reports the first that does not fit, and the longest.
 * @param shorten a remedy: how to make the documents shorter
 */
export function lengthsWithin(length: number, shorten = SHORTEN) {
  let first: { readonly place: string; readonly positions: number } | undefined;
  let [count, longest] = [0, 0];
  return {
    look(place: () => string, positions: number): void {
      if (positions <= length) return;
      first ??= { place: place(), positions };
      count++;
      longest = Math.max(longest, positions);
    },
    /** @throws InputError if one is longer */
    refuse(): void {
      if (first === undefined) return;
      const others = count === 1 ? "" : `; ${count} documents are too long, and the longest takes ${longest}`;
      throw new InputError(
        "document-too-long",
        `${first.place} takes ${first.positions} positions, but data.length is ${length}${others}`,
        `Set data.length to at least ${longest}, or ${shorten}. With data.carry, a document continues in the next step.`,
      );
    },
  };
}

/**
 * Adds the values of the items.
 * @param seed for training, which varies pictures that are decoded live, from the document's own random numbers
 * @param spare an array for the values of all items
 */
export async function filled(dataSet: DataSet, packed: Packed, seed?: number, spare = newArray): Promise<Batch> {
  const shapes = dataSet.parts.modalities.map(itemOf);
  const sizes = packed.items.map(({ modality }) => sizeOfItem(shapes[modality]));
  const all = spare(sizes.reduce((sum, size) => sum + size, 0));
  let end = 0;
  const values = await Promise.all(
    packed.items.map(({ id, modality, key: { document, epoch, item } }, i) => {
      const live = shapes[modality]?.live;
      const view =
        live && seed !== undefined ? viewOf(live, stream("augment", seed, document, epoch, item)) : undefined;
      const begin = end;
      end += sizes[i] as number;
      return dataSet.itemById(id).values(view, all.subarray(begin, end));
    }),
  );
  return { ...packed, items: packed.items.map((item, i) => ({ ...item, values: values[i] as Float32Array })) };
}

const sizeOfItem = (shape: ItemShape | undefined) => (shape ? shape.positions * shape.columns : 0);

/** The part of a picture that training reads; undefined if it is read as it is. */
function viewOf({ flip: chance, crop }: Varied, random: Stream): View | undefined {
  const flip = random.uniform() < chance;
  const side = crop + (1 - crop) * random.uniform();
  return flip || side < 1 ? { flip, side, left: random.uniform(), top: random.uniform() } : undefined;
}

/** A batch in which each sequence starts with its pieces and ends with padding. */
export function packedOf(dataSet: DataSet, rows: readonly (readonly Piece[])[], length: number): Packed {
  const { vocabulary } = dataSet.parts;
  const tokens = new Int32Array(rows.length * length).fill(vocabulary.padding);
  const modality = new Uint8Array(rows.length * length).fill(vocabulary.owner);
  const document = new Int32Array(rows.length * length).fill(-1);
  let counted: Uint8Array | undefined;
  const items: PackedItem[] = [];
  rows.forEach((pieces, row) => {
    let position = row * length;
    pieces.forEach((piece, number) => {
      const begin = position;
      const token = (id: number, owner: number) => {
        tokens[position] = id;
        modality[position++] = owner;
      };
      const { document: written, epoch = 0 } = piece;
      const content = (segment: Segment, item: number) => {
        if (segment.kind === "ids") {
          for (const id of segment.ids) token(id, segment.modality);
          return;
        }
        const { modality: owner, item: id, counted } = segment;
        const key = { document: written, epoch, item };
        items.push({ modality: owner, position, id, ...(!counted && { counted: false }), key });
        const end = position + positionsOfItem(dataSet.parts.modalities[owner]);
        while (position < end) token(0, owner);
      };
      for (const [item, segment] of segmentsIn(dataSet, piece)) {
        const first = position;
        const span = vocabulary.spans[segment.modality];
        if (span !== undefined) token(span.begin, vocabulary.owner);
        content(segment, item);
        if (span !== undefined) token(span.end, vocabulary.owner);
        if (segment.counted) continue;
        counted ??= new Uint8Array(rows.length * length).fill(1);
        counted.fill(0, first, position);
      }
      token(vocabulary.documentEnd, vocabulary.owner);
      document.fill(number, begin, position);
    });
  });
  return { batch: rows.length, length, tokens, modality, document, items, ...(counted !== undefined && { counted }) };
}
