// Codes: pictures become the codes of the nearest entries, or codes come from files; decoding gives pictures again.

import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadDataSet } from "../../src/api/compiled-folder.js";
import { nodeDisk } from "../../src/api/node/disk.js";
import { nodeHost } from "../../src/api/node/host.js";
import { pictureCodebook, pictureOf, writeCodebook } from "../../src/data/codebook.js";
import { decodersOf, openCodecs } from "../../src/data/codecs.js";
import type { DataSet } from "../../src/data/data-set.js";
import { oneSource } from "../../src/data/data-set.js";
import { writeNpy } from "../../src/data/npy.js";
import { prepare } from "../../src/data/prepare.js";
import { reachOf } from "../../src/data/reach.js";
import { layOut } from "../../src/front/vocabulary.js";
import type { PictureCodes } from "../../src/modalities/codebook.fields.js";
import type { CodesModality } from "../../src/modalities/codes.fields.js";
import type { Modality } from "../../src/modalities/modality.fields.js";
import { type ModelParts, textOf } from "../../src/modalities/text.js";
import { bareEmoji, filesAt } from "../support/source.js";

const folder = mkdtempSync(join(tmpdir(), "mom-codes-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const kind: PictureCodes = { of: "patches", height: 4, width: 4, patchHeight: 2, patchWidth: 2, channels: 3 };
const COLOURS = [
  [255, 255, 255],
  [255, 0, 0],
  [0, 0, 255],
] as const;

const codes = (fields: Partial<CodesModality> = {}): CodesModality => ({
  kind: "codes",
  name: "image",
  vocab: 3,
  codebook: "book.safetensors",
  ...fields,
});
const partsOf = (...modalities: Modality[]): ModelParts => ({ modalities, vocabulary: layOut(modalities) });
const model = partsOf({ kind: "bytes", name: "text" }, codes());

beforeAll(async () => {
  mkdirSync(join(folder, "data"));
  // Each entry has one colour.
  const entries = Float32Array.from(
    COLOURS.flatMap((rgb) => [0, 1, 2, 3].flatMap(() => rgb.map((v) => v / 127.5 - 1))),
  );
  writeFileSync(join(folder, "book.safetensors"), writeCodebook(kind, entries, 12));
  copyFileSync(fileURLToPath(new URL("../../specs/emoji-tokenizer.json", import.meta.url)), join(folder, "t.json"));
  // Red at the top right, blue at the bottom left, nearly white elsewhere.
  const pixels = Uint8Array.from({ length: 48 }, (_, i) => {
    const [row, column, channel] = [Math.floor(i / 12), Math.floor(i / 3) % 4, i % 3];
    const code = row < 2 && column >= 2 ? 1 : row >= 2 && column < 2 ? 2 : 0;
    return code === 0 ? 240 : (COLOURS[code]?.[channel] as number);
  });
  await sharp(pixels, { raw: { width: 4, height: 4, channels: 3 } })
    .png()
    .toFile(join(folder, "data", "flag.png"));
});

const line = (...segments: unknown[]): string => `${JSON.stringify({ segments })}\n`;
async function prepared(lines: string, parts: ModelParts = model, length = 64) {
  writeFileSync(join(folder, "data", "lines.jsonl"), lines);
  const source = filesAt("data/lines.jsonl");
  return await prepare({ source, length, held_out: 0 }, parts, {
    host: nodeHost,
    folder,
    cache: join(folder, "cache"),
  });
}
const idsOf = (dataSet: DataSet, segment: number, document = 0): number[] => {
  const found = dataSet.documents[document]?.segments[segment];
  return found?.kind === "ids" ? [...found.ids] : [];
};

describe("pictures as codes", () => {
  it("are the nearest entries of the patches, row by row, in the modality's range of the vocabulary", async () => {
    const { dataSet } = await prepared(line({ text: "flag" }, { image: "flag.png" }));
    const first = model.vocabulary.first[1] as number;
    expect(idsOf(dataSet, 1)).toEqual([0, 1, 2, 0].map((code) => first + code));
    expect(dataSet.items).toBe(0);
  });

  it("are decoded to pictures with the codebook in copies of the shards", async () => {
    const { files } = await prepared(line({ image: "flag.png" }));
    const codebook = pictureCodebook(loadDataSet(nodeDisk, oneSource(files), model, 0), 1);
    if (codebook === undefined) throw new Error("no codebook");
    const pixels = pictureOf([0, 1, 2, 0], codebook);
    expect([...pixels.subarray(0, 12)]).toEqual([...COLOURS[0], ...COLOURS[0], ...COLOURS[1], ...COLOURS[1]]);
  });

  it("are prepared again with another codebook", async () => {
    const { files: before } = await prepared(line({ image: "flag.png" }));
    const entries = Float32Array.from({ length: 36 }, (_, i) => Math.floor(i / 12) - 1);
    writeFileSync(join(folder, "other.safetensors"), writeCodebook(kind, entries, 12));
    const other = partsOf({ kind: "bytes", name: "text" }, codes({ codebook: "other.safetensors" }));
    const { files, dataSet } = await prepared(line({ image: "flag.png" }), other);
    expect(files).not.toEqual(before);
    expect(idsOf(dataSet, 0)).not.toEqual([0, 1, 2, 0].map((code) => (model.vocabulary.first[1] as number) + code));
  });

  it("are counted before pictures are decoded, so a long document is refused early", async () => {
    await expect(prepared(line({ text: "flag" }, { image: "flag.png" }), model, 10)).rejects.toThrow(
      /takes 11 positions, but data.length is 10/,
    );
  });

  it("are used for emoji if the model has no patches, with a tokenizer for names", async () => {
    const parts = partsOf({ kind: "tokens", name: "text", vocab: 661, tokenizer: "t.json" }, codes());
    const data = { source: bareEmoji, length: 64, held_out: 0.1 } as const;
    const { dataSet } = await prepare(data, parts, { host: nodeHost, folder, cache: join(folder, "cache") });
    expect(dataSet.documents.length).toBeGreaterThan(1800);
    const document = dataSet.documents.findIndex(({ label }) => label === "red square");
    const [name, picture] = [idsOf(dataSet, 0, document), idsOf(dataSet, 1, document)];
    expect(name.length).toBeLessThan("red square".length);
    expect(textOf(name, parts, decodersOf(openCodecs(parts, folder, reachOf(nodeDisk, join(folder, "_")))))).toBe(
      "red square",
    );
    expect(picture).toHaveLength(4);
    expect(picture).toContain((parts.vocabulary.first[1] as number) + 1);
  });
});

describe("codes from other programs", () => {
  const plain = partsOf({ kind: "bytes", name: "text" }, { kind: "codes", name: "image", vocab: 50 });
  const first = plain.vocabulary.first[1] as number;

  it("are in the line, or in a .npy file in which the last index varies fastest", async () => {
    const grid = writeNpy({ type: "i8", shape: [2, 3], data: BigInt64Array.of(5n, 49n, 0n, 7n, 8n, 9n) });
    writeFileSync(join(folder, "data", "grid.npy"), grid);
    const { dataSet } = await prepared(`${line({ codes: [49, 0, 7] })}${line({ codes: "grid.npy" })}`, plain);
    expect(idsOf(dataSet, 0, 0)).toEqual([49, 0, 7].map((code) => first + code));
    expect(idsOf(dataSet, 0, 1)).toEqual([5, 49, 0, 7, 8, 9].map((code) => first + code));
    const changed = writeNpy({ type: "i8", shape: [2, 3], data: BigInt64Array.of(5n, 49n, 0n, 7n, 8n, 1n) });
    writeFileSync(join(folder, "data", "grid.npy"), changed);
    const { dataSet: again } = await prepared(`${line({ codes: [49, 0, 7] })}${line({ codes: "grid.npy" })}`, plain);
    expect(again.fingerprint).not.toBe(dataSet.fingerprint);
    expect(idsOf(again, 0, 1).at(-1)).toBe(first + 1);
  });

  it.each([
    ["a code beyond the vocabulary", line({ codes: [3, 50] }), /"codes" contains 50, but the ids of image are 0 to 49/],
    ["a fraction", line({ codes: [0.5] }), /"codes" contains 0.5/],
    ["a missing file", line({ codes: "none.npy" }), /there is no file of codes "none.npy"/],
    ["a file outside the project", line({ codes: "../book.safetensors" }), /is outside/],
    ["a file of another format", line({ codes: "flag.png" }), /lines.jsonl:1: flag.png: the file is not a .npy file/],
    [
      "a picture without a codebook",
      line({ image: "flag.png" }),
      /"image" needs a modality of patches or of codes with/,
    ],
  ])("are refused for %s", async (_, lines, message) => {
    await expect(prepared(lines, plain)).rejects.toThrow(message);
  });

  it("are refused for fractions in a file", async () => {
    writeFileSync(join(folder, "data", "half.npy"), writeNpy({ type: "f4", shape: [1], data: Float32Array.of(0.5) }));
    await expect(prepared(line({ codes: "half.npy" }), plain)).rejects.toThrow(/half.npy: the codes are not all whole/);
  });
});

describe("a codebook is refused if it", () => {
  it.each([
    ["is missing", codes({ codebook: "none.safetensors" }), /^none.safetensors: cannot read the file/],
    ["has another number of entries", codes({ vocab: 4 }), /has 3 entries, but modality image has a vocab of 4/],
    ["is a picture", codes({ codebook: "data/flag.png" }), /^data\/flag.png: /],
  ])("%s", async (_, image, message) => {
    await expect(prepared(line({ codes: [1] }), partsOf({ kind: "bytes", name: "text" }, image))).rejects.toThrow(
      message,
    );
  });
});
