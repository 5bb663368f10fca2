// The order of training and validation as tensors, for programs that pack batches without drawing documents themselves.
//   sequences   I32 [sequences + 1]  the first piece of each sequence, and the end of the last
//   pieces      I32 [pieces, 3]      document; epoch; 1 if its segments are reversed, plus 2 if only the last is kept
import type { DataSet } from "./data-set.js";
import { documentOrder } from "./document-order.js";
import type { TrainingShape } from "./order.js";
import { checkLengths, firstFit, inEachOrder, type Piece } from "./packing.js";
import type { Tensor } from "./tensor.js";

type Rows = readonly (readonly Piece[])[];

/** The sequences of all updates: `batch · accumulate` for each, micro-batch by micro-batch. */
function* trainingRows(dataSet: DataSet, shape: TrainingShape, steps: number): Generator<Rows> {
  const { length, batch, accumulate = 1, seed, drop = [] } = shape;
  checkLengths(dataSet, dataSet.train, length);
  const order = documentOrder(dataSet, seed, drop);
  let place = order.start;
  for (let step = 0; step < steps; step++) {
    const ahead = order.from(place);
    const { rows, placed } = firstFit(dataSet, { rows: batch * accumulate, length }, ahead.pieceAt);
    place = ahead.after(placed);
    yield rows;
  }
}

/** The sequences of a validation on these documents: each is filled until the next document does not fit. */
function* validationRows(dataSet: DataSet, documents: readonly number[], length: number): Generator<Rows> {
  checkLengths(dataSet, documents, length);
  const pieces = inEachOrder(dataSet, documents);
  for (let done = 0; done < pieces.length; ) {
    const { rows, placed } = firstFit(dataSet, { rows: 1, length }, (index) => pieces[done + index]);
    done += placed;
    yield rows;
  }
}

function tensorsOf(prefix: string, all: Iterable<Rows>): [string, Tensor][] {
  const sequences = [0];
  const pieces: number[] = [];
  for (const rows of all)
    for (const row of rows) {
      for (const { document, epoch = 0, reversed, lastAlone = false } of row)
        pieces.push(document, epoch, Number(reversed) + 2 * Number(lastAlone));
      sequences.push(pieces.length / 3);
    }
  return [
    [`${prefix}sequences`, { dtype: "I32", shape: [sequences.length], data: Int32Array.from(sequences) }],
    [`${prefix}pieces`, { dtype: "I32", shape: [pieces.length / 3, 3], data: Int32Array.from(pieces) }],
  ];
}

/** The tensors of a run's order: those of training, and those of each validation set as `validation.N.…`. */
export function writtenOrder(dataSet: DataSet, shape: TrainingShape, steps: number): Map<string, Tensor> {
  return new Map([
    ...tensorsOf("", trainingRows(dataSet, shape, steps)),
    ...dataSet.validationSets.flatMap(({ documents }, i) =>
      tensorsOf(`validation.${i}.`, validationRows(dataSet, documents, shape.length)),
    ),
  ]);
}
