// Log-mel frames: what a stretch of 40 ms sounds like, as 80 numbers in [0, 1]. 25 frames a second.
// A frame is the spectrum of 80 ms around its own 40, under a Hann window: such windows add up to a constant, so every
// sample counts the same. Loudness is in decibels below the loudest band of the recording, so a recording played softer
// gives the same frames; what lies 60 dB below is 0, and 1 is the loudest.
import FFT from "fft.js";
import { SPEECH_FRAMES } from "../../modalities/codebook.fields.js";
import { melFilters } from "./mel.js";

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

const FILTERS = melFilters(RATE, POINTS, BANDS);

/** Periodic: HANN[k] + HANN[k + HOP] = 1. */
const HANN = Float64Array.from({ length: WINDOW }, (_, index) => Math.sin((Math.PI * index) / WINDOW) ** 2);
