// Speech units: the nearest codebook entry of each 40 ms log-mel frame, with repeats merged. Also converts the recordings
// that a JSON Lines file names into units.

import FFT from "fft.js";
import { InputError } from "../../diagnostics/input-error.js";
import { SPEECH_FRAMES } from "../../modalities/codebook.fields.js";
import { type Codebook, isOfSpeech, type SpeechCodebook } from "../codebook.js";
import { fileInFolder } from "../file-in-folder.js";
import { linesOf } from "../json-lines.js";
import { kMeans } from "../k-means.js";
import { nearestEntries } from "../nearest.js";
import type { Reach } from "../reach.js";
import { readInput } from "../read-input.js";
import { readAudio } from "./read-audio.js";

/** Merges consecutive repeats of a unit into one. */
export const merged = (units: ArrayLike<number>): Int32Array =>
  Int32Array.from(units).filter((unit, index, all) => index === 0 || unit !== all[index - 1]);

/** @param samples at 16 kHz, at least one */
export const unitsOf = (samples: Float32Array, { entries, facts }: SpeechCodebook): Int32Array =>
  merged(nearestEntries(logMel(samples), entries, facts.columns).codes);

/** @param name the file's name in errors @throws InputError if the codebook is not for speech */
export function ofSpeech(codebook: Codebook, name: string): SpeechCodebook {
  if (isOfSpeech(codebook)) return codebook;
  throw new InputError(
    "codebook",
    `${name}: the codebook is for ${codebook.facts.kind.of}, not for speech`,
    "Fit one: mom data units --audio FOLDER --out FILE.safetensors",
  );
}

/** Most frames that are kept: 11 hours, or 320 MiB. */
const MOST_FRAMES = 2 ** 20;

interface FitOptions {
  readonly entries: number;
  readonly seed: number;
  readonly progress?: (iteration: number, error: number) => void;
}

interface Fitted {
  /** [entries, bands] */
  readonly entries: Float32Array;
  /** Frames in the recordings, and frames that the entries were fitted to. */
  readonly frames: number;
  readonly used: number;
}

/**
 * @param recordings samples at 16 kHz, read one at a time
 * @throws InputError if there are fewer distinct frames than entries
 */
export function fitUnits(recordings: Iterable<Float32Array>, options: FitOptions): Fitted {
  const columns = SPEECH_FRAMES.bands;
  const frames = frameHeap(columns);
  for (const samples of recordings) frames.add(logMel(samples));
  const rows = frames.rows();
  return { entries: kMeans(rows, { columns, ...options }), frames: frames.count(), used: rows.length / columns };
}

/** Keeps every frame; if there are too many, every 2nd, 4th, 8th … */
function frameHeap(columns: number) {
  let kept = new Float32Array(4096 * columns);
  let used = 0;
  let stride = 1;
  let count = 0;
  const halve = () => {
    for (let row = 0; 2 * row < used; row++) kept.copyWithin(row * columns, 2 * row * columns, (2 * row + 1) * columns);
    used = Math.ceil(used / 2);
    stride *= 2;
  };
  return {
    add(frames: Float32Array): void {
      for (let at = 0; at < frames.length; at += columns, count++) {
        if (count % stride !== 0) continue;
        if (used === MOST_FRAMES) halve();
        if (count % stride !== 0) continue;
        if ((used + 1) * columns > kept.length) {
          const larger = new Float32Array(2 * kept.length);
          larger.set(kept);
          kept = larger;
        }
        kept.set(frames.subarray(at, at + columns), used * columns);
        used++;
      }
    },
    rows: () => kept.subarray(0, used * columns),
    count: () => count,
  };
}

const { hop: HOP, window: WINDOW, points: POINTS, bands: BANDS, range: RANGE_DB, rate: RATE } = SPEECH_FRAMES;

/** A recording that stays 60 dB below full scale (a sine of ±1 has about 2e3 here) is silence. */
const QUIETEST = 2e-3;

/**
 * Log-mel frames: each describes 40 ms of sound as 80 numbers in [0, 1]. A frame is the spectrum of the 80 ms around it
 * under a Hann window. These windows add up to a constant, so every sample has the same weight. Loudness is in decibels
 * relative to the recording's loudest band, so a softer copy of a recording has the same frames. The loudest band is 1;
 * 60 dB below it is 0.
 *
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
export const HANN = Float64Array.from({ length: WINDOW }, (_, index) => Math.sin((Math.PI * index) / WINDOW) ** 2);

/** The mel scale is linear below 1 kHz, at 200/3 Hz per mel. Above, a factor of 6.4 takes 27 mels. */
const HZ_A_MEL = 200 / 3;
const KNEE = 1000 / HZ_A_MEL;
const STEP = Math.log(6.4) / 27;

export const melOf = (hz: number): number => (hz < 1000 ? hz / HZ_A_MEL : KNEE + Math.log(hz / 1000) / STEP);
export const hzOf = (mel: number): number => (mel < KNEE ? mel * HZ_A_MEL : 1000 * Math.exp(STEP * (mel - KNEE)));

/** A triangle over bins of a spectrum. */
interface MelFilter {
  /** Bin of the first weight. */
  readonly first: number;
  readonly weights: Float64Array;
}

/**
 * @param rate samples per second
 * @param size points of the Fourier transform; bin k is at k · rate / size Hz
 * @param bins triangles, whose corners are evenly spaced in mel from 0 to half the rate
 */
export function melFilters(rate: number, size: number, bins: number): readonly MelFilter[] {
  const top = melOf(rate / 2);
  const corner = (index: number) => hzOf((index * top) / (bins + 1));
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

export interface Heard {
  /** The line with each `{"audio": "…"}` replaced by `{"codes": […]}`. */
  readonly line: string;
  /** The path as written, the duration and the units of each recording in the line. */
  readonly recordings: readonly { readonly audio: string; readonly seconds: number; readonly units: Int32Array }[];
}

/**
 * Replaces the recordings that a JSON Lines file names with their units.
 *
 * @param pieces the file's bytes
 * @param name the file's name in errors
 * @param folder the file's folder
 * @param reach what may be read besides
 * @throws InputError if a line or a recording cannot be read
 */
export function* listen(
  pieces: Iterable<Uint8Array>,
  name: string,
  folder: string,
  codebook: SpeechCodebook,
  reach: Reach,
): Generator<Heard> {
  for (const { place, value } of linesOf(pieces, name)) {
    const recordings: Heard["recordings"][number][] = [];
    const heard = (key: string, inner: unknown) => {
      if (key !== "segments" || !Array.isArray(inner)) return inner;
      return inner.map((segment: unknown) => {
        if (typeof segment !== "object" || segment === null || !("audio" in segment)) return segment;
        const { audio, ...others } = segment;
        if (typeof audio !== "string") return segment;
        const path = fileInFolder(audio, { place, folder, what: "recording", reach });
        const samples = readAudio(readInput(reach.disk, path, place), `${place}: ${audio}`);
        const units = unitsOf(samples, codebook);
        recordings.push({ audio, seconds: samples.length / SPEECH_FRAMES.rate, units });
        return { codes: [...units], ...others };
      });
    };
    yield { line: JSON.stringify(value, heard), recordings };
  }
}
