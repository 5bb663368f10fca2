// Processing of samples: resampling, the spectrum, mel bands and frames.
import FFT from "fft.js";
import { describe, expect, it } from "vitest";
import { resampled } from "../../../src/data/audio/read-audio.js";
import { hzOf, logMel, melFilters, melOf } from "../../../src/data/audio/units.js";
import { SPEECH_FRAMES } from "../../../src/modalities/codebook.fields.js";
import { stream } from "../../../src/random/stream.js";
import { sine } from "./wav-bytes.js";

const { bands: BANDS, hop: HOP } = SPEECH_FRAMES;

/** Uniform noise in [−0.5, 0.5). */
function noiseOf(length: number): Float32Array {
  const draw = stream("sample", 1);
  return Float32Array.from({ length }, () => draw.uniform() - 0.5);
}

describe("resampling to 16 kHz", () => {
  /** The largest difference, except near the ends, where the signal is cut off. */
  const worst = (a: Float32Array, b: Float32Array, margin: number) =>
    a
      .subarray(margin, -margin)
      .reduce((most, value, at) => Math.max(most, Math.abs(value - (b[at + margin] as number))), 0);

  it.each([8_000, 11_025, 22_050, 24_000, 44_100, 48_000, 96_000, 16_005])("from %i Hz keeps a sine", (rate) => {
    const made = resampled(sine(1_000, 0.2, rate), rate, 16_000);
    expect(made.length).toBe(3_200);
    expect(worst(made, sine(1_000, 0.2), 300)).toBeLessThan(1e-4);
  });

  it("keeps a constant, and returns a signal that already has this rate unchanged", () => {
    const constant = new Float32Array(2_000).fill(0.25);
    expect(worst(resampled(constant, 44_100, 16_000), constant, 100)).toBeLessThan(1e-7);
    const noise = noiseOf(100);
    expect(resampled(noise, 16_000, 16_000)).toEqual(noise);
  });

  it.each([8_500, 12_000, 20_000])("filters out %i Hz, which 16 kHz cannot carry", (hz) => {
    const made = resampled(sine(hz, 0.2, 48_000, 1), 48_000, 16_000).subarray(300, -300);
    expect(Math.max(...made.map(Math.abs))).toBeLessThan(1e-3);
  });
});

it("the Fourier transform equals its definition", () => {
  const size = 64;
  const samples = [...noiseOf(size)];
  const fft = new FFT(size);
  const spectrum = new Float64Array(2 * size);
  fft.realTransform(spectrum, samples);
  for (let bin = 0; bin <= size / 2; bin++) {
    let [real, imaginary] = [0, 0];
    samples.forEach((sample, index) => {
      real += sample * Math.cos((2 * Math.PI * bin * index) / size);
      imaginary -= sample * Math.sin((2 * Math.PI * bin * index) / size);
    });
    expect(spectrum[2 * bin]).toBeCloseTo(real, 12);
    expect(spectrum[2 * bin + 1]).toBeCloseTo(imaginary, 12);
  }
});

describe("the mel filterbank", () => {
  it("has Slaney's scale, with the numbers in librosa's documentation", () => {
    for (const [hz, mel] of [
      [60, 0.9],
      [110, 1.65],
      [220, 3.3],
      [440, 6.6],
      [11_025, 49.91059448015905],
    ] as const)
      expect(melOf(hz)).toBeCloseTo(mel, 10);
    for (const [mel, hz] of [
      [1, 66.667],
      [3, 200],
      [5, 333.333],
    ] as const)
      expect(hzOf(mel)).toBeCloseTo(hz, 3);
    for (const hz of [1, 999, 1_000, 1_001, 7_999]) expect(hzOf(melOf(hz))).toBeCloseTo(hz, 9);
  });

  it("has librosa's weights in the first two of 128 bands at 22 050 Hz with 2048 points", () => {
    const [first, second] = melFilters(22_050, 2048, 128);
    expect(first?.first).toBe(1);
    const one = [0.016182853208219942, 0.032365706416439884, 0.028990088037379964, 0.012807234829160026];
    const two = [
      0.009779235793639925, 0.025962089001859864, 0.035393705451959974, 0.01921085224374004, 0.003027999035520103,
    ];
    expect(first?.weights.length).toBe(4);
    for (const [index, weight] of one.entries()) expect(first?.weights[index]).toBeCloseTo(weight, 12);
    expect(second?.first).toBe(3);
    expect(second?.weights.length).toBe(5);
    for (const [index, weight] of two.entries()) expect(second?.weights[index]).toBeCloseTo(weight, 12);
  });

  it("has non-empty triangles of area 1", () => {
    for (const { weights } of melFilters(16_000, 2048, BANDS)) {
      const area = weights.reduce((sum, weight) => sum + weight, 0) * (16_000 / 2048);
      expect(Math.abs(area - 1)).toBeLessThan(0.05);
    }
  });
});

describe("log-mel frames", () => {
  const frame = (made: Float32Array, index: number) => [...made.subarray(index * BANDS, (index + 1) * BANDS)];
  const loudest = (values: readonly number[]) => values.indexOf(Math.max(...values));
  const middleOf = (band: number) => hzOf(((band + 1) * melOf(8_000)) / (BANDS + 1));

  it.each([1, 639, 640, 641, 16_000])("of %i samples cover each started 40 ms", (samples) => {
    expect(logMel(new Float32Array(samples).fill(0.1)).length).toBe(BANDS * Math.ceil(samples / HOP));
  });

  it.each([5, 25, 50, 75])("are highest in band %i for a sine in its middle", (band) => {
    const middle = frame(logMel(sine(middleOf(band), 0.4)), 5);
    expect(loudest(middle)).toBe(band);
    expect(Math.max(...middle)).toBeCloseTo(1, 2);
  });

  it("are ordered in time", () => {
    const made = logMel(
      Float32Array.of(...sine(middleOf(10), 0.4), ...new Float32Array(6_400), ...sine(middleOf(50), 0.4)),
    );
    expect(made.length / BANDS).toBe(30);
    expect(loudest(frame(made, 4))).toBe(10);
    expect(Math.max(...frame(made, 15))).toBe(0);
    expect(loudest(frame(made, 25))).toBe(50);
  });

  it("fall by a sixth for each 10 dB, down to 0", () => {
    const hz = middleOf(25);
    const softer = sine(hz, 0.4, 16_000, 0.5 / Math.sqrt(10));
    const made = logMel(Float32Array.of(...sine(hz, 0.4), ...softer));
    expect((frame(made, 4)[25] as number) - (frame(made, 15)[25] as number)).toBeCloseTo(1 / 6, 3);
    expect(Math.min(...made)).toBe(0);
  });

  it("do not depend on a recording's volume, and are 0 for digital silence", () => {
    const noise = noiseOf(9_000);
    const soft = noise.map((sample) => sample / 8);
    expect(logMel(soft)).toEqual(logMel(noise));
    expect(Math.max(...logMel(new Float32Array(2_000)))).toBe(0);
  });
});
