// Units as sound: a rough voice from the spectra that a codebook has for its units. The phases are unknown, and so is how
// often a unit was repeated, so a unit sounds for 40 ms.
import FFT from "fft.js";
import { SPEECH_FRAMES } from "../../modalities/codebook.fields.js";
import { stream } from "../../random/stream.js";
import type { SpeechCodebook } from "../codebook.js";
import { HANN, melFilters } from "./units.js";

const { hop: HOP, window: WINDOW, points: POINTS, bands: BANDS, range: RANGE_DB, rate: RATE } = SPEECH_FRAMES;
const BINS = POINTS / 2 + 1;

/** Rounds of Griffin–Lim (ICASSP 1984), which looks for phases that overlapping frames agree on. */
const ROUNDS = 24;
/** The peak of the sound. */
const PEAK = 0.7;

/** @returns samples at 16 kHz, 640 for each unit */
export function voiceOf(units: ArrayLike<number>, { entries }: SpeechCodebook): Float32Array {
  const frames = Array.from(units, (unit) => magnitudes(entries.subarray(unit * BANDS, (unit + 1) * BANDS)));
  const length = frames.length * HOP;
  const draw = stream("noise", 1);
  let samples = Float64Array.from({ length }, () => draw.uniform() - 0.5);
  for (let round = 0; round < ROUNDS; round++) samples = withMagnitudes(samples, frames);
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  return Float32Array.from(samples, (sample) => (peak === 0 ? 0 : (sample * PEAK) / peak));
}

const FILTERS = melFilters(RATE, POINTS, BANDS);
/** Of each bin: the weights of the bands over it, which sum to 1; empty beyond the bands. */
const SHARES: readonly (readonly (readonly [band: number, share: number])[])[] = Array.from(
  { length: BINS },
  (_, bin) => {
    const over = FILTERS.flatMap(({ first, weights }, band) => {
      const sum = weights.reduce((total, weight) => total + weight, 0);
      const weight = weights[bin - first];
      return weight === undefined || sum === 0 ? [] : [[band, weight / sum] as const];
    });
    const total = over.reduce((sum, [, weight]) => sum + weight, 0);
    return over.map(([band, weight]) => [band, weight / total] as const);
  },
);
const AREAS = FILTERS.map(({ weights }) => weights.reduce((sum, weight) => sum + weight, 0));

/** The amplitude of each bin, from the loudness of each band in [0, 1]. */
function magnitudes(bands: Float32Array): Float64Array {
  const density = Array.from(bands, (value, band) => {
    const area = AREAS[band] as number;
    return value <= 0 || area === 0 ? 0 : 10 ** (((value - 1) * RANGE_DB) / 10) / area;
  });
  return Float64Array.from(SHARES, (over) =>
    Math.sqrt(over.reduce((sum, [band, share]) => sum + share * (density[band] as number), 0)),
  );
}

/** One round: each frame keeps its phases and gets its magnitudes; the frames are added up again. */
function withMagnitudes(samples: Float64Array, frames: readonly Float64Array[]): Float64Array<ArrayBuffer> {
  const fft = new FFT(POINTS);
  const windowed = new Float64Array(POINTS);
  const spectrum = new Float64Array(2 * POINTS);
  const back = new Float64Array(2 * POINTS);
  const sum = new Float64Array(samples.length);
  const weights = new Float64Array(samples.length);
  frames.forEach((magnitude, frame) => {
    const first = frame * HOP - (WINDOW - HOP) / 2;
    for (let index = 0; index < WINDOW; index++)
      windowed[index] = (samples[first + index] ?? 0) * (HANN[index] as number);
    fft.realTransform(spectrum, windowed);
    for (let bin = 0; bin < BINS; bin++) {
      const [re, im] = [spectrum[2 * bin] as number, spectrum[2 * bin + 1] as number];
      const scale = (magnitude[bin] as number) / Math.max(1e-12, Math.hypot(re, im));
      spectrum[2 * bin] = re * scale;
      spectrum[2 * bin + 1] = im * scale;
    }
    fft.completeSpectrum(spectrum);
    fft.inverseTransform(back, spectrum);
    for (let index = 0; index < WINDOW; index++) {
      const at = first + index;
      if (at < 0 || at >= sum.length) continue;
      const weight = HANN[index] as number;
      sum[at] = (sum[at] as number) + weight * (back[2 * index] as number);
      weights[at] = (weights[at] as number) + weight * weight;
    }
  });
  return sum.map((value, at) => value / Math.max(0.1, weights[at] as number));
}
