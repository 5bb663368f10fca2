// Reads WAV and FLAC files as one channel at 16 kHz.
import { InputError } from "../../diagnostics/input-error.js";
import { SPEECH_FRAMES } from "../../modalities/codebook.fields.js";
import { type NamedFile, namedFiles } from "../named-files.js";
import type { Reach } from "../reach.js";
import { isFlac, readFlac } from "./flac.js";
import { isWav, readWav } from "./wav.js";
import { MOST_SECONDS, mixedDown } from "./waveform.js";

/** Increased when decoding changes, so that shards are prepared again. */
export const AUDIO_DECODER = 1;

/** Endings of the files that `readAudio` reads. */
const AUDIO_ENDINGS = [".wav", ".flac"] as const;

/**
 * @param place names the file in errors
 * @returns samples at 16 kHz, with full scale ±1
 * @throws InputError if the file is neither WAV nor FLAC, is damaged or too large
 */
export function readAudio(bytes: Uint8Array, place: string): Float32Array {
  if (!isWav(bytes) && !isFlac(bytes))
    throw new InputError(
      "bad-recording",
      `${place}: the file is neither WAV nor FLAC`,
      "Convert it, for example: ffmpeg -i IN -ar 16000 -ac 1 OUT.wav",
    );
  const waveform = isWav(bytes) ? readWav(bytes, place) : readFlac(bytes, place);
  const seconds = (waveform.channels[0]?.length ?? 0) / waveform.rate;
  if (seconds > MOST_SECONDS)
    throw new InputError(
      "bad-recording",
      `${place}: the recording takes ${Math.round(seconds)} seconds; the limit is ${MOST_SECONDS}`,
      "Split it into shorter files.",
    );
  return resampled(mixedDown(waveform), waveform.rate, SPEECH_FRAMES.rate);
}

/** Zero crossings of the sinc on each side. With β: 80 dB stop-band attenuation, and a transition of a tenth of the band. */
const CROSSINGS = 32;
const BETA = 8;
/** The end of the pass band, as a fraction of the lower Nyquist frequency. */
const PASS = 0.945;

/** @returns ⌈length · to / from⌉ samples; the k-th is at time k / to */
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
    // The sample's position in the input is (index · down) / up.
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

/** Weights of the samples −half + 1 … half around the position `offset` (in samples); they sum to 1. */
function filterOf(offset: number, cutoff: number, half: number): Float64Array {
  const weights = Float64Array.from({ length: 2 * half }, (_, tap) => {
    const distance = tap - half + 1 - offset;
    return sinc(cutoff * distance) * kaiser(distance / half);
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** The Kaiser window at x in [−1, 1], unscaled. */
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
 * @param path a folder, searched recursively in order of names, or a JSON Lines file
 * @param reach what a JSON Lines file may name
 * @throws InputError if no sound file is found
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
        folder: `Add files whose names end in ${AUDIO_ENDINGS.join(" or ")}.`,
        documents: 'Name one in a document: {"audio": "a.wav"}.',
      },
    },
    reach,
  );
