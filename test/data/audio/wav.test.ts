// WAV files of every encoding give their samples. Inconsistent and truncated files are refused.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readAudio } from "../../../src/data/audio/read-audio.js";
import { readWav } from "../../../src/data/audio/wav.js";
import { InputError } from "../../../src/diagnostics/input-error.js";
import { thrownBy } from "./thrown-by.js";
import { ascii, chunk, type FormatOptions, format, joined, riff, u16, u32, wavOf } from "./wav-bytes.js";

const file = (options: FormatOptions, data: readonly number[] | Uint8Array) =>
  riff(chunk("fmt ", format(options)), chunk("data", Uint8Array.from(data)));
const channelsOf = (bytes: Uint8Array) => readWav(bytes, "a.wav").channels.map((channel) => [...channel]);

describe("samples", () => {
  const cases: readonly [string, FormatOptions, readonly number[] | Uint8Array, readonly number[]][] = [
    ["8 bits, unsigned", { bits: 8 }, [0, 128, 255, 192], [-1, 0, 127 / 128, 0.5]],
    ["16 bits", { bits: 16 }, [0x00, 0x80, 0xff, 0x7f, 0x00, 0x40], [-1, 32_767 / 32_768, 0.5]],
    ["24 bits", { bits: 24 }, [0, 0, 0x80, 0, 0, 0x40, 1, 0, 0, 0xff, 0xff, 0xff], [-1, 0.5, 2 ** -23, -(2 ** -23)]],
    ["32 bits", { bits: 32 }, [0, 0, 0, 0x80, 0, 0, 0, 0x20], [-1, 0.25]],
    ["32-bit floats", { tag: 3, bits: 32 }, new Uint8Array(Float32Array.of(0.1, -2).buffer), [Math.fround(0.1), -2]],
    ["64-bit floats", { tag: 3, bits: 64 }, new Uint8Array(Float64Array.of(0.1, 1).buffer), [Math.fround(0.1), 1]],
  ];
  it.each(cases)("of %s", (_, options, data, samples) => expect(channelsOf(file(options, data))).toEqual([samples]));

  it("of A-law and µ-law have the values of G.711", () => {
    const coded = [0x00, 0x01, 0x55, 0xd5, 0xaa, 0xff];
    const sized = (tag: number) => channelsOf(file({ tag, bits: 8 }, coded))[0]?.map((sample) => sample * 2 ** 15);
    expect(sized(6)).toEqual([-5504, -5248, -8, 8, 32_256, 848]);
    expect(sized(7)).toEqual([-32_124, -31_100, -716, 716, 5372, 0]);
  });

  const CASES = new URL("../../cases/audio/", import.meta.url);
  it.each(["streamed-ffffffff.wav", "rf64.wav", "id3.flac"])("of %s are those of plain.wav", (name) => {
    const read = (name: string) => readAudio(readFileSync(new URL(name, CASES)), name);
    const plain = read("plain.wav");
    expect(plain.length).toBe(16_000);
    // The FLAC file has 24-bit samples. The others have their highest 16 bits.
    const most = name.endsWith(".flac") ? 2 ** -14 : 0;
    const samples = read(name);
    expect(samples.length).toBe(16_000);
    expect(
      Math.max(...samples.map((sample, index) => Math.abs(sample - (plain[index] as number)))),
    ).toBeLessThanOrEqual(most);
  });

  it.each([0, 0x7ffff000, 0x7fffffff, 0x80000000, 0xffffffff])("of unknown length (%d) are read to the end", (size) => {
    const bytes = file({ bits: 8 }, [0, 192, 128]);
    bytes.set(u32(size), 40);
    bytes.set(u32(size === 0xffffffff || size === 0 ? size : size + 36), 4);
    // Without a size, the pad byte would be read as a sample, so it is removed here.
    expect(channelsOf(bytes.subarray(0, 47))).toEqual([[-1, 0.5, 0]]);
  });

  it("of two channels are interleaved", () => {
    expect(channelsOf(file({ bits: 8, channels: 2 }, [0, 128, 192, 64]))).toEqual([
      [-1, 0.5],
      [0, -0.5],
    ]);
  });

  it("of an extensible format have the format at the start of its GUID", () => {
    const guid = [0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71];
    const extended = (tag: number, end = guid) =>
      joined(format({ tag: 0xfffe, bits: 16 }), u16(22), u16(16), u32(4), u16(tag), Uint8Array.from(end));
    const data = chunk("data", Uint8Array.of(0, 0x40));
    expect(channelsOf(riff(chunk("fmt ", extended(1)), data))).toEqual([[0.5]]);
    expect(() => channelsOf(riff(chunk("fmt ", extended(2)), data))).toThrow("compressed (ADPCM)");
    expect(() => channelsOf(riff(chunk("fmt ", extended(1, guid.toReversed())), data))).toThrow("extensible");
    expect(() => channelsOf(riff(chunk("fmt ", extended(1).subarray(0, 30)), data))).toThrow("extensible");
  });

  it("are found between other chunks, also padded ones", () => {
    const list = chunk("LIST", ascii("odd"));
    const bytes = riff(list, chunk("fmt ", format({ bits: 8 })), list, chunk("data", Uint8Array.of(192)), list);
    expect(channelsOf(bytes)).toEqual([[0.5]]);
  });

  it("are mixed down to their mean and resampled to 16 kHz", () => {
    const stereo = wavOf([
      [0.5, 0.25, 0],
      [0.25, -0.25, 0.5],
    ]);
    const mixed = readAudio(stereo, "a.wav");
    expect([...mixed].map((sample) => sample.toFixed(4))).toEqual(["0.3750", "0.0000", "0.2500"]);
    expect(readAudio(wavOf([new Float32Array(441)], 44_100), "a.wav").length).toBe(160);
  });
});

