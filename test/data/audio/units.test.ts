// Speech units: runs are merged, entries are fitted to sounds, and a codebook's file gives the same units.
import { describe, expect, it } from "vitest";
import { fitUnits, merged, ofSpeech, unitsOf } from "../../../src/data/audio/units.js";
import { readCodebook, writeCodebook } from "../../../src/data/codebook.js";
import { SPEECH_FRAMES } from "../../../src/modalities/codebook.fields.js";
import { sine } from "./wav-bytes.js";

describe("merging runs of units", () => {
  it.each([
    [[], []],
    [[3], [3]],
    [[3, 3, 3], [3]],
    [
      [1, 1, 2, 2, 1, 0, 0],
      [1, 2, 1, 0],
    ],
  ])("%j becomes %j", (units, once) => expect([...merged(units)]).toEqual(once));
});

describe("a codebook of speech", () => {
  /** Four tones and silence, 0.4 s each. Other frames occur only at their borders. */
  const tones = [300, 700, 1_500, 4_000].map((hz) => sine(hz, 0.4));
  const silence = new Float32Array(6_400);
  const [a, b, c, d] = tones as [Float32Array, Float32Array, Float32Array, Float32Array];
  const sounds = [Float32Array.of(...a, ...b, ...silence), Float32Array.of(...c, ...d, ...a)];
  const fitted = () => fitUnits(sounds, { entries: 12, seed: 1 });
  const { entries, frames, used } = fitted();
  const { bands } = SPEECH_FRAMES;
  const file = writeCodebook({ of: "speech" }, entries, bands);
  const codebook = ofSpeech(readCodebook(file, "units.safetensors"), "units.safetensors");

  it("is fitted to every frame, with the same result each time", () => {
    expect([frames, used]).toEqual([60, 60]);
    expect(fitted().entries).toEqual(entries);
    expect(entries.length).toBe(12 * bands);
  });

  it("records its frame settings in its file, and is refused if they differ", () => {
    expect(codebook.facts).toEqual({ kind: { of: "speech" }, entries: 12, columns: bands });
    expect(codebook.entries).toEqual(entries);
    const other = Buffer.from(Buffer.from(file).toString("latin1").replace('"hop":"640"', '"hop":"320"'), "latin1");
    expect(() => readCodebook(other, "units.safetensors")).toThrow(
      'units.safetensors is not a codebook: its `hop` is not "640"',
    );
  });

  it("gives a sound the same units at any position, and other sounds other units", () => {
    const inner = (sound: Float32Array) => unitsOf(sound.subarray(1_280, 5_120), codebook);
    const alone = tones.map((tone) => [...inner(tone)]);
    expect(new Set(alone.map((units) => units.join())).size).toBe(4);
    expect([...unitsOf(sounds[0] as Float32Array, codebook)]).toEqual(expect.arrayContaining(alone[0] as number[]));
    expect([...unitsOf(sounds[1] as Float32Array, codebook)]).toEqual(expect.arrayContaining(alone[0] as number[]));
  });

  it("gives each run of a unit once", () => {
    for (const sound of sounds) {
      const units = unitsOf(sound, codebook);
      expect(units.length).toBeGreaterThan(3);
      expect(units.length).toBeLessThan(30);
      expect(units.every((unit, index) => unit !== units[index - 1])).toBe(true);
    }
  });
});

it("a codebook of pictures is refused for speech", () => {
  const kind = { of: "patches", height: 4, width: 4, patchHeight: 2, patchWidth: 2, channels: 1 } as const;
  const codebook = readCodebook(
    writeCodebook(
      kind,
      Float32Array.from({ length: 8 }, (_, index) => index),
      4,
    ),
    "pictures.safetensors",
  );
  expect(() => ofSpeech(codebook, "pictures.safetensors")).toThrow("the codebook is for patches, not for speech");
});
