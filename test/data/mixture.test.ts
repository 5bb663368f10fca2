// Mixtures: shares by weight in every window, resumption at any batch, and named validation sets.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { nodeHost } from "../../src/api/node/host.js";
import { type DataSet, dataSetOf } from "../../src/data/data-set.js";
import { documentOrder } from "../../src/data/document-order.js";
import { openTraining } from "../../src/data/order.js";
import { prepare } from "../../src/data/prepare.js";
import { readShard, writeShard } from "../../src/data/shard.js";
import { openStreams } from "../../src/data/streams.js";
import { filesAt } from "../support/source.js";
import { textAndImages } from "./parts.js";

const folder = mkdtempSync(join(tmpdir(), "mom-mixture-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const parts = textAndImages();

const shardOf = (name: string, count: number) =>
  readShard(
    writeShard(
      Array.from({ length: count }, (_, i) => ({
        label: `${name}${i}`,
        hash: 0xffffffff,
        eitherOrder: false,
        segments: [{ modality: 0, ids: Array.from({ length: 1 + (i % 7) }, () => 65) }],
      })),
      parts.modalities,
    ),
    name,
    parts.modalities,
  );

const mixture = (...sources: readonly (readonly [count: number, weight: number])[]): DataSet =>
  dataSetOf(
    {
      training: sources.map(([count, weight], i) => ({ weight, shards: [shardOf("abc"[i] as string, count)] })),
      validation: [],
    },
    parts,
    0,
  );

it("every window of 1000 documents has the sources in proportion to their weights", () => {
  for (const [weights, counts] of [
    [
      [3, 1],
      [40, 900],
    ],
    [
      [0.9, 0.07, 0.03],
      [500, 20, 3],
    ],
    [
      [1, 1],
      [1, 5000],
    ],
  ] as const) {
    const dataSet = mixture(...weights.map((weight, i) => [counts[i] as number, weight] as const));
    const ahead = documentOrder(dataSet, 7, []).from(documentOrder(dataSet, 7, []).start);
    const drawn = Array.from({ length: 10_000 }, (_, i) => dataSet.label(ahead.pieceAt(i).document)[0] as string);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (let begin = 0; begin + 1000 <= drawn.length; begin += 37)
      weights.forEach((weight, i) => {
        const share = drawn.slice(begin, begin + 1000).filter((label) => label === "abc"[i]).length;
        expect(Math.abs(share - (1000 * weight) / total)).toBeLessThanOrEqual(2);
      });
  }
});

it("each source goes through its documents once before they come again, in another order", () => {
  const dataSet = mixture([10, 3], [400, 1]);
  const ahead = documentOrder(dataSet, 1, []).from(documentOrder(dataSet, 1, []).start);
  const first = Array.from({ length: 400 }, (_, i) => ahead.pieceAt(i)).filter(({ document }) => document < 10);
  const epochs = [0, 10, 20].map((begin) => first.slice(begin, begin + 10).map(({ document }) => document));
  for (const epoch of epochs) expect(epoch.toSorted((a, b) => a - b)).toEqual([...Array(10).keys()]);
  expect(epochs[1]).not.toEqual(epochs[0]);
  expect(first.slice(0, 25).map(({ epoch }) => epoch)).toEqual(
    Array.from({ length: 25 }, (_, i) => Math.floor(i / 10)),
  );
});

it.each([
  ["packed", openTraining],
  ["streams", openStreams],
] as const)("%s batches of a mixture resume exactly at any position", (_, open) => {
  const dataSet = mixture([23, 3], [57, 1], [5, 0.5]);
  const shape = { length: 32, batch: 3, seed: 5 };
  const order = open(dataSet, shape);
  const seen = Array.from({ length: 30 }, () => ({ position: order.position(), batch: order.next() }));
  for (const at of [0, 1, 13, 29]) {
    const again = open(dataSet, shape);
    again.seek(JSON.parse(JSON.stringify(seen[at]?.position)) as ReturnType<typeof order.position>);
    for (const { batch } of seen.slice(at)) expect(again.next()).toEqual(batch);
  }
  const position = seen[3]?.position as ReturnType<typeof order.position>;
  for (const wrong of [{ drawn: [1, 2] }, { drawn: [1, 2, -3] }, { index: 1 }, { drawn: undefined }])
    expect(() => open(dataSet, shape).seek({ ...position, ...wrong } as typeof position)).toThrow(/outside the data/);
});

it("named validation sets have their own documents, and none is held out of the sources", async () => {
  const line = (text: string) => `${JSON.stringify({ segments: [{ text }] })}\n`;
  writeFileSync(join(folder, "a.jsonl"), Array.from({ length: 30 }, (_, i) => line(`a${i}`)).join(""));
  writeFileSync(join(folder, "b.jsonl"), line("b0") + line("b1"));
  writeFileSync(join(folder, "c.jsonl"), line("c0"));
  const { dataSet, groups } = await prepare(
    {
      source: {
        kind: "mixture",
        of: [
          { source: filesAt("a.jsonl"), weight: 3 },
          { source: filesAt("b.jsonl"), weight: 1 },
        ],
      },
      validation: [
        { name: "near", source: filesAt("b.jsonl") },
        { name: "far", source: filesAt("c.jsonl") },
      ],
      length: 32,
      held_out: 0,
    },
    parts,
    { host: nodeHost, folder, cache: join(folder, "cache") },
  );
  expect(dataSet.train.length).toBe(32);
  expect(
    dataSet.validationSets.map(({ name, documents }) => [name, documents.map((one) => dataSet.label(one))]),
  ).toEqual([
    ["near", ["b0", "b1"]],
    ["far", ["c0"]],
  ]);
  expect(groups.training.map(({ weight, shards }) => [weight, shards.length])).toEqual([
    [3, 1],
    [1, 1],
  ]);
});
