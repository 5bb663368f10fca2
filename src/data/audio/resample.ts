// Changes the rate of a signal by a windowed sinc: what the new rate cannot carry is filtered out.
// In float64, sample by sample in one order: the same numbers on every machine.

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

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** The Kaiser window at x in [−1, 1], not scaled. */
const kaiser = (x: number): number => besselI0(BETA * Math.sqrt(Math.max(0, 1 - x * x)));

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
