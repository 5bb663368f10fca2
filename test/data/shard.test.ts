// Shards: every flipped bit and every truncation is detected, and a shard for another model is refused.
import { describe, expect, it } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import { crc32 } from "../../src/data/crc32.js";
import { oneSource, openDataSet } from "../../src/data/data-set.js";
import { writeSafetensors } from "../../src/data/safetensors.js";
import { type PreparedDocument, type Rows, readShard, writeShard } from "../../src/data/shard.js";
import { InputError } from "../../src/diagnostics/input-error.js";
import { patchesOf, pixelsOf } from "../../src/modalities/pixels.js";
import { codesAndText, textAndImages } from "./parts.js";

const { modalities } = textAndImages(4, 1);
const documents: readonly PreparedDocument[] = [
  {
    label: "“ä”",
    hash: 0xffffffff,
    eitherOrder: true,
    segments: [
      { modality: 0, ids: [1, 2, 255] },
      { modality: 1, pixels: Uint8Array.from({ length: 16 }, (_, i) => i) },
    ],
  },
  { label: "b", hash: 7, eitherOrder: false, segments: [{ modality: 0, ids: [] }] },
];
const bytes = writeShard(documents, modalities);

it.each([
  ["portable", crc32],
  ["of the platform", nodeDisk.crc32],
])("CRC-32 (%s) has the standard check value, in any pieces", (_, crc32) => {
  const check = new TextEncoder().encode("123456789");
  for (let at = 0; at <= check.length; at++)
    expect(crc32(check.subarray(at), crc32(check.subarray(0, at)))).toBe(0xcbf43926);
  expect(crc32(check)).toBe(0xcbf43926);
  expect(crc32(check.subarray(4), crc32(check.subarray(0, 4)))).toBe(0xcbf43926);
});

describe("a shard", () => {
  it("restores its documents", () => {
    const shard = readShard(bytes, "a", modalities);
    const rows = <T>({ length, at }: Rows<T>) => Array.from({ length }, (_, row) => at(row));
    expect(rows(shard.documents)).toEqual([
      { hash: 0xffffffff, eitherOrder: true, begin: 0, end: 2 },
      { hash: 7, eitherOrder: false, begin: 2, end: 3 },
    ]);
    expect([0, 1].map(shard.label)).toEqual(["“ä”", "b"]);
    expect(rows(shard.segments)).toEqual([
      { modality: 0, counted: true, begin: 0, end: 3 },
      { modality: 1, counted: true, begin: 0, end: 1 },
      { modality: 0, counted: true, begin: 3, end: 3 },
    ]);
    expect([...shard.tokens.slice(0, 3)]).toEqual([1, 2, 255]);
    expect(shard.items.get(1)?.slice(0, 16)).toEqual(Uint8Array.from({ length: 16 }, (_, i) => i));
  });

  it("is refused if any of its bits is flipped", () => {
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(() => readShard(flipped, "a", modalities), `bit ${bit}`).toThrow(InputError);
    }
  });

  it("is refused if it is truncated at any byte", () => {
    for (let length = 0; length < bytes.length; length++)
      expect(() => readShard(bytes.subarray(0, length), "a", modalities)).toThrow(InputError);
  });

  it("is refused for a model with other modalities or if it is another kind of file", () => {
    expect(() => readShard(bytes, "a", textAndImages(8, 1).modalities)).toThrow(
      /a: the shard was prepared for modalities/,
    );
    expect(() => readShard(bytes, "a", codesAndText.modalities)).toThrow(/prepared for modalities/);
    expect(() => readShard(writeSafetensors(new Map()), "a", modalities)).toThrow(/is not a shard of the format/);
  });

  it("continues the numbers of the previous shard, and the fingerprint depends on the order of shards", () => {
    const parts = textAndImages(4, 1);
    const files = [
      { name: "a", bytes },
      { name: "b", bytes: writeShard([...documents].reverse(), modalities) },
    ];
    const dataSet = openDataSet(oneSource(files), parts, 0.5);
    expect(dataSet.documents.map(({ label }) => label)).toEqual(["“ä”", "b", "b", "“ä”"]);
    expect([dataSet.train, dataSet.validation]).toEqual([
      [0, 3],
      [1, 2],
    ]);
    expect([dataSet.firstItem(0)?.id, dataSet.firstItem(1), dataSet.firstItem(3)?.id]).toEqual([0, undefined, 1]);
    expect(openDataSet(oneSource(files.toReversed()), parts, 0.5).fingerprint).not.toBe(dataSet.fingerprint);
  });
});

describe("patches", () => {
  const modality = {
    kind: "patches",
    name: "p",
    height: 4,
    width: 6,
    patchHeight: 2,
    patchWidth: 3,
    channels: 2,
  } as const;

  it("are in rows, and each is flattened by row, column and channel", () => {
    const pixels = Uint8Array.from({ length: 48 }, (_, i) => i);
    const levels = [...patchesOf(pixels, modality)].map((value) => Math.round((value + 1) * 127.5));
    const rowOf = (row: number, left: number): number[] => Array.from({ length: 6 }, (_, i) => row * 12 + left * 2 + i);
    expect(levels).toEqual([
      ...[...rowOf(0, 0), ...rowOf(1, 0)],
      ...[...rowOf(0, 3), ...rowOf(1, 3)],
      ...[...rowOf(2, 0), ...rowOf(3, 0)],
      ...[...rowOf(2, 3), ...rowOf(3, 3)],
    ]);
  });

  it("restore every pixel from values in [−1, 1], and clip other values", () => {
    const pixels = Uint8Array.from({ length: 256 }, (_, i) => i);
    const square = { ...modality, height: 16, width: 16, patchHeight: 4, patchWidth: 8, channels: 1 };
    const patches = patchesOf(pixels, square);
    expect([Math.min(...patches), Math.max(...patches)]).toEqual([-1, 1]);
    expect(pixelsOf(patches, square)).toEqual(pixels);
    const wild = new Float32Array(256).fill(9).fill(-9, 0, 8);
    expect([...pixelsOf(wild, square)].filter((level) => level === 0)).toHaveLength(8);
    expect([...pixelsOf(wild, square)].filter((level) => level === 255)).toHaveLength(248);
  });
});
