// Decoded sound, and the limits on its size.

export interface Waveform {
  /** Samples per second. */
  readonly rate: number;
  /** One array per channel, all of the same length. Full scale is ±1. */
  readonly channels: readonly Float32Array[];
}

/** Limits memory: a gigabyte of samples. 46 minutes of stereo at 48 kHz take half of it. */
export const MOST_SAMPLES = 2 ** 28;
/** Two hours at any rate. A file with a low rate grows when it is resampled to 16 kHz. */
export const MOST_SECONDS = 7_200;
export const MOST_CHANNELS = 8;
export const LOWEST_RATE = 1_000;
export const HIGHEST_RATE = 384_000;

/** The mean of all channels. */
export function mixedDown({ channels }: Waveform): Float32Array {
  const [first, ...others] = channels;
  if (first === undefined) throw new RangeError("the waveform has no channels");
  if (others.length === 0) return first;
  return first.map((sample, index) => {
    let sum = sample;
    for (const other of others) sum += other[index] as number;
    return sum / channels.length;
  });
}
