// Safetensors: round trips, the format's exact bytes, and all kinds of malformed files.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  readOwnSafetensors,
  readSafetensors,
  safetensorsPieces,
  writeSafetensors,
} from "../../src/data/safetensors.js";
import type { Tensor } from "../../src/data/tensor.js";
import { InputError } from "../../src/diagnostics/input-error.js";

/** A file with the given header and number of data bytes. */
function file(header: string, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const entry = (dtype: string, shape: readonly number[], begin: number, end: number): string =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });

const sample = new Map<string, Tensor>([
  ["bytes", { dtype: "U8", shape: [3], data: Uint8Array.of(1, 2, 255) }],
  ["weight", { dtype: "F32", shape: [2, 2], data: Float32Array.of(1, -2.5, 3e-30, Number.NaN) }],
  ["ids", { dtype: "I32", shape: [2], data: Int32Array.of(-1, 7) }],
  ["long", { dtype: "I64", shape: [1], data: BigInt64Array.of(-(2n ** 62n)) }],
  ["__proto__", { dtype: "F64", shape: [], data: Float64Array.of(Math.PI) }],
  ["none", { dtype: "F32", shape: [0, 4], data: new Float32Array(0) }],
]);

describe("files larger than one array", () => {
  it("are written in pieces with the same bytes, without copying a tensor", () => {
    const pieces = safetensorsPieces(sample, { format: "mom" });
    expect(Buffer.concat(pieces).equals(writeSafetensors(sample, { format: "mom" }))).toBe(true);
    const memory = new Set([...sample.values()].map(({ data }) => data.buffer));
    expect(pieces.slice(1).every(({ buffer }) => memory.has(buffer))).toBe(true);
  });

  it("are read tensor by tensor after the header", () => {
    const bytes = writeSafetensors(sample);
    const asked: [number, number][] = [];
    const slice = (begin: number, end: number): Uint8Array => {
      asked.push([begin, end]);
      return bytes.slice(begin, end);
    };
    expect(readSafetensors({ length: bytes.length, slice }, "a")).toEqual(readSafetensors(bytes, "a"));
    expect(asked).toHaveLength(2 + sample.size);
    expect(asked.slice(2).reduce((sum, [begin, end]) => sum + end - begin, asked[1]?.[1] ?? 0)).toBe(bytes.length);
  });
});

