// Image files of common formats: the pixels they become, and the damaged files that are refused.

import { readFileSync } from "node:fs";
import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { nodeHost } from "../../src/api/node/host.js";
import { crc32 } from "../../src/data/crc32.js";
import { decodeOriginal, decodePicture, decoderOf } from "../../src/data/picture-file.js";
import type { Reporter } from "../../src/diagnostics/diagnostic.js";
import { InputError } from "../../src/diagnostics/input-error.js";
import { MODALITIES, storedAs } from "../../src/modalities/modality.fields.js";
import type { Fit } from "../../src/modalities/row.fields.js";

const CASES = new URL("../cases/images/", import.meta.url);
const ofCase = (name: string): Uint8Array => readFileSync(new URL(name, CASES));

const SIDE = 16;
const decoded = (bytes: Uint8Array, channels: number) =>
  decodePicture(nodeHost, bytes, { height: SIDE, width: SIDE, channels }, "a.jsonl:1");

/** The values of one pixel. */
async function pixel(bytes: Uint8Array, channels: number, x: number, y = SIDE / 2): Promise<number[]> {
  const pixels = await decoded(bytes, channels);
  return [...pixels.subarray((y * SIDE + x) * channels, (y * SIDE + x + 1) * channels)];
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

interface Png {
  readonly width?: number;
  readonly height?: number;
  readonly depth: 1 | 8 | 16;
  /** 0 is grey, 2 colour, 3 palette, 4 grey with alpha, 6 colour with alpha. */
  readonly type: number;
  /** Each pixel's samples, or the bytes of a row with 1 bit per pixel. */
  readonly samples: (x: number) => readonly number[];
  /** Chunks that precede the pixels. */
  readonly chunks?: readonly Buffer[];
}

function png({ width = 32, height = 32, depth, type, samples, chunks = [] }: Png): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, type], 8);
  const numbers =
    depth === 1 ? [...samples(0)] : Array.from({ length: width }, (_, x) => samples(x)).flatMap((list) => [...list]);
  const row = Buffer.from([0, ...numbers.flatMap((value) => (depth === 16 ? [value >> 8, value & 255] : [value]))]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    ...chunks,
    chunk("IDAT", pixels),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** A picture with detail, to be saved in each format. */
const drawn = (channels: 3 | 4 = 3): sharp.Sharp => {
  const pixels = Uint8Array.from({ length: 64 * 64 * channels }, (_, i) => ((i * 2654435761) >>> 24) ^ (i % 251));
  return sharp(pixels, { raw: { width: 64, height: 64, channels } });
};

describe("pixels of an image", () => {
  it("a white CMYK picture is white", async () => {
    expect(await pixel(ofCase("cmyk-white.jpg"), 3, 8)).toEqual([255, 255, 255]);
  });

  it.each([1, 3])("a 16-bit picture is padded with white, in %d channels", async (channels) => {
    const white = Array.from({ length: channels }, () => 255);
    expect(await pixel(ofCase("wide-grey16.png"), channels, 8, 0)).toEqual(white);
    const wide = { width: 64, depth: 16 } as const;
    expect(await pixel(png({ ...wide, type: 2, samples: () => [0, 0, 0] }), channels, 8, 0)).toEqual(white);
    expect(await pixel(png({ ...wide, type: 2, samples: () => [0, 0, 0] }), channels, 8)).not.toContain(255);
  });

  it.each([1, 3])("a 16-bit picture with alpha is put on white, in %d channels", async (channels) => {
    const all = (value: number) => Array.from({ length: channels }, () => value);
    const half = png({ depth: 16, type: 6, samples: (x) => (x < 16 ? [9, 9, 9, 0] : [0, 0, 0, 32_768]) });
    expect(await pixel(half, channels, 2)).toEqual(all(255));
    expect(await pixel(half, channels, 13)).toEqual(all(127));
    // No seam is visible between white and transparent pixels.
    const white = png({ depth: 16, type: 4, samples: (x) => (x < 16 ? [0, 0] : [65_535, 65_535]) });
    expect([...(await decoded(white, channels))].filter((value) => value !== 255)).toEqual([]);
  });

  it("16-bit and 8-bit greys are equal", async () => {
    for (const channels of [1, 3, 4]) {
      const deep = await decoded(png({ depth: 16, type: 0, samples: () => [30_069] }), channels);
      expect([...deep]).toEqual([...(await decoded(png({ depth: 8, type: 0, samples: () => [117] }), channels))]);
    }
  });

  it("grey with alpha, and a palette with transparent entries, are put on white", async () => {
    const grey = png({ depth: 8, type: 4, samples: (x) => (x < 16 ? [0, 0] : [40, 255]) });
    expect([await pixel(grey, 3, 2), await pixel(grey, 3, 13)]).toEqual([
      [255, 255, 255],
      [40, 40, 40],
    ]);
    const palette = png({
      depth: 8,
      type: 3,
      samples: (x) => [x < 16 ? 0 : 1],
      chunks: [chunk("PLTE", Buffer.from([9, 9, 9, 250, 0, 0])), chunk("tRNS", Buffer.from([0]))],
    });
    expect([await pixel(palette, 3, 2), await pixel(palette, 3, 13)]).toEqual([
      [255, 255, 255],
      [250, 0, 0],
    ]);
  });

  it("a 1-bit picture is black and white", async () => {
    const bits = png({ depth: 1, type: 0, samples: () => [0, 0, 255, 255] });
    expect([await pixel(bits, 3, 2), await pixel(bits, 3, 13)]).toEqual([
      [0, 0, 0],
      [255, 255, 255],
    ]);
  });

  it("the EXIF orientation is applied", async () => {
    const redAndBlue = png({ depth: 8, type: 2, samples: (x) => (x < 16 ? [255, 0, 0] : [0, 0, 255]) });
    const turned = await sharp(redAndBlue).withMetadata({ orientation: 6 }).png().toBuffer();
    // After a clockwise rotation, the left side is at the top.
    expect(await pixel(turned, 3, 8, 2)).toEqual([255, 0, 0]);
    expect(await pixel(turned, 3, 8, 13)).toEqual([0, 0, 255]);
  });

  it("colours are converted from the ICC profile to sRGB", async () => {
    const red = sharp(png({ depth: 8, type: 2, samples: () => [200, 30, 30] }));
    const wide = await red.withIccProfile("p3").png().toBuffer();
    expect((await sharp(wide).metadata()).hasProfile).toBe(true);
    const [r = 0, g = 0, b = 0] = await pixel(wide, 3, 8);
    expect([Math.abs(r - 200), Math.abs(g - 30), Math.abs(b - 30)].every((off) => off <= 2)).toBe(true);
  });

  it.each(["gif", "webp"] as const)("an animation gives its first frame (%s)", async (format) => {
    const frame = (background: string) => ({ create: { width: 32, height: 32, channels: 3 as const, background } });
    const images = await Promise.all(["#ff0000", "#0000ff"].map((colour) => sharp(frame(colour)).png().toBuffer()));
    const moving = await sharp(images, { join: { animated: true } })
      [format]({ loop: 0 })
      .toBuffer();
    expect((await sharp(moving).metadata()).pages).toBe(2);
    const [r = 0, , b = 0] = await pixel(moving, 3, 8);
    expect(r).toBeGreaterThan(240);
    expect(b).toBeLessThan(10);
  });
});

describe("an image is refused for", () => {
  const flip = (bytes: Buffer, at: number): void => {
    bytes[at] = (bytes[at] as number) ^ 1;
  };
  const refused = async (bytes: Uint8Array): Promise<string> => {
    const error = await decoded(bytes, 3).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message;
  };

  it("pixels that are not unsigned integers", async () => {
    expect(await refused(ofCase("float.tif"))).toMatch(
      /^a\.jsonl:1: .*its pixels have the type float; save it with 8 or 16 unsigned bits/,
    );
    // SampleFormat 2 instead of 1 means signed 16-bit integers.
    const tiff = await drawn().toColourspace("rgb16").tiff({ compression: "none" }).toBuffer();
    const entry = tiff.indexOf(Buffer.from([0x53, 0x01, 0x03, 0x00]));
    expect(entry).toBeGreaterThan(0);
    const at = tiff.readUInt32LE(entry + 4) > 2 ? tiff.readUInt32LE(entry + 8) : entry + 8;
    for (let i = 0; i < 3; i++) tiff.writeUInt16LE(2, at + 2 * i);
    expect(await refused(tiff)).toMatch(/its pixels have the type short/);
  });

  it("a wrong checksum in any chunk of a PNG", async () => {
    expect(await refused(ofCase("noise-badcrc.png"))).toMatch(
      /the checksum of the chunk IDAT at byte 33 does not match/,
    );
    const intact = png({
      depth: 8,
      type: 2,
      samples: () => [1, 2, 3],
      chunks: [chunk("gAMA", Buffer.from([0, 0, 0xb1, 0x8f])), chunk("tEXt", Buffer.from("a\0b"))],
    });
    expect(await pixel(intact, 3, 8)).toEqual([1, 2, 3]);
    for (const type of ["IHDR", "gAMA", "tEXt", "IDAT", "IEND"]) {
      const damaged = Buffer.from(intact);
      const at = damaged.indexOf(type);
      flip(damaged, at + 4 + damaged.readUInt32BE(at - 4));
      expect(await refused(damaged)).toContain(`the checksum of the chunk ${type}`);
    }
  });

  it("a wrong checksum of the compressed pixels", async () => {
    const damaged = png({ depth: 8, type: 2, samples: () => [1, 2, 3] });
    const at = damaged.indexOf("IDAT");
    const end = at + 4 + damaged.readUInt32BE(at - 4);
    flip(damaged, end - 1);
    damaged.writeUInt32BE(crc32(damaged.subarray(at, end)), end);
    expect(await refused(damaged)).toMatch(/the image cannot be read/);
  });

  it("truncation at any point", async () => {
    const files: Readonly<Record<string, Buffer>> = {
      jpeg: await drawn().jpeg().toBuffer(),
      progressive: await drawn().jpeg({ progressive: true }).toBuffer(),
      webp: await drawn().webp().toBuffer(),
      lossless: await drawn(4).webp({ lossless: true }).toBuffer(),
      gif: await drawn().gif().toBuffer(),
      png: await drawn().png().toBuffer(),
      interlaced: await drawn(4).png({ progressive: true }).toBuffer(),
      tiff: await drawn().tiff({ compression: "lzw" }).toBuffer(),
      avif: await drawn().avif().toBuffer(),
    };
    for (const [name, file] of Object.entries(files)) {
      const intact = await decoded(file, 3);
      for (const share of [0.1, 0.5, 0.9, 0.97])
        expect(await refused(file.subarray(0, Math.floor(file.length * share))), `${share} of ${name}`).toMatch(
          /the image cannot be read/,
        );
      // A GIF ends with a marker that no frame follows. Without it, the picture is refused or complete, never partial.
      for (const missing of [1, 2, 3, 4, 6, 8, 12]) {
        const pixels = await decoded(file.subarray(0, file.length - missing), 3).catch(() => intact);
        expect(Buffer.from(pixels).equals(intact), `${name} without ${missing} bytes`).toBe(true);
      }
    }
  });
});

it("only formats with more than 8 bits per sample have a decoder version, so only they are prepared again", async () => {
  expect(decoderOf(ofCase("wide-grey16.png"))).not.toBe("");
  expect(decoderOf(ofCase("float.tif"))).not.toBe("");
  expect(decoderOf(ofCase("cmyk-white.jpg"))).toBe("");
  expect(decoderOf(await drawn().png().toBuffer())).toBe("");
});

describe("fit", () => {
  /** Twice as wide as high: a red half, then a blue half, each with a green outer quarter. */
  const GREEN = [0, 255, 0];
  const RED = [255, 0, 0];
  const BLUE = [0, 0, 255];
  const WHITE = [255, 255, 255];
  const colours = [GREEN, RED, BLUE, GREEN];
  const wide = png({
    width: 32,
    height: 16,
    depth: 8,
    type: 2,
    samples: (x) => colours[Math.floor(x / 8)] as number[],
  });
  const size = { height: 4, width: 4, channels: 3 };
  const rows = async (bytes: Uint8Array, fit?: Fit) => {
    const pixels = await decodePicture(nodeHost, bytes, { ...size, fit }, "a.jsonl:1");
    return Array.from({ length: 4 }, (_, y) =>
      Array.from({ length: 4 }, (_, x) => [...pixels.subarray((4 * y + x) * 3, (4 * y + x + 1) * 3)]),
    );
  };
  const four = (row: readonly (readonly number[])[]) => [row, row, row, row];

  it("pads at two sides with white, as without `fit`", async () => {
    const [first, second, third, last] = await rows(wide);
    const white = [WHITE, WHITE, WHITE, WHITE];
    expect([first, last]).toEqual([white, white]);
    expect(second).toEqual(third);
    expect(await rows(wide, "pad")).toEqual([first, second, third, last]);
  });

  it("crops both ends evenly: the pixels are the middle of the picture at twice the width", async () => {
    const double = await decodePicture(nodeHost, wide, { ...size, width: 8, fit: "stretch" }, "a");
    const middle = Array.from({ length: 4 }, (_, y) =>
      Array.from({ length: 4 }, (_, x) => [...double.subarray((8 * y + x + 2) * 3, (8 * y + x + 3) * 3)]),
    );
    expect(await rows(wide, "crop")).toEqual(middle);
    expect(middle[0]?.map((rgb) => rgb.indexOf(Math.max(...rgb)))).toEqual([0, 0, 2, 2]);
  });

  it("stretches the complete picture", async () => {
    const plain = png({ width: 32, height: 16, depth: 8, type: 2, samples: () => BLUE });
    expect(await rows(plain, "stretch")).toEqual(four([BLUE, BLUE, BLUE, BLUE]));
    const [first, ...others] = await rows(wide, "stretch");
    for (const row of others) expect(row).toEqual(first);
    // One column for each colour, blurred by the filter at its borders.
    expect(first?.map((rgb) => rgb.indexOf(Math.max(...rgb)))).toEqual([1, 0, 2, 1]);
  });

  it.each(["crop", "stretch"] as const)("%s leaves no background, with 16 bits and transparency too", async (fit) => {
    const deep = png({ width: 32, height: 16, depth: 16, type: 2, samples: () => [0, 0, 0] });
    expect(new Set(await decodePicture(nodeHost, deep, { ...size, fit }, "a"))).toEqual(new Set([0]));
    const clear = await decodePicture(nodeHost, wide, { ...size, channels: 4, fit }, "a");
    expect(clear.filter((_, i) => i % 4 === 3)).toEqual(new Uint8Array(16).fill(255));
  });

  it("a shard's key has `fit` only if it is not `pad`", () => {
    const { check } = MODALITIES.patches;
    const json = { kind: "patches", size: "4x4", patch: "2x2", channels: 3, values: "pixels" } as const;
    const reporter: Reporter = { at: () => ({ path: "", start: 0, end: 0 }), report: () => {} };
    const keyOf = (fit?: Fit) =>
      JSON.stringify(storedAs(check("a", fit === undefined ? json : { ...json, fit }, reporter)));
    expect(keyOf()).toBe(
      '{"kind":"patches","name":"","height":4,"width":4,"patchHeight":0,"patchWidth":0,"channels":3}',
    );
    expect(keyOf("pad")).toBe(keyOf());
    expect(new Set([keyOf(), keyOf("crop"), keyOf("stretch")]).size).toBe(3);
  });

  it("the size of the original is that of the upright picture", async () => {
    const turned = await sharp(wide).withMetadata({ orientation: 6 }).png().toBuffer();
    expect((await decodeOriginal(nodeHost, turned, size, "a")).original).toEqual({ width: 16, height: 32 });
    expect((await decodeOriginal(nodeHost, wide, size, "a")).original).toEqual({ width: 32, height: 16 });
  });
});
