// `source: files`: the meaning of lines, and the message for each kind of invalid line.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodeHost } from "../../src/api/node/host.js";
import type { DataSet } from "../../src/data/data-set.js";
import { prepare } from "../../src/data/prepare.js";
import { InputError } from "../../src/diagnostics/input-error.js";
import type { ModelParts } from "../../src/modalities/text.js";
import { filesAt } from "../support/source.js";
import { codesAndText, textAndImages } from "./parts.js";

const folder = mkdtempSync(join(tmpdir(), "mom-files-"));
const data = join(folder, "data");
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const solid = (width: number, height: number, background: sharp.Color) =>
  sharp({ create: { width, height, channels: 4, background } })
    .png()
    .toBuffer();

beforeAll(async () => {
  mkdirSync(join(data, "below"), { recursive: true });
  writeFileSync(join(data, "red.png"), await solid(20, 20, { r: 255, g: 0, b: 0, alpha: 1 }));
  writeFileSync(join(data, "below", "tall blue.png"), await solid(10, 40, { r: 0, g: 0, b: 255, alpha: 1 }));
  writeFileSync(join(data, "clear.png"), await solid(20, 20, { r: 9, g: 9, b: 9, alpha: 0 }));
  writeFileSync(join(data, "no-image.png"), "text");
  writeFileSync(
    join(data, "cut.png"),
    (await sharp(join(data, "red.png")).resize(300).png().toBuffer()).subarray(0, 200),
  );
  writeFileSync(join(folder, "outside.png"), await solid(8, 8, { r: 0, g: 0, b: 0, alpha: 1 }));
  symlinkSync(join(folder, "outside.png"), join(data, "link.png"));
  symlinkSync("circle.png", join(data, "circle.png"));
});

async function prepared(lines: string | Uint8Array, parts: ModelParts, heldOut = 0, length = 64): Promise<DataSet> {
  writeFileSync(join(data, "pairs.jsonl"), lines);
  const source = filesAt("data/pairs.jsonl");
  const options = { folder, cache: join(folder, "cache") };
  return (await prepare({ source, length, held_out: heldOut }, parts, { host: nodeHost, ...options })).dataSet;
}

const line = (...segments: unknown[]): string => `${JSON.stringify({ segments })}\n`;
const pixel = async (dataSet: DataSet, document: number, at: number): Promise<number[]> => [
  ...((await dataSet.firstItem(document)?.pixels())?.subarray(3 * at, 3 * at + 3) ?? []),
];

