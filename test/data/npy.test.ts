// .npy files that NumPy wrote (test/data/npy/numpy.json has files and their contents), and malformed files.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { floats, type Npy, type NpyType, readNpy, wholeNumbers, writeNpy } from "../../src/data/npy.js";
import { InputError } from "../../src/diagnostics/input-error.js";

interface Sample {
  readonly label: string;
  readonly shape: readonly number[];
  readonly type: string;
  /** In C order, as printed by Python. */
  readonly values: readonly string[];
  /** Base64. */
  readonly file: string;
}
const samples: readonly Sample[] = JSON.parse(readFileSync(new URL("npy/numpy.json", import.meta.url), "utf8"));
const bytesOf = ({ file }: Sample): Uint8Array => new Uint8Array(Buffer.from(file, "base64"));

const parsed = (text: string): number => (text === "inf" ? Number.POSITIVE_INFINITY : Number(text));
/** Integers as their digits, other numbers in their own precision. */
const shown = (value: number | bigint): string => (typeof value === "bigint" ? String(value) : String(Number(value)));

test.each(samples.map((sample) => [sample.label, sample] as const))("NumPy's %s", (_, sample) => {
  const { type, shape, data } = readNpy(bytesOf(sample), "a.npy");
  expect(type).toBe(sample.type);
  expect(shape).toEqual(sample.shape);
  const isInteger = /^[iu]/.test(type);
  expect(Array.from(data as ArrayLike<number | bigint>, shown)).toEqual(
    sample.values.map((value) => (isInteger ? value : String(parsed(value)))),
  );
});

test("files are written byte for byte as NumPy writes them, and read back", () => {
  for (const sample of samples.filter(({ label }) =>
    /^(f4|f8|[iu][1248]|b1|one dimension|a scalar|empty)$/.test(label),
  )) {
    const array = readNpy(bytesOf(sample), "a.npy") as Npy<Exclude<NpyType, "f2">>;
    const written = writeNpy(array);
    expect(readNpy(written, "b.npy"), sample.label).toEqual(array);
    expect(Buffer.from(written).toString("latin1"), sample.label).toBe(Buffer.from(bytesOf(sample)).toString("latin1"));
  }
});

test("an array converts to whole numbers if it has only those, and to F32", () => {
  const of = (type: NpyType, data: Npy["data"]): Npy => ({ type, shape: [data.length], data });
  expect(wholeNumbers(of("f4", Float32Array.of(1, 2)))).toEqual([1, 2]);
  expect(wholeNumbers(of("f4", Float32Array.of(1, 2.5)))).toBeUndefined();
  expect(wholeNumbers(of("i8", BigInt64Array.of(3n, -4n)))).toEqual([3, -4]);
  expect(wholeNumbers(of("u8", BigUint64Array.of(2n ** 64n - 1n)))).toBeUndefined();
  expect([...floats(of("u8", BigUint64Array.of(2n ** 64n)))]).toEqual([0]);
  expect([...floats(of("f8", Float64Array.of(0.1)))]).toEqual([Math.fround(0.1)]);
});

describe("a header is refused for", () => {
  const HEADER = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  const file = (header: string, { major = 1, minor = 0, claim = 0, data = 24 } = {}): Uint8Array => {
    const text = new TextEncoder().encode(header);
    const start = major === 1 ? 10 : 12;
    const bytes = new Uint8Array(start + text.length + data);
    bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, major, minor]);
    const view = new DataView(bytes.buffer);
    if (major === 1) view.setUint16(8, text.length + claim, true);
    else view.setUint32(8, text.length + claim, true);
    bytes.set(text, start);
    return bytes;
  };
  const refusal = (bytes: Uint8Array): string => {
    try {
      readNpy(bytes, "x.npy");
      return "read";
    } catch (error) {
      if (error instanceof InputError) return error.message;
      throw error;
    }
  };
  const shaped = (shape: string): string => HEADER.replace("(2, 3)", shape);

  test("nothing, if it is valid", () => {
    expect(refusal(file(HEADER))).toBe("read");
    expect(refusal(file(HEADER, { major: 2 }))).toBe("read");
    expect(refusal(file('{"shape": (2L, 3L,), "descr": "=f4", "fortran_order": True}\n'))).toBe("read");
  });

  test.each([
    ["an empty file", new Uint8Array(), /^x.npy: the file is not a .npy file/],
    ["a zip", Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0, 0, 0, 0, 0), /not a .npy file/],
    ["version 4", file(HEADER, { major: 4 }), /version is 4.0, not 1.0, 2.0 or 3.0/],
    ["version 1.1", file(HEADER, { minor: 1 }), /version is 1.1/],
    ["only the magic", file(HEADER).subarray(0, 9), /the file has 9 bytes/],
    ["a header beyond the file", file(HEADER, { claim: 25 }), /should have 84 bytes, but only 83 follow/],
    ["a header of gigabytes", file(HEADER, { major: 2, claim: 2 ** 31 }), /has 2147483707 bytes; the limit is 65536/],
    ["one missing byte", file(HEADER, { data: 23 }), /f4 of shape \(2,3\) takes 24 bytes, but 23 follow/],
    ["one extra byte", file(HEADER, { data: 25 }), /but 25 follow/],
    ["a shape larger than any file", file(shaped("(4294967296, 4294967296)")), /is too large/],
    ["a size of 20 digits", file(shaped("(99999999999999999999,)")), /not a dictionary/],
    ["33 dimensions", file(shaped(`(${"1, ".repeat(33)})`)), /33 dimensions; the limit is 32/],
    ["a negative size", file(shaped("(-2, -3)")), /not a dictionary/],
    ["a fraction", file(shaped("(2.0, 3)")), /not a dictionary/],
    ["a product", file(shaped("(2*3,)")), /not a dictionary/],
    ["a list as the shape", file(shaped("[2, 3]")), /not a dictionary/],
    ["a number as the shape", file(shaped("(6)")), /not a dictionary/],
    ["a call", file(HEADER.replace("False", "__import__('os').system('true')")), /not a dictionary/],
    ["a comprehension", file(shaped("(x for x in ())")), /not a dictionary/],
    ["an escape", file(HEADER.replace("<f4", "\\x3cf4")), /not a dictionary/],
    ["text after the dictionary", file(`${HEADER} or 1`), /not a dictionary/],
    ["an unclosed dictionary", file(HEADER.replace("}", "")), /not a dictionary/],
    ["a repeated key", file(HEADER.replace("}", "'shape': (2, 3)}")), /not a dictionary/],
    ["an unknown key", file(HEADER.replace("}", "'__proto__': True}")), /the unknown key "__proto__"/],
    ["no shape", file("{'descr': '<f4', 'fortran_order': False}"), /has no shape/],
    ["no order", file("{'descr': '<f4', 'shape': (2, 3)}"), /does not give the order/],
    ["no type", file("{'fortran_order': False, 'shape': (2, 3)}"), /does not name one numeric type/],
    ["objects", file(HEADER.replace("<f4", "|O")), /the type "\|O" is not supported/],
    ["text", file(HEADER.replace("<f4", "<U3")), /"<U3"/],
    ["complex numbers", file(HEADER.replace("<f4", "<c8")), /"<c8"/],
    ["a type from JavaScript's prototype", file(HEADER.replace("<f4", "<constructor")), /is not supported/],
    ["a record", file("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2, 3)}"), /not a dictionary/],
  ])("%s", (_, bytes, message) => {
    expect(refusal(bytes)).toMatch(message);
  });
});