describe("a file is refused for", () => {
  const good = file({}, [1, 2, 3, 4]);
  const patched = (at: number, bytes: Uint8Array) => {
    const changed = good.slice();
    changed.set(bytes, at);
    return changed;
  };
  const float = (...values: number[]) => file({ tag: 3, bits: 32 }, new Uint8Array(Float32Array.of(...values).buffer));
  const cases: readonly [string, Uint8Array, string][] = [
    ["no contents", new Uint8Array(0), "the file is neither WAV nor FLAC"],
    ["another format", ascii('{"segments": []}'), "the file is neither WAV nor FLAC"],
    ["a RIFF file that is not WAVE", joined(ascii("RIFF"), u32(4), ascii("AVI ")), "the file is neither WAV nor FLAC"],
    ["missing 64-bit sizes", joined(ascii("RF64"), u32(2 ** 32 - 1), ascii("WAVE")), 'has no "ds64" chunk'],
    ["a header without chunks", riff(), 'no "fmt " chunk'],
    ["no chunk of samples", riff(chunk("fmt ", format())), 'no "data" chunk'],
    ["no samples", file({}, []), "has no samples"],
    [
      "samples before their format",
      riff(chunk("data", Uint8Array.of(0, 0)), chunk("fmt ", format())),
      '"data" chunk precedes the "fmt " chunk',
    ],
    ["two formats", riff(chunk("fmt ", format()), chunk("fmt ", format())), 'two "fmt " chunks'],
    ["truncation", good.subarray(0, good.length - 2), "gives 48 bytes, but the file has 46"],
    ["a RIFF size of 3 GiB", patched(4, u32(3 * 2 ** 30)), "gives 3221225480 bytes, but the file has 48"],
    [
      "a size of samples of 3 GiB",
      patched(40, u32(3 * 2 ** 30)),
      '"data" chunk gives 3221225472 bytes, but only 4 are left',
    ],
    [
      "a format chunk of 4 GiB",
      patched(16, u32(2 ** 32 - 16)),
      '"fmt " chunk gives 4294967280 bytes, but only 28 are left',
    ],
    ["a short format chunk", riff(chunk("fmt ", format().subarray(0, 14))), "chunk has 14 bytes, not 16"],
    ["no channels", patched(22, u16(0)), "0 channels"],
    ["65 535 channels", patched(22, u16(65_535)), "65535 channels"],
    ["a sample rate of 0", patched(24, u32(0)), "the sample rate is 0 Hz"],
    ["a sample rate of 4 GHz", patched(24, u32(2 ** 32 - 1)), "the sample rate is 4294967295 Hz"],
    ["a wrong frame size", patched(32, u16(3)), "the header gives 3 bytes for 1 × 16 bits"],
    ["a frame size of 0", patched(32, u16(0)), "the header gives 0 bytes for 1 × 16 bits"],
    ["12 bits", patched(34, u16(12)), "format 1 with 12 bits"],
    ["an unknown format", patched(20, u16(999)), "format 999 with 16 bits"],
    ["16-bit µ-law", patched(20, u16(7)), "format 7 with 16 bits"],
    ["IMA ADPCM", patched(20, u16(17)), "compressed (IMA ADPCM)"],
    [
      "no samples before another chunk",
      riff(chunk("fmt ", format()), chunk("data", ascii("")), chunk("LIST", ascii("odd"))),
      "has no samples",
    ],
    ["half a sample", file({}, [1, 2, 3]), "3 bytes of samples are not a multiple of the frame size, 2"],
    ["a NaN sample", float(0, Number.NaN), "sample 1 is NaN"],
    ["more than two hours at 1 kHz", file({ rate: 1_000, bits: 8 }, new Uint8Array(7_201_000)), "7201 seconds"],
    ["an infinite sample", float(Number.POSITIVE_INFINITY), "sample 0 is Infinity"],
  ];
  it.each(cases)("%s", (_, bytes, message) => {
    const failure = thrownBy(() => readAudio(bytes, "sounds.jsonl:3"));
    if (!(failure instanceof InputError)) throw failure;
    expect(failure.message).toMatch(/^sounds.jsonl:3: /);
    expect(failure.message).toContain(message);
    expect(failure.remedy).not.toBe("");
  });

  it("changed bytes, or is read, but causes no other error", () => {
    const changes = fc.array(fc.tuple(fc.nat(47), fc.nat(255)), { maxLength: 8 });
    const property = fc.property(changes, fc.nat(48), (edits, length) => {
      const changed = good.slice();
      for (const [at, byte] of edits) changed[at] = byte;
      const failure = thrownBy(() => readAudio(changed.subarray(0, length), "a.wav"));
      if (failure !== undefined && !(failure instanceof InputError)) throw failure;
    });
    fc.assert(property, { numRuns: 500, seed: 3 });
  });
});