describe("lines", () => {
  it("contain texts and pictures in order", async () => {
    const lines = `${line({ text: "ein Mäuschen" }, { image: "red.png" })}\r\n  \n${line({ image: "below/tall blue.png" }, { text: "b" }, { image: "red.png" })}`;
    const dataSet = await prepared(lines, textAndImages());
    expect(dataSet.documents.map(({ label }) => label)).toEqual(["ein Mäuschen", "b"]);
    expect(dataSet.documents[0]?.segments).toEqual([
      {
        kind: "ids",
        modality: 0,
        counted: true,
        count: 13,
        ids: Int32Array.from(new TextEncoder().encode("ein Mäuschen")),
      },
      { kind: "item", modality: 1, counted: true, item: 0 },
    ]);
    expect(dataSet.documents[1]?.segments.map(({ kind }) => kind)).toEqual(["item", "ids", "item"]);
    expect(dataSet.documents.map(({ eitherOrder }) => eitherOrder)).toEqual([false, false]);
    expect(await pixel(dataSet, 0, 0)).toEqual([255, 0, 0]);
  });

  it("are labelled by the first text, the first image or the first ids", async () => {
    const lines = [line({ image: "red.png" }, { text: " " }), line({ image: "red.png" }, { text: " ab".repeat(40) })];
    const dataSet = await prepared(lines.join(""), textAndImages(), 0, 200);
    expect(dataSet.documents.map(({ label }) => label)).toEqual(["red.png", "ab ".repeat(20)]);
    expect((await prepared(line({ tokens: [1, 2] }), codesAndText)).label(0)).toBe("1,2");
  });

  it("fit a picture of another aspect ratio into the size, on white", async () => {
    const dataSet = await prepared(line({ image: "below/tall blue.png" }), textAndImages());
    expect(await pixel(dataSet, 0, 0)).toEqual([255, 255, 255]);
    expect(await pixel(dataSet, 0, 4)).toEqual([0, 0, 255]);
    expect(await pixel(dataSet, 0, 7)).toEqual([255, 255, 255]);
  });

  it("put transparent pictures on white, keep alpha with 4 channels, and give grey with 1", async () => {
    expect(await pixel(await prepared(line({ image: "clear.png" }), textAndImages()), 0, 0)).toEqual([255, 255, 255]);
    const withAlpha = await prepared(line({ image: "clear.png" }), textAndImages(8, 4));
    expect((await withAlpha.firstItem(0)?.pixels())?.[3]).toBe(0);
    const grey = await prepared(line({ image: "red.png" }), textAndImages(8, 1));
    const pixels = await grey.firstItem(0)?.pixels();
    expect(pixels?.length).toBe(64);
    expect(pixels?.[0]).toBeGreaterThan(30);
    expect(pixels?.[0]).toBeLessThan(150);
  });

  it("contain ids of the first modality of tokens, or of the modality they name", async () => {
    const dataSet = await prepared(
      line({ tokens: [0, 15] }, { text: "a", modality: "text" }, { tokens: [], modality: "codes" }),
      codesAndText,
    );
    expect(dataSet.documents[0]?.segments).toEqual([
      { kind: "ids", modality: 0, counted: true, count: 2, ids: Int32Array.of(0, 15) },
      { kind: "ids", modality: 1, counted: true, count: 1, ids: Int32Array.of(20 + 97) },
      { kind: "ids", modality: 0, counted: true, count: 0, ids: Int32Array.of() },
    ]);
  });

  it("are held out by content, independent of their order", async () => {
    const lines = Array.from({ length: 40 }, (_, i) => line({ text: `text ${i}` }));
    const sides = async (ordered: string[]) => {
      const dataSet = await prepared(ordered.join(""), textAndImages(), 0.3);
      return dataSet.validation.map((number) => dataSet.label(number)).sort();
    };
    const held = await sides(lines);
    expect(held.length).toBeGreaterThan(4);
    expect(held.length).toBeLessThan(24);
    expect(await sides(lines.toReversed())).toEqual(held);
  });

  it("give a notice if none is held out", async () => {
    const notices: string[] = [];
    writeFileSync(join(data, "one.jsonl"), line({ text: "a" }));
    const source = filesAt("data/one.jsonl");
    const options = { folder, cache: join(folder, "cache"), notice: (text: string) => notices.push(text) };
    await prepare({ source, length: 8, held_out: 0.01 }, textAndImages(), { host: nodeHost, ...options });
    expect(notices.at(-1)).toMatch(/none of 1 documents is held out/);
  });

  it("are prepared again when an image they name changes", async () => {
    writeFileSync(join(data, "changing.png"), await solid(8, 8, { r: 0, g: 255, b: 0, alpha: 1 }));
    expect(await pixel(await prepared(line({ image: "changing.png" }), textAndImages()), 0, 0)).toEqual([0, 255, 0]);
    writeFileSync(join(data, "changing.png"), await solid(8, 8, { r: 0, g: 0, b: 255, alpha: 1 }));
    expect(await pixel(await prepared(line({ image: "changing.png" }), textAndImages()), 0, 0)).toEqual([0, 0, 255]);
  });
});

