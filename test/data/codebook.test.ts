// Codebooks: conversion of pictures to codes and back, files and back, and files that are not codebooks.
import { expect, test } from "vitest";
import {
  codesOf,
  isOfPictures,
  type PictureCodebook,
  pictureOf,
  readCodebook,
  writeCodebook,
} from "../../src/data/codebook.js";
import { readSafetensors, writeSafetensors } from "../../src/data/safetensors.js";
import type { Tensor } from "../../src/data/tensor.js";
import { InputError } from "../../src/diagnostics/input-error.js";
import type { PictureCodes } from "../../src/modalities/codebook.fields.js";
import { stream } from "../../src/random/stream.js";

const kind: PictureCodes = { of: "patches", height: 4, width: 6, patchHeight: 2, patchWidth: 2, channels: 3 };

function codebook(): PictureCodebook {
  const random = stream("sample", 3);
  // Entries are possible levels of pixels, so that decoding is exact.
  const entries = Float32Array.from({ length: 9 * 12 }, () => random.below(256) / 127.5 - 1);
  const read = readCodebook(writeCodebook(kind, entries, 12), "book");
  if (!isOfPictures(read)) throw new Error("a codebook of pictures");
  expect(read.entries).toEqual(entries);
  return read;
}

test("a file records the codebook's kind, and reads back as the same codebook", () => {
  const { facts } = codebook();
  expect(facts).toEqual({ kind, entries: 9, columns: 12 });
  const { metadata } = readSafetensors(writeCodebook(kind, new Float32Array(24), 12), "book");
  expect(metadata).toEqual({
    format: "mom codebook 1",
    of: "patches",
    size: "4x6",
    patch: "2x2",
    channels: "3",
    scaling: "pixel / 127.5 - 1",
  });
});

test("codes become a picture row by row, and the picture becomes the same codes", () => {
  const book = codebook();
  const codes = [8, 0, 3, 3, 7, 1];
  const pixels = pictureOf(codes, book);
  expect(pixels).toHaveLength(4 * 6 * 3);
  expect([...codesOf(pixels, book)]).toEqual(codes);
  // The second patch of the second row is entry 7: rows 2 and 3, columns 2 and 3.
  for (const [row, column, channel] of [
    [2, 2, 0],
    [3, 3, 2],
  ] as const) {
    const entry = book.entries[7 * 12 + ((row - 2) * 2 + (column - 2)) * 3 + channel] as number;
    expect(pixels[(row * 6 + column) * 3 + channel]).toBe(Math.round((entry + 1) * 127.5));
  }
});

test("patches without a code are grey", () => {
  const pixels = pictureOf([8], codebook());
  expect(pixels.at(-1)).toBe(128);
});

test("files that are not codebooks are refused with the reason", () => {
  const metadata = readSafetensors(writeCodebook(kind, new Float32Array(24), 12), "book").metadata;
  const entries: Tensor = { dtype: "F32", shape: [2, 12], data: new Float32Array(24) };
  const refusal = (changed: Record<string, string>, tensor: Tensor = entries): string => {
    try {
      readCodebook(writeSafetensors(new Map([["entries", tensor]]), { ...metadata, ...changed }), "book.safetensors");
    } catch (error) {
      if (error instanceof InputError) return error.message;
      throw error;
    }
    return "none";
  };
  expect(refusal({})).toBe("none");
  expect(refusal({ format: "2" })).toBe(
    'book.safetensors is not a codebook: its metadata lack `format: "mom codebook 1"`',
  );
  expect(refusal({ of: "smells" })).toMatch(/it is of "smells", not of patches/);
  expect(refusal({ of: "__proto__" })).toMatch(/not of patches/);
  expect(refusal({ size: "4 x 6" })).toMatch(/its `size` is not HEIGHTxWIDTH/);
  expect(refusal({ patch: "99999x2" })).toMatch(/its `patch` is not HEIGHTxWIDTH/);
  expect(refusal({ patch: "3x2" })).toMatch(/its patches of 3x2 do not fill 4x6/);
  expect(refusal({ channels: "2" })).toMatch(/its `channels` are not 1, 3 or 4/);
  expect(refusal({ scaling: "pixel / 255" })).toMatch(/its `scaling` is not "pixel \/ 127.5 - 1"/);
  expect(refusal({}, { ...entries, shape: [12, 2] })).toMatch(/the shape \[12,2\], not \[entries, 12\]/);
  expect(refusal({}, { dtype: "F32", shape: [1, 12], data: new Float32Array(12) })).toMatch(
    /has 1 entries, not 2 to 65536/,
  );
  expect(refusal({}, { dtype: "I32", shape: [2, 12], data: new Int32Array(24) })).toMatch(/entries are not F32/);
  expect(refusal({}, { ...entries, data: new Float32Array(24).fill(Number.NaN) })).toMatch(/is not finite/);
});