describe("writing and reading", () => {
  it("restores tensors and metadata", () => {
    const { tensors, metadata } = readSafetensors(writeSafetensors(sample, { format: "mom", "é\n": "x" }), "a");
    expect(metadata).toEqual({ format: "mom", "é\n": "x" });
    expect(tensors.size).toBe(sample.size);
    for (const [name, tensor] of sample) expect(tensors.get(name)).toEqual(tensor);
  });

  it("writes the same bytes for any order of tensors", () => {
    const turned = new Map([...sample].reverse());
    expect(writeSafetensors(turned, { b: "2", a: "1" })).toEqual(writeSafetensors(sample, { a: "1", b: "2" }));
  });

  it("pads the header to 8 bytes and aligns every tensor", () => {
    const bytes = writeSafetensors(sample);
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
      string,
      { data_offsets: [number, number] }
    >;
    const width: Record<string, number> = { long: 8, weight: 4, ids: 4, none: 4 };
    for (const [name, bytesEach] of Object.entries(width))
      expect((header[name]?.data_offsets[0] ?? 1) % bytesEach).toBe(0);
  });

  it("writes exactly the bytes of the format", () => {
    const text = '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}';
    const padded = text.padEnd(Math.ceil(text.length / 8) * 8);
    const expected = file(padded, 2);
    expected.set([7, 9], expected.length - 2);
    expect(writeSafetensors(new Map([["a", { dtype: "U8", shape: [2], data: Uint8Array.of(7, 9) }]]))).toEqual(
      expected,
    );
  });

  it("round-trips any names, shapes and numbers", () => {
    const tensor = fc
      .array(fc.nat({ max: 3 }), { maxLength: 3 })
      .chain((shape) =>
        fc
          .float32Array({ minLength: product(shape), maxLength: product(shape) })
          .map((data): Tensor => ({ dtype: "F32", shape, data })),
      );
    const names = fc.string({ unit: "binary" }).filter((name) => name !== "__metadata__");
    fc.assert(
      fc.property(fc.array(fc.tuple(names, tensor)), fc.dictionary(fc.string(), fc.string()), (entries, metadata) => {
        const tensors = new Map(entries);
        const read = readSafetensors(writeSafetensors(tensors, metadata), "any");
        expect(new Map([...read.tensors].sort())).toEqual(new Map([...tensors].sort()));
        expect({ ...read.metadata }).toEqual({ ...metadata });
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it("reads from an unaligned view, and Node's Buffer, without sharing memory", () => {
    const bytes = writeSafetensors(sample);
    const shifted = Buffer.alloc(bytes.length + 1);
    shifted.set(bytes, 1);
    const view = shifted.subarray(1);
    const { tensors } = readSafetensors(view, "a");
    view.fill(0);
    expect(tensors.get("ids")).toEqual(sample.get("ids"));
  });

  it("widens f16 exactly", () => {
    const bytes = file(`{"h":${entry("F16", [7], 0, 14)}}`, 14);
    const patterns = [0x3c00, 0xc000, 0x0001, 0x7bff, 0xfc00, 0x7e00, 0x8000];
    const view = new DataView(bytes.buffer, bytes.length - 14);
    patterns.forEach((bits, index) => {
      view.setUint16(2 * index, bits, true);
    });
    expect(readSafetensors(bytes, "a").tensors.get("h")).toEqual({
      dtype: "F32",
      shape: [7],
      data: Float32Array.of(1, -2, 2 ** -24, 65504, Number.NEGATIVE_INFINITY, Number.NaN, -0),
    });
  });

  it("widens bfloat16 exactly, including the payloads of NaNs", () => {
    const bytes = file(`{"b":${entry("BF16", [2, 4], 0, 16)}}`, 16);
    const patterns = [0x3f80, 0xc000, 0x0001, 0x7f7f, 0xff80, 0x7fa5, 0x8000, 0x3eaa];
    new Uint8Array(bytes.buffer, bytes.length - 16).set(new Uint8Array(Uint16Array.from(patterns).buffer));
    const tensor = readSafetensors(bytes, "a").tensors.get("b");
    expect(tensor).toMatchObject({ dtype: "F32", shape: [2, 4] });
    const { data } = tensor as { data: Float32Array };
    expect([...new Uint32Array(data.buffer)]).toEqual(patterns.map((bits) => bits * 65536));
    expect([...data.slice(0, 3), ...data.slice(6)]).toEqual([1, -2, 2 ** -133, -0, 0.33203125]);
  });

  it.each(["BOOL", "F8_E4M3", "I8", "toString", "of the future"])("skips a tensor of type %s", (dtype) => {
    const bytes = file(`{"flag":${entry(dtype, [3], 0, 3)},"weight":${entry("F32", [1], 3, 7)}}`, 7);
    const { tensors } = readSafetensors(bytes, "a");
    expect(tensors.get("flag")).toEqual({ dtype: "unread", stored: dtype, shape: [3] });
    expect(tensors.get("weight")?.data).toEqual(Float32Array.of(0));
    expect(() => readOwnSafetensors(bytes, "a")).toThrow(`tensor "flag" has the type ${dtype}`);
  });

  it("can read selected tensors only, and still checks the others", () => {
    const only = (name: string): boolean => name === "ids";
    expect([...readSafetensors(writeSafetensors(sample), "a", only).tensors]).toEqual([["ids", sample.get("ids")]]);
    expect(() => readSafetensors(file(`{"a":${entry("U8", [1], 0, 2)}}`, 2), "a", only)).toThrow("takes 1");
  });

  it("refuses to write too few numbers for a shape", () => {
    const short: Tensor = { dtype: "U8", shape: [3], data: new Uint8Array(2) };
    expect(() => writeSafetensors(new Map([["a", short]]))).toThrow(/"a".*\[3\].*2 numbers/);
  });
});

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

describe("refuses", () => {
  const u8 = (begin: number, end: number): string => entry("U8", [end - begin], begin, end);
  const claims = (length: bigint): Uint8Array => {
    const bytes = new Uint8Array(16);
    new DataView(bytes.buffer).setBigUint64(0, length, true);
    return bytes;
  };
  const cases: readonly [string, Uint8Array, RegExp][] = [
    ["an empty file", new Uint8Array(0), /the file has 0 bytes/],
    ["a header of 2^63 bytes", claims(2n ** 63n), /has 9223372036854775808 bytes/],
    ["a header longer than the file", claims(9n), /should have 9 bytes, but only 8 follow/],
    ["a header that is not JSON", file("{]", 0), /not JSON/],
    ["a header that is not UTF-8", claims(8n).fill(0xff, 8), /not JSON in UTF-8/],
    ["a header that is a list", file("[]", 0), /not a JSON object/],
    ["a repeated name", file(`{"a":${u8(0, 1)},"\\u0061":${u8(1, 2)}}`, 2), /"a" twice/],
    [
      "a repeated field",
      file('{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1),
      /"dtype" twice/,
    ],
    ["an entry that is not an object", file('{"a":1}', 0), /"a" is not described/],
    ["an unknown field", file('{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1],"x":1}}', 1), /field "x"/],
    ["no type", file('{"a":{"shape":[],"data_offsets":[0,1]}}', 1), /has no type/],
    [
      "a deeply nested list as the type",
      file(`{"a":{"dtype":${"[".repeat(9999)}${"]".repeat(9999)},"shape":[],"data_offsets":[0,1]}}`, 1),
      /has no type/,
    ],
    [
      "a size that does not match the bytes of an unsupported type",
      file(`{"a":${entry("BOOL", [2], 0, 1)}}`, 1),
      /takes 2/,
    ],
    ["a tensor that ends within a byte", file(`{"a":${entry("F4", [3], 0, 1)}}`, 1), /F4 of shape \[3\] takes 1.5/],
    ["a negative size", file(`{"a":${entry("U8", [-1], 0, 1)}}`, 1), /shape that is not/],
    ["a fractional size", file(`{"a":${entry("U8", [1.5], 0, 1)}}`, 1), /shape that is not/],
    [
      "a size beyond 2^53",
      file('{"a":{"dtype":"U8","shape":[9007199254740993],"data_offsets":[0,1]}}', 1),
      /shape that is not/,
    ],
    ["a product beyond 2^53", file(`{"a":${entry("U8", [2 ** 52, 2 ** 52], 0, 1)}}`, 1), /a shape that is too large/],
    ["bytes beyond 2^53", file(`{"a":${entry("F64", [2 ** 50], 0, 1)}}`, 1), /a shape that is too large/],
    [
      "a product beyond 2^53, followed by 0",
      file(`{"a":${entry("U8", [2 ** 52, 4, 0], 0, 0)}}`, 0),
      /a shape that is too large/,
    ],
    [
      "an infinite product, followed by 0",
      file(`{"a":${entry("X", [...Array(40).fill(2 ** 52), 0], 0, 0)}}`, 0),
      /a shape that is too large/,
    ],
    [
      "offsets beyond 2^53",
      file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[9007199254740993,9007199254740994]}}', 1),
      /data_offsets/,
    ],
    ["one offset", file('{"a":{"dtype":"U8","shape":[],"data_offsets":[0]}}', 1), /data_offsets/],
    ["an end before the start", file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[2,1]}}', 2), /before its start/],
    ["too few bytes", file(`{"a":${entry("F32", [2], 0, 4)}}`, 4), /has 4 bytes, but F32 of shape \[2\] takes 8/],
    ["offsets beyond the file", file(`{"a":${u8(0, 5)}}`, 4), /"a" ends at byte 5 of the data, which has 4/],
    ["overlapping tensors", file(`{"a":${u8(0, 3)},"b":${u8(2, 4)}}`, 4), /"b" overlaps tensor "a"/],
    ["a gap", file(`{"a":${u8(0, 1)},"b":${u8(2, 4)}}`, 4), /"b" leaves 1 bytes unused after tensor "a"/],
    ["bytes at the end", file(`{"a":${u8(0, 1)}}`, 4), /3 bytes follow tensor "a"/],
    ["metadata that are not strings", file('{"__metadata__":{"a":1}}', 0), /__metadata__/],
  ];

  it.each(cases)("%s", (_, bytes, message) => {
    const failure = failureOf(bytes);
    expect(failure?.message).toMatch(message);
    expect(failure?.message.startsWith("weights.safetensors: ")).toBe(true);
    expect(failure?.remedy).toMatch(/\.$/);
  });

  it.each([
    ["version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1", /Git LFS/, /git lfs pull/],
    ["PK\x03\x04\x00\x00\x08\x08archive/data.pkl", /zip archive/, /torch\.load/],
    ["\x80\x02}q\x00(X\x06\x00", /pickle/, /save_file/],
    ["<!DOCTYPE html><html>", /web page/, /Download/],
    ["GGUF\x03\x00\x00\x00\x01\x01\x01\x01", /GGUF/, /safetensors/],
    ['{"weight_map": {}}', /JSON/, /Use the file/],
  ])("a file of another format: %j", (text, message, remedy) => {
    const failure = failureOf(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    expect(failure?.message).toMatch(message);
    expect(failure?.remedy).toMatch(remedy);
  });

  it("a file truncated at any byte", () => {
    const bytes = writeSafetensors(sample, { a: "b" });
    for (let length = 0; length < bytes.length; length++)
      expect(failureOf(bytes.subarray(0, length)), `cut to ${length} bytes`).toBeDefined();
  });

  it("or reads a header with a flipped bit, without other errors", () => {
    const bytes = writeSafetensors(sample, { a: "b" });
    const headerLength = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    for (let bit = 0; bit < 8 * (8 + headerLength); bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      failureOf(flipped);
    }
  });
});

/** The error of reading, or undefined if it succeeds. Unexpected errors are rethrown. */
function failureOf(bytes: Uint8Array): InputError | undefined {
  try {
    readSafetensors(bytes, "weights.safetensors");
    return undefined;
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}
