// Batches in a fixed order: held-out documents for validation, and chosen documents, one per sequence, for sampling.
import type { Packed } from "../batch/batch.js";
import type { DataSet } from "./data-set.js";
import { checkLengths, packedOf, rowsInEachOrder } from "./packing.js";

/**
 * Every held-out document (or each of `documents`) once, in each order that it may have. Sequences are filled one after
 * another, each until the next document does not fit, so their contents do not depend on `batch`. All batches have `batch`
 * sequences; the last ones of the last batch may be only padding.
 */
export function* validationBatches(
  dataSet: DataSet,
  { length, batch }: { readonly length: number; readonly batch: number },
  documents: readonly number[] = dataSet.validation,
): Generator<Packed, void, undefined> {
  const all = [...rowsInEachOrder(dataSet, documents, length)];
  for (let done = 0; done < all.length; done += batch) {
    const rows = Array.from({ length: batch }, (_, row) => all[done + row] ?? []);
    yield packedOf(dataSet, rows, length);
  }
}

/** A batch with one document in each sequence, from its start: the prompts and true pictures of samples. */
export function documentBatch(
  dataSet: DataSet,
  documents: readonly number[],
  { length, reversed = false }: { readonly length: number; readonly reversed?: boolean },
): Packed {
  checkLengths(dataSet, documents, length);
  return packedOf(
    dataSet,
    documents.map((document) => [{ document, reversed }]),
    length,
  );
}
