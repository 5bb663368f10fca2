// Log-mel frames: what a stretch of 40 ms sounds like, as 80 numbers in [0, 1]. 25 frames a second.
// A frame is the spectrum of 80 ms around its own 40, under a Hann window: such windows add up to a constant, so every
// sample counts the same. Loudness is in decibels below the loudest band of the recording, so a recording played softer
// gives the same frames; what lies 60 dB below is 0, and 1 is the loudest.
import FFT from "fft.js";
import { SPEECH_FRAMES } from "../../modalities/codebook.fields.js";

const { hop: HOP, window: WINDOW, points: POINTS, bands: BANDS, range: RANGE_DB, rate: RATE } = SPEECH_FRAMES;

/** A recording that nowhere comes within 60 dB of full scale (a sine of ±1 has about 2e3 here) is silence. */
const QUIETEST = 2e-3;

/**
 * @param samples at 16 kHz
 * @returns [⌈samples / 640⌉, 80]
 */
export function logMel(samples: Float32Array): Float32Array {
  const frames = Math.ceil(samples.length / HOP);
  const fft = new FFT(POINTS);
  const windowed = new Float64Array(POINTS);
  const spectrum = new Float64Array(2 * POINTS);
  const power = new Float64Array(POINTS / 2 + 1);
  const made = new Float64Array(frames * BANDS);
  let loudest = QUIETEST;
  for (let frame = 0; frame < frames; frame++) {
    const first = frame * HOP - (WINDOW - HOP) / 2;
    for (let index = 0; index < WINDOW; index++)
      windowed[index] = (samples[first + index] ?? 0) * (HANN[index] as number);
    fft.realTransform(spectrum, windowed);
    for (let bin = 0; bin < power.length; bin++)
      power[bin] = (spectrum[2 * bin] as number) ** 2 + (spectrum[2 * bin + 1] as number) ** 2;
    FILTERS.forEach(({ first: begin, weights }, bin) => {
      let sum = 0;
      for (let index = 0; index < weights.length; index++)
        sum += (weights[index] as number) * (power[begin + index] as number);
      made[frame * BANDS + bin] = sum;
      loudest = Math.max(loudest, sum);
    });
  }
  return Float32Array.from(made, (energy) => Math.max(0, 1 + (10 * Math.log10(energy / loudest)) / RANGE_DB));
}

/** Periodic: HANN[k] + HANN[k + HOP] = 1. */
const HANN = Float64Array.from({ length: WINDOW }, (_, index) => Math.sin((Math.PI * index) / WINDOW) ** 2);

/** Linear below 1 kHz, at 200/3 Hz a mel; above, 27 mels for each factor of 6.4. */
const HZ_A_MEL = 200 / 3;
const KNEE = 1000 / HZ_A_MEL;
const STEP = Math.log(6.4) / 27;

export const melOf = (hz: number): number => (hz < 1000 ? hz / HZ_A_MEL : KNEE + Math.log(hz / 1000) / STEP);
export const hzOf = (mel: number): number => (mel < KNEE ? mel * HZ_A_MEL : 1000 * Math.exp(STEP * (mel - KNEE)));

/** A triangle over bins of a spectrum. */
interface MelFilter {
  /** The bin that the first weight is for. */
  readonly first: number;
  readonly weights: Float64Array;
}

/**
 * @param rate samples a second
 * @param size points of the Fourier transform; bin k stands at k · rate / size
 * @param bins triangles, whose corners are evenly spaced in mel from 0 to half the rate
 */
export function melFilters(rate: number, size: number, bins: number): readonly MelFilter[] {
  const top = melOf(rate / 2);
  const corner = (index: number): number => hzOf((index * top) / (bins + 1));
  return Array.from({ length: bins }, (_, bin) => {
    const [low, middle, high] = [corner(bin), corner(bin + 1), corner(bin + 2)];
    const first = Math.floor((low * size) / rate) + 1;
    const last = Math.min(Math.ceil((high * size) / rate) - 1, size / 2);
    const weights = Float64Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => {
      const hz = ((first + index) * rate) / size;
      return (Math.min((hz - low) / (middle - low), (high - hz) / (high - middle)) * 2) / (high - low);
    });
    return { first, weights };
  });
}

const FILTERS = melFilters(RATE, POINTS, BANDS);
