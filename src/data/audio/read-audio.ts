// Sound files of either format to one channel at 16 kHz.
import { InputError } from "../../diagnostics/input-error.js";
import { SPEECH_FRAMES } from "../../modalities/codebook.fields.js";
import { type NamedFile, namedFiles } from "../named-files.js";
import type { Reach } from "../reach.js";
import { isFlac, readFlac } from "./flac.js";
import { isWav, readWav } from "./wav.js";
import { MOST_SECONDS, mixedDown } from "./waveform.js";

/** Bumped when the same file gives other samples, so that shards are prepared anew. */
export const AUDIO_DECODER = 1;

/** Endings of the files that `readAudio` reads. */
const AUDIO_ENDINGS = [".wav", ".flac"] as const;

/**
 * @param place names the file in errors
 * @returns samples at 16 kHz, full scale being ±1
 * @throws InputError where the file is none of both, damaged or too large
 */
export function readAudio(bytes: Uint8Array, place: string): Float32Array {
  if (!isWav(bytes) && !isFlac(bytes))
    throw new InputError(
      "bad-recording",
      `${place}: neither a WAV nor a FLAC file`,
      "Convert it, as with: ffmpeg -i IN -ar 16000 -ac 1 OUT.wav",
    );
  const waveform = isWav(bytes) ? readWav(bytes, place) : readFlac(bytes, place);
  const seconds = (waveform.channels[0]?.length ?? 0) / waveform.rate;
  if (seconds > MOST_SECONDS)
    throw new InputError(
      "bad-recording",
      `${place}: ${Math.round(seconds)} seconds, and the limit is ${MOST_SECONDS}`,
      "Cut it up.",
    );
  return resampled(mixedDown(waveform), waveform.rate, SPEECH_FRAMES.rate);
}

/** Zero crossings of the sinc on each side; with β, 80 dB in the stop band and a transition of a tenth of the band. */
const CROSSINGS = 32;
const BETA = 8;
/** Of the lower of both rates' halves: where the band ends. */
const PASS = 0.945;

/** @returns ⌈length · to / from⌉ samples; the k-th stands at time k / to */
export function resampled(samples: Float32Array, from: number, to: number): Float32Array {
  if (from === to) return samples;
  const divisor = gcd(from, to);
  const up = to / divisor;
  const down = from / divisor;
  const cutoff = (PASS * Math.min(from, to)) / from;
  const half = Math.ceil(CROSSINGS / cutoff);
  const filters = new Map<number, Float64Array>();
  const made = new Float32Array(Math.ceil((samples.length * up) / down));
  for (let index = 0; index < made.length; index++) {
    // The sample stands at (index · down) / up of the old signal.
    const phase = (index * down) % up;
    const centre = (index * down - phase) / up;
    let filter = filters.get(phase);
    if (filter === undefined) {
      filter = filterOf(phase / up, cutoff, half);
      filters.set(phase, filter);
    }
    const first = centre - half + 1;
    let sum = 0;
    const begin = Math.max(0, -first);
    const end = Math.min(filter.length, samples.length - first);
    for (let tap = begin; tap < end; tap++) sum += (filter[tap] as number) * (samples[first + tap] as number);
    made[index] = sum;
  }
  return made;
}

/** Weights of the samples −half + 1 … half around a place that is `offset` of a sample after the 0th; their sum is 1. */
function filterOf(offset: number, cutoff: number, half: number): Float64Array {
  const weights = Float64Array.from({ length: 2 * half }, (_, tap) => {
    const distance = tap - half + 1 - offset;
    return sinc(cutoff * distance) * kaiser(distance / half);
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** The Kaiser window at x in [−1, 1], not scaled. */
const kaiser = (x: number) => besselI0(BETA * Math.sqrt(Math.max(0, 1 - x * x)));

/** The modified Bessel function I₀ by its power series, Σ ((x/2)^k / k!)². */
function besselI0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > 1e-18 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/**
 * @param path a folder, all of which is searched, in the order of names; or a file of documents
 * @param reach what a file of documents may name
 * @throws InputError where there is none
 */
export const soundFiles = (path: string, reach: Reach): NamedFile[] =>
  namedFiles(
    path,
    {
      endings: AUDIO_ENDINGS,
      key: "audio",
      what: "sound",
      several: "sound files",
      remedies: {
        path: "Give a folder of WAV or FLAC files, or a JSON Lines file.",
        folder: `Their names end in ${AUDIO_ENDINGS.join(" or ")}.`,
        documents: 'A document names one as {"audio": "a.wav"}.',
      },
    },
    reach,
  );
