// Sound as numbers, and how much of it is read.

export interface Waveform {
  /** Samples a second. */
  readonly rate: number;
  /** One array a channel, all of one length; full scale is ±1. */
  readonly channels: readonly Float32Array[];
}

/** Limits on what a file may make the reader hold: a gigabyte of samples (46 minutes of stereo at 48 kHz is a half). */
export const MOST_SAMPLES = 2 ** 28;
/** Two hours, at whatever rate: a low one would grow when it is raised to 16 kHz. */
export const MOST_SECONDS = 7_200;
export const MOST_CHANNELS = 8;
export const LOWEST_RATE = 1_000;
export const HIGHEST_RATE = 384_000;

/** One channel: the mean of all. */
export function mixedDown({ channels }: Waveform): Float32Array {
  const [first, ...others] = channels;
  if (first === undefined) throw new RangeError("a waveform without channels");
  if (others.length === 0) return first;
  return first.map((sample, index) => {
    let sum = sample;
    for (const other of others) sum += other[index] as number;
    return sum / channels.length;
  });
}
