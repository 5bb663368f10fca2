// Segments with "loss": false: tokens that no position predicts, and items that are fed clean and do not count.
import { expect, test } from "vitest";
import { dataSetOf, oneSource } from "../../src/data/data-set.js";
import { openTraining } from "../../src/data/order.js";
import { filled } from "../../src/data/packing.js";
import { type PreparedDocument, readShard, writeShard } from "../../src/data/shard.js";
import { openStreams } from "../../src/data/streams.js";
import { labelOf } from "../../src/ir/meaning.js";
import { countsOf, hostBatch } from "../../src/train/host-batch.js";
import { predictedIn } from "../../src/train/predicted.js";
import { textAndImages } from "../data/parts.js";
import { mixedSpec } from "./mixed-data.js";

const spec = mixedSpec({ batch: 1 }, {});
const parts = textAndImages();
const picture = { modality: 1, pixels: Uint8Array.from({ length: 192 }, (_, i) => i) };
const question = { modality: 0, ids: [1, 2, 3] };
const answer = { modality: 0, ids: [4, 5] };

async function batchOf(segments: PreparedDocument["segments"], open: typeof openTraining | typeof openStreams) {
  const document = { label: "d", hash: 0xffffffff, eitherOrder: false, segments };
  const shard = readShard(writeShard([document], parts.modalities), "made", parts.modalities);
  const dataSet = dataSetOf(oneSource([shard]), parts, 0);
  return await filled(dataSet, open(dataSet, { length: 30, batch: 1, seed: 1 }).next());
}

test.each([
  ["packed", openTraining],
  ["streams", openStreams],
] as const)("%s: only tokens of segments that count are predicted", async (_, open) => {
  const asked = await batchOf([{ ...question, counted: false }, { ...picture, counted: false }, answer], open);
  const all = await batchOf([question, picture, answer], open);
  const [some, every] = [predictedIn(spec, asked), predictedIn(spec, all)];
  // 1 2 3, the picture's start, 4 patches, its end, 4 5, the document's end.
  expect([...every.target.slice(0, 11)]).toEqual([2, 3, 258, -1, -1, -1, -1, -1, 4, 5, 256]);
  expect([...some.target.slice(0, 11)]).toEqual([-1, -1, -1, -1, -1, -1, -1, -1, 4, 5, 256]);
  expect(asked.tokens).toEqual(all.tokens);
});

test("an item that is only read is clean and does not count", async () => {
  const batch = await batchOf([{ ...picture, counted: false }, answer, picture], openTraining);
  const counts = countsOf(spec, [batch]);
  // Two epochs of the document fit into the sequence.
  expect(counts.items).toEqual([0, 2 * 4]);
  const made = hostBatch(spec, batch, counts, { kind: "training", seed: 3 });
  const array = (is: "scale" | "level" | "clean") => Array.from(made.get(labelOf({ is, modality: "image" })) ?? []);
  const [first, second] = batch.items.map(({ position }) => position) as [number, number];
  const scale = array("scale");
  expect(scale.slice(first, first + 4)).toEqual([0, 0, 0, 0]);
  expect(scale.slice(second, second + 4).every((weight) => weight > 0)).toBe(true);
  const level = array("level");
  const [signal, noise] = level.slice(2 * first, 2 * first + 2) as [number, number];
  expect(signal).toBeGreaterThan(0.99);
  expect(noise).toBeLessThan(0.1);
  expect(array("clean").slice(48 * first, 48 * first + 4)).toEqual(array("clean").slice(48 * second, 48 * second + 4));
});
