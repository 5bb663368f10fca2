// Speech units: the codebook's entry nearest to each frame of 40 ms, once for every run of the same.
import { InputError } from "../../diagnostics/input-error.js";
import { SPEECH_FRAMES } from "../../modalities/codebook.fields.js";
import { type Codebook, isOfSpeech, type SpeechCodebook } from "../codebook.js";
import { kMeans } from "../k-means.js";
import { nearestEntries } from "../nearest.js";
import { logMel } from "./log-mel.js";

/** Each unit once for every run of it. */
export const merged = (units: ArrayLike<number>): Int32Array =>
  Int32Array.from(units).filter((unit, index, all) => index === 0 || unit !== all[index - 1]);

/** @param samples at 16 kHz, at least one */
export const unitsOf = (samples: Float32Array, { entries, facts }: SpeechCodebook): Int32Array =>
  merged(nearestEntries(logMel(samples), entries, facts.columns).codes);

/** @param name the file as the user knows it @throws InputError where the codebook is of something else */
export function ofSpeech(codebook: Codebook, name: string): SpeechCodebook {
  if (isOfSpeech(codebook)) return codebook;
  throw new InputError(
    "codebook",
    `${name}: the codebook is of ${codebook.facts.kind.of}, not of speech`,
    "Fit one: mom data units --audio FOLDER --out FILE.safetensors",
  );
}

/** Frames that are kept at most: 11 hours, or 320 MiB. */
const MOST_FRAMES = 2 ** 20;

interface FitOptions {
  readonly entries: number;
  readonly seed: number;
  readonly progress?: (iteration: number, error: number) => void;
}

interface Fitted {
  /** [entries, bands] */
  readonly entries: Float32Array;
  /** Frames that the recordings have, and that the entries were fitted to. */
  readonly frames: number;
  readonly used: number;
}

/**
 * @param recordings samples at 16 kHz, read one at a time
 * @throws InputError where there are fewer different frames than entries
 */
export function fitUnits(recordings: Iterable<Float32Array>, options: FitOptions): Fitted {
  const columns = SPEECH_FRAMES.bands;
  const frames = frameHeap(columns);
  for (const samples of recordings) frames.add(logMel(samples));
  const rows = frames.rows();
  return { entries: kMeans(rows, { columns, ...options }), frames: frames.count(), used: rows.length / columns };
}

/** Every frame, or of more than can be kept every 2nd, 4th, 8th … */
function frameHeap(columns: number) {
  let kept = new Float32Array(4096 * columns);
  let used = 0;
  let stride = 1;
  let count = 0;
  const halve = (): void => {
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
