// Counter-based random numbers: the same key gives the same numbers on every machine and in any order of use.
// Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/** The high 32 bits of the 64-bit product of two 32-bit integers, one of them given as two 16-bit parts; as an i32. */
function multiplyHigh(low: number, high: number, b: number): number {
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const lows = Math.imul(low, bLow);
  const middle = Math.imul(high, bLow);
  const other = Math.imul(low, bHigh);
  const carry = (lows >>> 16) + (middle & 0xffff) + (other & 0xffff);
  return (Math.imul(high, bHigh) + (middle >>> 16) + (other >>> 16) + (carry >>> 16)) | 0;
}

export type Words4 = [number, number, number, number];

/** Writes `count` Philox blocks of four words at `at`; the first word of the counter increases by one per block. */
function fillBlocks(
  out: Uint32Array | Words4,
  at: number,
  count: number,
  key: readonly [number, number],
  counter: Readonly<Words4>,
): void {
  const [first, a, b, c] = counter;
  for (let block = 0; block < count; block++) {
    // All in i32, for speed.
    let x0 = (first + block) | 0;
    let x1 = a | 0;
    let x2 = b | 0;
    let x3 = c | 0;
    let k0 = key[0] | 0;
    let k1 = key[1] | 0;
    for (let round = 0; round < 10; round++) {
      const high0 = multiplyHigh(MULTIPLIER_0 & 0xffff, MULTIPLIER_0 >>> 16, x0);
      const low0 = Math.imul(MULTIPLIER_0, x0);
      const high1 = multiplyHigh(MULTIPLIER_1 & 0xffff, MULTIPLIER_1 >>> 16, x2);
      const low1 = Math.imul(MULTIPLIER_1, x2);
      x0 = high1 ^ x1 ^ k0;
      x1 = low1;
      x2 = high0 ^ x3 ^ k1;
      x3 = low0;
      k0 = (k0 + WEYL_0) | 0;
      k1 = (k1 + WEYL_1) | 0;
    }
    const place = at + 4 * block;
    out[place] = x0 >>> 0;
    out[place + 1] = x1 >>> 0;
    out[place + 2] = x2 >>> 0;
    out[place + 3] = x3 >>> 0;
  }
}

/** One Philox block: four 32-bit words from a 64-bit key and a 128-bit counter. */
export function philox(key: readonly [number, number], counter: Readonly<Words4>): Words4 {
  const words: Words4 = [0, 0, 0, 0];
  fillBlocks(words, 0, 1, key, counter);
  return words;
}

/** The purpose of a stream: the first word of its key, so that no two purposes share numbers. */
export const PURPOSE = {
  initialise: 1,
  order: 2,
  timestep: 3,
  noise: 4,
  sample: 5,
  cluster: 6,
  evaluationTimestep: 7,
  evaluationNoise: 8,
  augment: 9,
} as const;

export type Purpose = keyof typeof PURPOSE;

export interface Stream {
  /** A whole number in [0, 2³²). */
  word(): number;
  /** The next words, as many as `into` holds: many times faster than one by one. */
  words(into: Uint32Array): void;
  /** A number in [0, 1), a multiple of 2⁻³². */
  uniform(): number;
  /** Standard normal (Box–Muller, in float64). */
  normal(): number;
  /** A whole number in [0, limit), without bias; `limit` is at most 2³². */
  below(limit: number): number;
}

/**
 * The stream of a purpose under a seed, further keyed by up to three whole numbers in [0, 2³²)
 * (for initial values: layer, part and group index).
 */
export function stream(purpose: Purpose, seed: number, a = 0, b = 0, c = 0): Stream {
  const key = noiseKey(purpose, seed);
  let block: Words4 = [0, 0, 0, 0];
  let used = 4;
  let count = 0;
  let spare: number | undefined;
  const word = (): number => {
    if (used === 4) {
      block = philox(key, [count++, a >>> 0, b >>> 0, c >>> 0]);
      used = 0;
    }
    return block[used++] as number;
  };
  const words = (into: Uint32Array): void => {
    let at = 0;
    while (used < 4 && at < into.length) into[at++] = word();
    const blocks = Math.floor((into.length - at) / 4);
    fillBlocks(into, at, blocks, key, [count, a >>> 0, b >>> 0, c >>> 0]);
    count += blocks;
    for (at += 4 * blocks; at < into.length; at++) into[at] = word();
  };
  const uniform = (): number => word() / 0x1_0000_0000;
  const normal = (): number => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log((word() + 1) / 0x1_0000_0000));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  const below = (limit: number): number => {
    const accepted = 0x1_0000_0000 - (0x1_0000_0000 % limit);
    let value = word();
    while (value >= accepted) value = word();
    return value % limit;
  };
  return { word, words, uniform, normal, below };
}

/** The 64-bit Philox key of a purpose under a seed (a whole number below 2⁵³). */
export function noiseKey(purpose: Purpose, seed: number): [number, number] {
  const high = Math.floor(seed / 0x1_0000_0000);
  return [seed >>> 0, (Math.imul(PURPOSE[purpose], WEYL_0) ^ high) >>> 0];
}