describe("invalid files are refused:", () => {
  const images = textAndImages();
  const tokenizer: ModelParts = {
    ...codesAndText,
    modalities: [{ kind: "tokens", name: "codes", vocab: 20, tokenizer: "tokenizer.json" }],
  };
  const good = line({ text: "good" });
  const cases: readonly [string, string | Uint8Array, ModelParts, RegExp, RegExp][] = [
    ["an empty file", "", images, /^data\/pairs.jsonl: the file has no documents/, /one document per line/],
    ["only empty lines", "\n \n", images, /has no documents/, /one document per line/],
    [
      "invalid JSON",
      `${good}{"segments": [}`,
      images,
      /^data\/pairs.jsonl:2: the line is not JSON/,
      /^Write documents like this/,
    ],
    ["invalid UTF-8", Uint8Array.of(0x22, 0xff), images, /^data\/pairs.jsonl:1: the line is not UTF-8/, /UTF-8/],
    [
      "a line that is a list",
      "[]",
      images,
      /^data\/pairs.jsonl: it is a JSON list, which `files` does not read/,
      /^Use conversations\(/,
    ],
    [
      "a line without segments",
      '{"text":"a"}',
      images,
      /:1: the line is not an object with a list of segments/,
      /map them/,
    ],
    [
      "a misspelt key",
      '{"segments":[{"text":"a"}],"either_oder":true}',
      images,
      /unknown key "either_oder"/,
      /"either_order"/,
    ],
    ["no segments", line(), images, /:1: the document has no segments/, /Example/],
    ["a segment that is a string", line("a"), images, /:1: a segment is "a", not an object/, /A segment is/],
    [
      "an unknown kind",
      good + line({ video: "a.mp4" }),
      images,
      /:2: a segment has an unknown kind, with video/,
      /A segment is/,
    ],
    ["two kinds at once", line({ text: "a", image: "b" }), images, /unknown kind, with text, image/, /A segment is/],
    ["no kind", line({ modality: "text" }), images, /with no content/, /A segment is/],
    [
      "a repeated key",
      `${good}{"segments":[{"text":"first"}],"segments":[{"text":"second"}]}`,
      images,
      /^data\/pairs.jsonl:2: the key "segments" is repeated/,
      /Keep one/,
    ],
    [
      "lists 5000 deep",
      `${good}{"segments":[${"[".repeat(5000)}${"]".repeat(5000)}]}`,
      images,
      /^data\/pairs.jsonl:2: lists and objects are nested more than 64 deep/,
      /documents like this/,
    ],
    ["text that is a list", line({ text: [[["a"]]] }), images, /:1: "text" is not a string/, /A segment is/],
    ["an image that is a list", line({ image: ["red.png"] }), images, /:1: "image" is not a string/, /A segment is/],
    [
      "an image behind a circle of links",
      line({ image: "circle.png" }),
      images,
      /:1: .*links lead in a circle/,
      /path/,
    ],
    [
      "a long list in place of a segment",
      line(Array.from({ length: 100_000 }, () => 1)),
      images,
      /^.{1,50}: a segment is \[1,1.{50,60}…, not an object$/,
      /A segment is/,
    ],
    ["a kind from JavaScript's prototype", line({ toString: "a" }), images, /with toString/, /A segment is/],
    ["text that is a number", line({ text: 1 }), images, /"text" is not a string/, /A segment is/],
    [
      "no modality for text",
      line({ text: "a" }),
      { ...images, modalities: images.modalities.slice(1) },
      /"text" needs a modality of bytes/,
      /modality text: bytes/,
    ],
    [
      "no modality for images",
      line({ image: "red.png" }),
      codesAndText,
      /"image" needs a modality of patches/,
      /patches\(/,
    ],
    ["no modality for tokens", line({ tokens: [1] }), images, /"tokens" needs a modality of tokens/, /tokens\(vocab/],
    [
      "an unknown modality",
      line({ text: "a", modality: "txt" }),
      images,
      /no modality of bytes or of tokens with a tokenizer named "txt"/,
      /Use one of text/,
    ],
    [
      "a missing tokenizer",
      line({ text: "a" }),
      tokenizer,
      /^tokenizer.json: cannot read the file \(there is no/,
      /put tokenizer.json there/,
    ],
    [
      "a marker's id",
      line({ tokens: [3, 16] }),
      codesAndText,
      /:1: "tokens" contains 16, but the ids of codes are 0 to 15/,
      /vocab/,
    ],
    ["an id that is not whole", line({ tokens: [0.5] }), codesAndText, /contains 0.5/, /whole numbers/],
    ["tokens that are not a list", line({ tokens: "a" }), codesAndText, /contains "a"/, /Use whole numbers/],
    [
      "a missing image",
      good + line({ image: "no.png" }),
      images,
      /^data\/pairs.jsonl:2: there is no image "no.png"/,
      /path/,
    ],
    [
      "a path that leaves the folder",
      line({ image: "../outside.png" }),
      images,
      /"..\/outside.png" is outside/,
      /--allow \S+mom-files-\w+`/,
    ],
    ["an absolute path", line({ image: "/etc/passwd" }), images, /is outside/, /`--allow \/etc`/],
    ["a link that leaves the folder", line({ image: "link.png" }), images, /"link.png" is outside/, /--allow/],
    ["an image that is a folder", line({ image: "below" }), images, /:1: below: cannot read the file/, /path/],
    [
      "an image file with other contents",
      good + line({ image: "no-image.png" }),
      images,
      /^data\/pairs.jsonl:2: no-image.png: the image cannot be read/,
      /PNG/,
    ],
    [
      "a truncated image",
      line({ image: "cut.png" }),
      images,
      /:1: cut.png: the image cannot be read/,
      /PNG.*--skip-bad/,
    ],
    ["two channels", line({ image: "red.png" }), textAndImages(8, 2), /image has 2 channels/, /1 channel/],
    [
      "a document that is too long",
      good + line({ text: "a".repeat(64) }),
      images,
      /:2: the document takes 65 positions, but data.length is 64/,
      /at least 65/,
    ],
  ];

  it.each(cases)("%s", async (_, lines, parts, message, remedy) => {
    const failure = await prepared(lines, parts).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(failure instanceof InputError)) throw failure ?? new Error("not refused");
    expect(failure.message).toMatch(message);
    expect(failure.remedy).toMatch(remedy);
  });

  it("documents that change during preparation, without leaving a shard", async () => {
    writeFileSync(join(data, "moving.jsonl"), line({ text: "before" }));
    const source = filesAt("data/moving.jsonl");
    const cache = join(folder, "moving");
    const preparing = prepare({ source, length: 64, held_out: 0 }, images, {
      host: nodeHost,
      folder,
      cache,
      notice: () => writeFileSync(join(data, "moving.jsonl"), line({ text: "before" }) + line({ text: "after" })),
    });
    await expect(preparing).rejects.toThrow(/documents of moving changed during preparation/);
    expect(readdirSync(join(cache, "data"))).toEqual([]);
  });

  it("a missing data file", async () => {
    const source = filesAt("data/none.jsonl");
    const failure = prepare({ source, length: 8, held_out: 0 }, images, { host: nodeHost, folder, cache: folder });
    await expect(failure).rejects.toThrow(/^data\/none.jsonl: cannot read the file \(there is no .*none.jsonl\)$/);
  });
});
