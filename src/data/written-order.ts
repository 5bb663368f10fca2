// The order of training and validation as tensors, for programs that pack batches without drawing documents themselves.
//   sequences   I32 [sequences + 1]  the first piece of each sequence, and the end of the last
//   pieces      I32 [pieces, 3]      document; epoch; 1 if its segments are reversed, plus 2 if only the last is kept
import type { DataSet } from "./data-set.js";
import { packer, type TrainingShape } from "./order.js";
import { type Row, rowsInEachOrder } from "./packing.js";
import type { Tensor } from "./tensor.js";

/** The sequences of all updates: `batch · accumulate` for each, micro-batch by micro-batch. */
function* trainingRows(dataSet: DataSet, shape: TrainingShape, steps: number): Generator<Row> {
  const order = packer(dataSet, shape);
  let place = order.start;
  for (let step = 0; step < steps; step++) {
    const { rows, after } = order.packed(place);
    place = after;
    yield* rows;
  }
}

function tensorsOf(prefix: string, all: Iterable<Row>): [string, Tensor][] {
  const sequences = [0];
  const pieces: number[] = [];
  for (const row of all) {
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
      tensorsOf(`validation.${i}.`, rowsInEachOrder(dataSet, documents, shape.length)),
    ),
  ]);
}
