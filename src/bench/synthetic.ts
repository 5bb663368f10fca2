// Synthetic data for a spec, for when only sizes matter: one batch with every position filled, or documents to train on.
import type { Batch, Item } from "../batch/batch.js";
import { type DataSet, dataSetOf, oneSource } from "../data/data-set.js";
import type { Shard, ShardSegment } from "../data/shard.js";
import type { CheckedSpec } from "../front/spec.js";
import { holdsIds, itemOf } from "../modalities/modality.fields.js";
import type { ItemShape } from "../modalities/row.fields.js";
import { firstId, ordinaryIds } from "../modalities/text.js";
import { stream } from "../random/stream.js";
import { type Shares, stretchesOf } from "./turns.js";

/** A batch with one document per sequence. */
export function syntheticBatch({ model, train, data }: CheckedSpec, shares?: Shares): Batch {
  const { modalities, vocabulary } = model;
  const { batch } = train;
  const { length } = data;
  const random = stream("sample", train.seed);
  const tokens = new Int32Array(batch * length);
  const modality = new Uint8Array(batch * length);
  const items: Item[] = [];
  stretchesOf(modalities, { rows: batch, length }, shares).forEach((stretches, row) => {
    let position = row * length;
    for (const { modality: index, positions } of stretches) {
      const item = itemOf(modalities[index]);
      const end = position + positions;
      modality.fill(index, position, end);
      if (item !== undefined) {
        const values = Float32Array.from({ length: positions * item.columns }, () => 2 * random.uniform() - 1);
        const id = items.length;
        items.push({ modality: index, position, id, key: { document: id, epoch: 0, item: 0 }, values });
      } else {
        const [first, ids] = [firstId(index, vocabulary), ordinaryIds(index, model)];
        for (let i = position; i < end; i++) tokens[i] = first + random.below(ids);
      }
      position = end;
    }
  });
  return { batch, length, tokens, modality, document: new Int32Array(batch * length), items };
}

/** The number of updates in one epoch of a synthetic data set. */
const UPDATES = 4;

/** A data set of documents that each fill a sequence, markers included. */
export function syntheticDataSet({ model, train, data }: CheckedSpec, shares?: Shares): DataSet {
  const { modalities, vocabulary } = model;
  const random = stream("sample", train.seed);
  const ids: number[] = [];
  const segments: ShardSegment[] = [];
  const items = modalities.map(() => 0);
  const rows = UPDATES * train.batch * train.accumulate;
  const documents = stretchesOf(modalities, { rows, length: data.length }, shares).map((stretches) => {
    const begin = segments.length;
    let left = data.length - 1;
    for (const { modality, positions } of stretches) {
      const room = left - (modality === vocabulary.owner ? 0 : 2);
      const isItem = !holdsIds(modalities[modality]);
      const taken = isItem && positions > room ? 0 : Math.min(positions, room);
      if (taken <= 0) continue;
      left = room - taken;
      if (isItem) {
        const number = items[modality] as number;
        items[modality] = number + 1;
        segments.push({ modality, counted: true, begin: number, end: number + 1 });
      } else {
        segments.push({ modality, counted: true, begin: ids.length, end: ids.length + taken });
        for (let i = 0; i < taken; i++) ids.push(random.below(ordinaryIds(modality, model)));
      }
    }
    return {
      hash: 0,
      eitherOrder: false,
      begin,
      end: segments.length,
    };
  });
  const storedOf = ({ positions, columns, type }: ItemShape, index: number): Uint8Array | Float32Array => {
    const size = (items[index] as number) * positions * columns;
    return type === "F32"
      ? Float32Array.from({ length: size }, () => 2 * random.uniform() - 1)
      : Uint8Array.from({ length: size }, () => random.below(256));
  };
  const shard: Shard = {
    documents,
    label: (row) => `synthetic ${row + 1}`,
    extra: () => undefined,
    segments,
    tokens: Int32Array.from(ids),
    items: new Map(
      modalities.flatMap((modality, m) => {
        const item = itemOf(modality);
        return item === undefined ? [] : [[m, storedOf(item, m)] as const];
      }),
    ),
    codebooks: new Map(),
    checksum: 0,
  };
  return dataSetOf(oneSource([shard]), model, 0);
}
