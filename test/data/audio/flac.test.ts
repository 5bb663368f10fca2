// FLAC files give the samples that were encoded. Damaged and truncated files are refused.
// `flac` 1.4.2 (-8 -b 256) encoded the files from the formulas beside them.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readFlac } from "../../../src/data/audio/flac.js";
import { readAudio } from "../../../src/data/audio/read-audio.js";
import { InputError } from "../../../src/diagnostics/input-error.js";
import { thrownBy } from "./thrown-by.js";

interface File {
  readonly base64: string;
  readonly bits: number;
  readonly length: number;
  /** For each channel, a function that gives the sample at an index, as a whole number. */
  readonly channels: readonly ((index: number) => number)[];
}

const wave = (k: number): number => Math.floor(8_000 * Math.sin(k * 0.05) + 6_000 * Math.sin(k * 0.13) + 0.5);

const FILES: Readonly<Record<string, File>> = {
  "16-bit mono": {
    bits: 16,
    length: 600,
    channels: [(k) => 10_000 - Math.abs((k % 100) * 400 - 20_000)],
    base64:
      "ZkxhQwAAACIBAAEAAAAjAABUA+gA8AAAAljlw6KojMPrP440qPN23Y+ehAAAKCAAAAByZWZlcmVuY2UgbGliRkxBQyAxLjQuMiAy" +
      "MDIyMTAyMgAAAAD/+IUIAOkVHY/agUPw/w/w/w/w/ziIAAuIiA/w/w/w/w/ziIiAAMiA/w/w/w/w/ziIiIgACw/w/w/w/w/w/zgA" +
      "DIiIiA/w/w/w/w/ziIAAuIiALAT/+IUIAe4VEdscIUPw/w/w/w/ziIiAAMiA/w/w/w/w/ziIiIgACw/w/w/w/w/w/zgADIiIiA/w" +
      "/w/w/w/ziIAAuIiA/w/w/w/w/ziIiAAMiA/wUsj/+GUIAld9FR677UDD/h/8P/nEREQABcREB/8P/h/8P/gRBQ==",
  },
  "16-bit mono at full scale": {
    bits: 16,
    length: 300,
    channels: [(k) => [-32_768, 32_767, 0, -1, 1, -32_767][(k * k * 7) % 6] as number],
    base64:
      "ZkxhQwAAACIBAAEAAABaAABdA+gA8AAAASwIn5NFPbrV19I+X8nJpL1YhAAAKCAAAAByZWZlcmVuY2UgbGliRkxBQyAxLjQuMiAy" +
      "MDIyMTAyMgAAAAD/+IUIAOlKgAB//wAB//8AAX//cwcCe3l+JQAEnknknknknknknknknknknknknknknknknknknknknknknknk" +
      "nknknknknknknknknknknknknknknknknkmAvvT/+GUIASsxRgABf/+AAH//c8L/urmBagLgK/0UAJ/1/ygLgK/0UAJ/1/ygLgK/" +
      "0UAJ/1/ygLgK/0UAJ/1/ygLgK/0UAJ/1/ygLgK/0UAJ/1/ygLgK/0UAA/MU=",
  },
  "16-bit stereo coded as mid and side": {
    bits: 16,
    length: 400,
    channels: [
      (k) => wave(k) + ((k * k * 31) % 199) - 99 + (k % 2),
      (k) => wave(k) - ((k * k * 31) % 199) + 99 + (k % 2),
    ],
    base64:
      "ZkxhQwAAACIBAAEAAAEGAAHAA+gC8AAAAZDM1PcqBmXXOwaoiXEyLU7QhAAAKCAAAAByZWZlcmVuY2UgbGliRkxBQyAxLjQuMiAy" +
      "MDIyMTAyMgAAAAD/+IWoAPFGAAAEmwklDZZyHNqV+4Bi8fK6T3q8xJ2ivGSKg6DoEJHLO1yXPY+ly2SaE0TR/F49T1ezXQVYiiuE" +
      "QMsIsRYzzJd6PYa41B/Hwbh8G0TwkgtTXeQsY8dp1jtGSIsZpkkeQti1EsFsPo+j4NkmD2CVEqaU8q2URArQrwrwrRlitO0xZhJC" +
      "+fxaD4Jg2CaNQagljXNMWdplitHSKo6BVmURZSyHlHlHoNQL4TBsCaJkvieWpahGAwikfllgl7Z2PnDATLKHOOJYPslnSVDPjXOq" +
      "XaKIguqlI9GUiFxdORwYyk7HfJR6FczHum+teJhaZRTOq29fn5TNJDvKKKhI6rYJZzX3Dc0N4hGueRX+ETTD5NT4IcZBmmJAWi66" +
      "OhdWkAxTUGMIb4avJhJsJ/Is81iE3tG5wXzmS7CqjoSKo3iGaVN+/PS2dSnKaWHE1vtM9mYr9KOQ7uxSYzgcl0uEQy+pCk6iCUbS" +
      "X1XMedQSWeSfSwcZyHZJmDgfO2wvQcvIjiKR+WWCXtnY+cMBMsoc44lg+yWdJUM+Nc6pdooiC6qUj0ZSIXF05HBjKTsd8lHoVzMe" +
      "6b614mFplApH//hlqAGPDBgdrB4eHi0d4ADtiylkElJzUPINKNUtBKmoJKNV/LILMeUSKLMWUkj2aU0pZTzHuShZBpRpBbH8nHuL" +
      "U1hZRLnkNIaU0ppzzFnFimuSY9yXPMPMJYSQWpvNYWhOJ5amuJONOLEEmJZ5wjAYpnVbevz8pmkh3lFFQkdVsEs5r7huaG8QjXPI" +
      "r/CJph8mp8EOMgzTEgLRddHQurSAYpqDGEN8NXkwk2E/kWeaxCb2jc4L5zJdhVR0JFUbxDNKm/fnpbOpTlNLDia32mezMV+lHId3" +
      "YpMZwOS6XCIZfUhSdRBKNpL6rmPOoJLPJPpYOM5DskzBwPnbYXoOXkRxFI61xQ==",
  },
  "24-bit stereo": {
    bits: 24,
    length: 300,
    channels: [(k) => 2_000_000 - Math.abs(Math.floor(((k % 60) * 8_000_000) / 60) - 4_000_000), (k) => 0 - 1_000 * k],
    base64:
      "ZkxhQwAAACIBAAEAAABAAADjA+gDcAAAASxL/T2FEMX6gI1C93XC0cVwhAAAKCAAAAByZWZlcmVuY2UgbGliRkxBQyAxLjQuMiAy" +
      "MDIyMTAyMgAAAAD/+IUcAOoU4XuA44RVWBIGUEsBZAyglgLMYAAYAAIAAgiNVBTAmgNIKYE0BpBTjAACERq0AAEAAQGUEsBZAygl" +
      "gLMYAAYAAIAAgiNVBTAmgNIKYE0BpBTjAACERq0AAEAAQGUEsBZAyglgLMYAAYAAIAAgiNVBTAmgNIKYE0BpBTjAACERq0AAEAAQ" +
      "GUEsBZAyglgLMYAAYAAIAAgiNVBTAmgNIKYE0BpBTjAACERq0AAEAAQGUEsBZFSAAAP/8GAH////////////////////////////" +
      "/////////////+ANrP/4ZRwBKzgUAgjVBBGqSAWWW+AAoABgACAAgAAo1WAAIABgAKAAIABgAIFNNNAaaaYqfwYB+CgwA///////" +
      "Lcw=",
  },
  "8-bit mono": {
    bits: 8,
    length: 300,
    channels: [(k) => 100 - Math.abs((k % 50) * 8 - 200)],
    base64:
      "ZkxhQwAAACIBAAEAAAAUAAA2A+gAcAAAASxyZIRkliBmUDiUMbO0Rk6zhAAAKCAAAAByZWZlcmVuY2UgbGliRkxBQyAxLjQuMiAy" +
      "MDIyMTAyMgAAAAD/+IUCAGsVZ6QA////Af///wD///+A////gH///8B////AP///4D///+Af///wH///8A+AqrD/+GUCASu2FXPU" +
      "AP//wH///4BkMg==",
  },
};
const bytesOf = ({ base64 }: File): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));

