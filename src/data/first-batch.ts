// The first batch of training, as readers want to see it: which documents each sequence holds, and where.
import type { Packed } from "../batch/batch.js";
import type { DataSet } from "./data-set.js";
import { documentOrder } from "./document-order.js";
import { openTraining, type TrainingShape } from "./order.js";
import { firstFit } from "./packing.js";
import { openStreams } from "./streams.js";

export interface PackedRow {
  readonly runs: readonly PackedRun[];
  /** Each with its positions in the sequence. */
  readonly documents: readonly PackedDocument[];
  readonly padding: number;
}

/** Consecutive positions of the same kind. */
interface PackedRun {
  readonly begin: number;
  readonly end: number;
  /** A modality's index. */
  readonly of: number | "marker" | "padding";
  /** Whether they count in the loss. */
  readonly counted: boolean;
}

interface PackedDocument {
  readonly number: number;
  readonly label: string;
  readonly begin: number;
  readonly end: number;
}

/**
 * @param carry whether sequences are streams
 * @throws InputError if a document does not fit into a sequence
 */
export function firstBatch(
  dataSet: DataSet,
  shape: TrainingShape,
  carry: boolean,
): { readonly rows: readonly PackedRow[]; readonly padding: number } {
  const { length, batch: size, accumulate = 1, seed, drop = [] } = shape;
  const batch = (carry ? openStreams : openTraining)(dataSet, { length, batch: size, accumulate, seed, drop }).next();
  const order = documentOrder(dataSet, seed, drop);
  const { pieceAt } = order.from(order.start);
  const pieces = carry ? [] : firstFit(dataSet, { rows: size * accumulate, length }, pieceAt).rows;
  let taken = 0;
  const rows = Array.from({ length: size }, (_, row) => {
    // Streams take documents row by row.
    const before = taken;
    const numberOf = (index: number) => (carry ? pieceAt(before + index) : pieces[row]?.[index])?.document ?? 0;
    const made = rowOf(batch, row, dataSet, numberOf);
    taken += made.documents.length;
    return made;
  });
  return { rows, padding: rows.reduce((sum, { padding }) => sum + padding, 0) };
}

/** @param numberOf the number in the data set of the sequence's k-th document */
function rowOf(batch: Packed, row: number, dataSet: DataSet, numberOf: (index: number) => number): PackedRow {
  const { length, document, modality, tokens, counted } = batch;
  const { documentEnd, owner, spans } = dataSet.parts.vocabulary;
  const markers = new Set([documentEnd, ...spans.flatMap((span) => (span ? [span.begin, span.end] : []))]);
  const runs: { begin: number; end: number; of: PackedRun["of"]; counted: boolean }[] = [];
  const documents: { number: number; label: string; begin: number; end: number }[] = [];
  let padding = 0;
  for (let position = 0; position < length; position++) {
    const at = row * length + position;
    const index = document[at] as number;
    const own = modality[at] as number;
    const isMarker = own === owner && markers.has(tokens[at] as number);
    const of = index < 0 ? "padding" : isMarker ? "marker" : own;
    const isCounted = counted === undefined || counted[at] === 1;
    const last = runs.at(-1);
    if (last?.of === of && last.counted === isCounted) last.end = position + 1;
    else runs.push({ begin: position, end: position + 1, of, counted: isCounted });
    if (index < 0) {
      padding++;
      continue;
    }
    const open = documents[index];
    if (open !== undefined) open.end = position + 1;
    else {
      const number = numberOf(index);
      documents[index] = { number, label: dataSet.label(number), begin: position, end: position + 1 };
    }
  }
  return { runs, documents, padding };
}
