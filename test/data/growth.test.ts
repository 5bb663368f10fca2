// Data that grow at their end: what a run has drawn stays drawn, and new documents take part from the next epoch on.
import { expect, test } from "vitest";
import { type DataGroups, type DataSet, openDataSet } from "../../src/data/data-set.js";
import { documentOrder, drawnAt, type EarlierSize, epochAt } from "../../src/data/document-order.js";
import { beginningsOf, grownPosition, isGrown } from "../../src/data/growth.js";
import { type DataPosition, openTraining } from "../../src/data/order.js";
import { type PreparedDocument, writeShard } from "../../src/data/shard.js";
import { openStreams } from "../../src/data/streams.js";
import { stream } from "../../src/random/stream.js";
import { textAndImages } from "./parts.js";

const { modalities, vocabulary } = textAndImages();
/** Documents of one token each, which is their number, so batches show what was drawn. */
const documents = (from: number, to: number): PreparedDocument[] =>
  Array.from({ length: to - from }, (_, i) => ({
    label: `d${from + i}`,
    hash: Math.imul(from + i + 1, 2654435761) >>> 0,
    eitherOrder: false,
    segments: [{ modality: 0, ids: Uint8Array.of(from + i, 255) }],
  }));
/** A data set whose sources have so many documents; those of source s begin at 100 s. */
function dataSetOf(...counts: readonly number[]): DataSet {
  const training = counts.map((count, s) => {
    const bytes = writeShard(documents(100 * s, 100 * s + count), modalities);
    return { weight: 1, shards: [{ name: `s${s}`, bytes }] };
  });
  const groups: DataGroups<{ name: string; bytes: Uint8Array }> = { training, validation: [] };
  return openDataSet(groups, { modalities, vocabulary }, 0);
}
/** The next documents from a position, by their first tokens, and the position after them. */
function drawn(dataSet: DataSet, position: DataPosition | undefined, count: number) {
  const order = documentOrder(dataSet, 5, []);
  const { micro: _, ...place } = position ?? { ...order.start, micro: 0 };
  const ahead = order.from(place);
  const numbers = Array.from({ length: count }, (_, i) => {
    const [segment] = dataSet.documents[ahead.pieceAt(i).document]?.segments ?? [];
    return segment?.kind === "ids" ? (segment.ids[0] as number) : -1;
  });
  return { numbers, position: { ...ahead.after(count), micro: 0 } };
}
const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

test("an epoch is finished with the documents that it began with, and the next one has all", () => {
  const before = dataSetOf(10);
  const first = drawn(before, undefined, 14);
  const now = dataSetOf(16);
  expect(isGrown(beginningsOf(before), now)).toBe(true);
  const position = grownPosition(first.position, beginningsOf(before), now);
  const rest = drawn(now, position, 6);
  expect(rest.numbers).toEqual(drawn(before, first.position, 6).numbers);
  expect(sorted([...first.numbers.slice(10), ...rest.numbers])).toEqual(upTo(10));
  const next = drawn(now, rest.position, 32);
  expect([sorted(next.numbers.slice(0, 16)), sorted(next.numbers.slice(16))]).toEqual([upTo(16), upTo(16)]);
  // Grown again in the middle of an epoch, also twice before a step.
  const half = drawn(now, rest.position, 5);
  const more = grownPosition(half.position, beginningsOf(now), dataSetOf(18));
  const most = grownPosition(more, beginningsOf(dataSetOf(18)), dataSetOf(20));
  const end = drawn(dataSetOf(20), most, 31);
  expect(sorted([...half.numbers, ...end.numbers.slice(0, 11)])).toEqual(upTo(16));
  expect(sorted(end.numbers.slice(11))).toEqual(upTo(20));
});

test("at the beginning of an epoch, new documents take part at once", () => {
  const before = dataSetOf(10);
  const position = grownPosition(drawn(before, undefined, 20).position, beginningsOf(before), dataSetOf(12));
  expect(sorted(drawn(dataSetOf(12), position, 12).numbers)).toEqual(upTo(12));
});

test("a new source is balanced from where it comes in, and the others continue", () => {
  const before = dataSetOf(10);
  const first = drawn(before, undefined, 13);
  const now = dataSetOf(10, 8);
  const position = grownPosition(first.position, beginningsOf(before), now);
  const { numbers, position: after } = drawn(now, position, 14);
  expect(numbers.filter((number) => number >= 100)).toHaveLength(7);
  expect(numbers.filter((number) => number < 100)).toEqual(drawn(before, first.position, 7).numbers);
  const third = dataSetOf(12, 8, 5);
  const three = drawn(third, grownPosition(after, beginningsOf(now), third), 9).numbers;
  expect([0, 1, 2].map((s) => three.filter((number) => Math.floor(number / 100) === s).length)).toEqual([3, 3, 3]);
});

test("training and streams continue from a grown position", () => {
  const [before, now] = [dataSetOf(10, 6), dataSetOf(13, 6)];
  const shape = { length: 6, batch: 2, seed: 1 };
  for (const open of [openTraining, openStreams]) {
    const order = open(before, shape);
    for (let i = 0; i < 2; i++) order.next();
    const expected = [...order.next().tokens];
    const again = open(before, shape);
    for (let i = 0; i < 2; i++) again.next();
    const grown = open(now, shape);
    grown.seek(JSON.parse(JSON.stringify(grownPosition(again.position(), beginningsOf(before), now))));
    expect([...grown.next().tokens]).toEqual(expected);
  }
});

test("documents that were changed, removed or put before the others are other data", () => {
  const before = beginningsOf(dataSetOf(10, 5));
  expect(isGrown(before, dataSetOf(10, 5))).toBe(true);
  for (const other of [dataSetOf(9, 5), dataSetOf(10), dataSetOf(10, 4, 7)]) expect(isGrown(before, other)).toBe(false);
  const shard = (all: readonly PreparedDocument[]) => ({
    training: [{ weight: 1, shards: [{ name: "s", bytes: writeShard(all, modalities) }] }],
    validation: [],
  });
  const set = (all: readonly PreparedDocument[]) => openDataSet(shard(all), { modalities, vocabulary }, 0);
  const [first, ...rest] = documents(0, 10) as [PreparedDocument, ...PreparedDocument[]];
  const own = beginningsOf(set([first, ...rest]));
  expect(isGrown(own, set([first, ...rest, first]))).toBe(true);
  expect(isGrown(own, set([...rest, first, first]))).toBe(false);
  expect(isGrown(own, set([{ ...first, hash: 7 }, ...rest, first]))).toBe(false);
});

test("drawnAt is the inverse of epochAt, for any history", () => {
  const random = stream("order", 11, 0, 0);
  for (let n = 0; n < 200; n++) {
    let [until, size] = [0, 1 + random.below(5)];
    const earlier: EarlierSize[] = Array.from({ length: random.below(4) }, () => {
      until += random.below(3);
      size += random.below(3);
      return { until, documents: size };
    });
    const count = size + random.below(4);
    for (let k = 0; k < 40; k++) {
      const { epoch, index } = epochAt(k, count, earlier);
      expect(drawnAt(epoch, index, count, earlier)).toBe(k);
    }
  }
});
