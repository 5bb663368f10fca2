// Fits the entries of a codebook of speech to recordings.
import { SPEECH_FRAMES } from "../../modalities/codebook.fields.js";
import { kMeans } from "../k-means.js";
import { logMel } from "./log-mel.js";

/** Frames that are kept at most: 11 hours, or 320 MiB. */
const MOST_FRAMES = 2 ** 20;

export interface FitOptions {
  readonly entries: number;
  readonly seed: number;
  readonly progress?: (iteration: number, error: number) => void;
}

export interface Fitted {
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