describe("samples", () => {
  it.each(Object.entries(FILES))("of %s", (_, file) => {
    const { rate, channels } = readFlac(bytesOf(file), "a.flac");
    expect(rate).toBe(16_000);
    const expected = file.channels.map((channel) =>
      Float32Array.from({ length: file.length }, (_, index) => channel(index) / 2 ** (file.bits - 1)),
    );
    expect(channels).toEqual(expected);
  });

  it("are read to the end if the header does not give their number", () => {
    const file = FILES["16-bit mono"] as File;
    const unknown = bytesOf(file);
    unknown.set([0, 0, 0, 0], 22);
    expect(readFlac(unknown, "a.flac")).toEqual(readFlac(bytesOf(file), "a.flac"));
  });

  it("are mixed down to one channel", () => {
    const mixed = readAudio(bytesOf(FILES["24-bit stereo"] as File), "a.flac");
    expect(mixed.length).toBe(300);
    expect(mixed[30]).toBeCloseTo((2_000_000 - 30_000) / 2 / 2 ** 23, 6);
  });
});

describe("a file is refused for", () => {
  const good = bytesOf(FILES["16-bit mono"] as File);
  const patched = (at: number, ...bytes: number[]): Uint8Array => {
    const changed = good.slice();
    changed.set(bytes, at);
    return changed;
  };
  const cases: readonly [string, Uint8Array, string][] = [
    ["nothing but the signature", good.subarray(0, 4), "the FLAC stream header is missing"],
    ["another block before the stream header", patched(4, 0x84), "the FLAC stream header is missing"],
    ["headers without samples", good.subarray(0, 86), "after 0 samples the file ends within a frame"],
    ["truncation", good.subarray(0, good.length - 60), "after 256 samples the file ends within a frame"],
    ["a changed byte in a frame", patched(150, 0x55), "after 0 samples a frame's checksum does not match"],
    ["a wrong MD5", patched(30, 0x55), "the MD5 in the header does not match the samples"],
    ["too few samples in the header", patched(25, 0x10), "the file has 600 samples, but its header gives 528"],
    ["too many samples in the header", patched(25, 0xff), "after 600 samples the file ends within a frame"],
    [
      "2³⁶ samples in the header",
      patched(21, 0xff, 0xff, 0xff, 0xff, 0xff),
      "the file has at least 68719476735 samples; the limit is",
    ],
    ["unclosed metadata", patched(42, 0x04, 0xff, 0xff, 0xff), "the file ends in its metadata"],
    ["a sample rate of 0", patched(18, 0, 0, 0x00), "the sample rate is 0 Hz"],
    ["32-bit samples", patched(20, 0x01, 0xf0), "samples have 32 bits"],
    [
      "noise instead of frames",
      Uint8Array.from(good, (byte, index) => (index < 86 ? byte : (index * 89) & 0xff)),
      "after 0 samples a frame's sync code is missing",
    ],
  ];
  it.each(cases)("%s", (_, bytes, message) => {
    const failure = thrownBy(() => readAudio(bytes, "sounds.jsonl:3"));
    if (!(failure instanceof InputError)) throw failure;
    expect(failure.message).toMatch(/^sounds.jsonl:3: /);
    expect(failure.message).toContain(message);
  });

  it("changed bytes, or is read, but causes no other error", () => {
    const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    const property = fc.property(changes, (edits) => {
      const changed = good.slice();
      for (const [at, byte] of edits) changed[at] = byte;
      const failure = thrownBy(() => readAudio(changed, "a.flac"));
      if (failure !== undefined && !(failure instanceof InputError)) throw failure;
    });
    fc.assert(property, { numRuns: 500, seed: 3 });
  });

  it("nothing if it is valid, also after invalid files", () => {
    expect(readAudio(good, "a.flac").length).toBe(600);
  });
});
