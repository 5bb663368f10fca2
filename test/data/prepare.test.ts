// Preparation: the emoji source, the cache, and damaged shards in the cache.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadDataSet } from "../../src/api/compiled-folder.js";
import { nodeDisk } from "../../src/api/node/disk.js";
import { nodeHost } from "../../src/api/node/host.js";
import type { DataSet } from "../../src/data/data-set.js";
import { oneSource } from "../../src/data/data-set.js";
import { type DataRequest, prepare } from "../../src/data/prepare.js";
import { InputError } from "../../src/diagnostics/input-error.js";
import { pixelsOf } from "../../src/modalities/pixels.js";
import { textOf } from "../../src/modalities/text.js";
import { bareEmoji } from "../support/source.js";
import { codesAndText, textAndImages } from "./parts.js";

const emoji: DataRequest = { source: bareEmoji, length: 128, held_out: 0.1 };
const parts = textAndImages();
const cache = mkdtempSync(join(tmpdir(), "mom-data-"));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

describe("emoji", () => {
  let dataSet: DataSet;
  let files: readonly string[];
  const notices: string[] = [];
  const options = { folder: ".", cache, notice: (text: string) => notices.push(text) };
  beforeAll(async () => {
    ({ dataSet, files } = await prepare(emoji, parts, { host: nodeHost, ...options }));
  });
  const find = (label: string): number => dataSet.documents.findIndex((document) => document.label === label);

  it("has nearly 1 900 documents, each a name and a picture in either order", () => {
    expect(dataSet.documents.length).toBeGreaterThan(1800);
    expect(dataSet.items).toBe(dataSet.documents.length);
    expect(new Set(dataSet.documents.map(({ label }) => label)).size).toBe(dataSet.documents.length);
    dataSet.documents.forEach(({ label, segments, eitherOrder }, number) => {
      expect(eitherOrder).toBe(true);
      const ids = Int32Array.from(new TextEncoder().encode(label));
      expect(segments).toEqual([
        { kind: "ids", modality: 0, counted: true, count: ids.length, ids },
        { kind: "item", modality: 1, counted: true, item: number },
      ]);
    });
    expect(dataSet.documents.some(({ label }) => /skin tone/.test(label))).toBe(false);
  });

  it("shows pictures on white, with the emoji in the middle", async () => {
    const pixels = (await dataSet.firstItem(find("red heart"))?.pixels()) as Uint8Array;
    expect(pixels.length).toBe(8 * 8 * 3);
    for (const level of pixels.subarray(0, 3)) expect(level).toBeGreaterThan(240);
    const [red, green, blue] = pixels.subarray((4 * 8 + 4) * 3, (4 * 8 + 4) * 3 + 3) as unknown as number[];
    expect(red).toBeGreaterThan(180);
    expect(green).toBeLessThan(100);
    expect(blue).toBeLessThan(120);
  });

  it("gives patches that convert back to the picture", async () => {
    const picture = dataSet.firstItem(find("red heart"));
    const [, image] = parts.modalities;
    if (image?.kind !== "patches" || picture === undefined) throw new Error("no picture");
    expect(pixelsOf(await picture.values(), image)).toEqual(await picture.pixels());
  });

  it("holds out by name, and a larger share includes the names of a smaller one", async () => {
    const names = (numbers: readonly number[], from = dataSet) => numbers.map((number) => from.label(number));
    const share = dataSet.validation.length / dataSet.documents.length;
    expect(share).toBeGreaterThan(0.07);
    expect(share).toBeLessThan(0.13);
    const wider = loadDataSet(nodeDisk, oneSource(files), parts, 0.2);
    expect(names(wider.validation, wider)).toEqual(expect.arrayContaining(names(dataSet.validation)));
    // These names never change, because runs before and after a change could not be compared.
    expect(names(dataSet.validation).slice(0, 3)).toEqual([
      "kissing face with smiling eyes",
      "thinking face",
      "smirking face",
    ]);
    const all = [...names(dataSet.train), ...names(dataSet.validation)].sort();
    expect(all).toEqual(dataSet.documents.map(({ label }) => label).sort());
  });

  it("is prepared once, and can be loaded from its shards alone", async () => {
    expect(notices.filter((text) => /^preparing/.test(text))).toHaveLength(1);
    const before = files.map((file) => statSync(file).mtimeMs);
    const again = await prepare(emoji, parts, { host: nodeHost, ...options });
    expect(files.map((file) => statSync(file).mtimeMs)).toEqual(before);
    expect(again.dataSet.fingerprint).toBe(dataSet.fingerprint);
    expect(notices).toHaveLength(1);
    const loaded = loadDataSet(nodeDisk, oneSource(files), parts, 0.1);
    expect(allOf(loaded)).toEqual(allOf(dataSet));
    expect(loaded.train).toEqual(dataSet.train);
    expect(readdirSync(join(cache, "data")).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  it("rebuilds a damaged shard with a notice, and only that one", async () => {
    const inPieces = { ...options, shardBytes: 120_000 };
    const { files: pieces, dataSet: again } = await prepare(emoji, parts, { host: nodeHost, ...inPieces });
    expect(pieces.length).toBeGreaterThan(3);
    expect(allOf(again)).toEqual(allOf(dataSet));
    const [, second, third] = pieces as [string, string, string];
    const [bytes, other] = [readFileSync(second), statSync(third).mtimeMs];
    const damaged = Buffer.from(bytes);
    damaged[damaged.length - 5] = (damaged[damaged.length - 5] as number) ^ 4;
    writeFileSync(second, damaged);
    expect(() => loadDataSet(nodeDisk, oneSource(pieces), parts, 0.1)).toThrow(InputError);
    notices.length = 0;
    await prepare(emoji, parts, { host: nodeHost, ...inPieces });
    expect(notices[0]).toMatch(/checksum does not match.*prepared again/);
    expect(readFileSync(second)).toEqual(bytes);
    expect(statSync(third).mtimeMs).toBe(other);
  });

  it("fails if a document is longer than data.length", async () => {
    const failure = await failureOf(prepare({ ...emoji, length: 20 }, parts, { host: nodeHost, ...options }));
    expect(failure.message).toMatch(
      /^emoji "grinning face with big eyes": the document takes 34 positions, but data.length is 20/,
    );
  });

  it("fails if the model has no modality for the pictures", async () => {
    const failure = await failureOf(prepare(emoji, codesAndText, { host: nodeHost, ...options }));
    expect(failure.message).toMatch(/no modality of patches or of codes with a codebook/);
    expect(failure.remedy).toMatch(/modality image: patches\(/);
  });

  it("fails if everything would be held out", async () => {
    const failure = await failureOf(prepare({ ...emoji, held_out: 1 }, parts, { host: nodeHost, ...options }));
    expect(failure.message).toMatch(/no training document is left/);
  });

  it("fails if the cache cannot be written", async () => {
    const occupied = join(cache, "occupied");
    writeFileSync(occupied, "");
    const failure = await failureOf(prepare(emoji, parts, { host: nodeHost, ...options, cache: occupied }));
    expect(failure.message).toMatch(/^cannot write .*occupied/);
    expect(failure.remedy).toMatch(/MOM_CACHE/);
  });

  it("shows its documents as text", () => {
    const [name] = dataSet.documents[find("red heart")]?.segments ?? [];
    expect(textOf(name?.kind === "ids" ? [...name.ids, 258, 256] : [], parts)).toBe("red heart<image><end>");
  });
});

/** The contents of all documents. */
const allOf = ({ documents }: DataSet) =>
  documents.map(({ label, eitherOrder, segments }) => ({ label, eitherOrder, segments }));

async function failureOf(promise: Promise<unknown>): Promise<InputError> {
  const failure = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure instanceof InputError) return failure;
  throw failure ?? new Error("not refused");
}
