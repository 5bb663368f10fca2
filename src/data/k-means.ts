// K-means: the entries of a codebook, fitted to rows of numbers. The same rows and seed give the same entries on every
// machine: sums are in float64 in the order of the rows, and nothing but + − × ÷ is used.
//   start   k-means++ (Arthur and Vassilvitskii, SODA 2007), on a sample of the rows where there are many
//   then    Lloyd's iterations over all rows, or over mini-batches (Sculley, WWW 2010) where there are many
import { InputError } from "../diagnostics/input-error.js";
import { type Stream, stream } from "../random/stream.js";
import { nearestEntries, squaredDistance } from "./nearest.js";

/** The start is drawn from at most so many rows, or twice the entries. */
const START_ROWS = 65_536;
/** With more rows than this, an iteration takes so many, or twice the entries. */
const WHOLE_ROWS = 262_144;
const BATCH_ROWS = 16_384;

interface KMeansOptions {
  readonly columns: number;
  readonly entries: number;
  readonly seed: number;
  /** At most; fewer where nothing changes any more. 30 unless given. */
  readonly iterations?: number;
  /** Told the mean squared error of one number after so many iterations, over the rows that were looked at. */
  readonly progress?: (iteration: number, error: number) => void;
}

/**
 * @param rows [rows, columns], finite numbers
 * @returns [entries, columns]
 * @throws InputError where there are fewer different rows than entries, or a number is not finite
 */
export function kMeans(rows: Float32Array, options: KMeansOptions): Float32Array {
  const { columns, seed } = options;
  const count = rows.length / columns;
  if (!rows.every(Number.isFinite))
    throw new InputError(
      "codebook",
      "a row to be clustered holds a number that is not finite",
      "Mend or leave out that input.",
    );
  const random = stream("cluster", seed);
  const entries = startingEntries(rows, options, random);
  if (count > WHOLE_ROWS) miniBatches(rows, entries, options, random);
  else lloyd(rows, entries, options);
  return entries;
}

function lloyd(rows: Float32Array, entries: Float32Array, { columns, iterations = 30, progress }: KMeansOptions): void {
  let { codes, distances } = nearestEntries(rows, entries, columns);
  progress?.(0, meanOf(distances, columns));
  for (let i = 1; i <= iterations; i++) {
    toMeans(rows, entries, columns, codes, distances);
    const before = codes;
    ({ codes, distances } = nearestEntries(rows, entries, columns, before));
    progress?.(i, meanOf(distances, columns));
    if (codes.every((code, row) => code === before[row])) return;
  }
}

/** An iteration is one mini-batch after the other, eight at most. */
function miniBatches(rows: Float32Array, entries: Float32Array, options: KMeansOptions, random: Stream): void {
  const { columns, iterations = 30, progress } = options;
  const [count, K] = [rows.length / columns, entries.length / columns];
  const size = Math.min(count, Math.max(BATCH_ROWS, 2 * K));
  const weights = new Float64Array(K);
  for (let i = 0; i < iterations; i++) {
    for (let b = 0; b < Math.min(8, Math.ceil(count / size)); b++) {
      const batch = gathered(rows, columns, drawn(count, size, random));
      const { codes, distances } = nearestEntries(batch, entries, columns);
      if (b === 0) progress?.(i, meanOf(distances, columns));
      towardsMeans(batch, entries, columns, codes, weights);
    }
  }
}

/** The mean squared error of one number when every row is replaced by its nearest entry. */
export const quantisationError = (rows: Float32Array, entries: Float32Array, columns: number): number =>
  meanOf(nearestEntries(rows, entries, columns).distances, columns);

const meanOf = (distances: Float64Array, columns: number) =>
  distances.reduce((sum, d) => sum + d, 0) / Math.max(1, distances.length * columns);

/** K different rows: each drawn with odds of its squared distance to the nearest of those before. */
function startingEntries(rows: Float32Array, { columns, entries: K }: KMeansOptions, random: Stream): Float32Array {
  const count = rows.length / columns;
  const size = Math.max(START_ROWS, 2 * K);
  // Different rows may be rare, so that a sample lacks them: then all rows are tried.
  const samples = count > size ? [gathered(rows, columns, drawn(count, size, random)), rows] : [rows];
  let found = 0;
  for (const sample of samples) {
    const entries = new Float32Array(K * columns);
    found = spread(sample, entries, columns, random);
    if (found === K) return entries;
  }
  throw new InputError(
    "codebook",
    `${K} entries cannot be fitted to ${count} rows, of which ${found} are different`,
    found < 2 ? "Give more data." : `Ask for at most ${found} entries, or give more data.`,
  );
}

/** Fills `entries` with different rows by k-means++; returns how many there were. */
function spread(rows: Float32Array, entries: Float32Array, columns: number, random: Stream): number {
  const [count, K] = [rows.length / columns, entries.length / columns];
  if (count === 0) return 0;
  const nearest = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  let next = random.below(count);
  for (let entry = 0; entry < K; entry++) {
    entries.set(rows.subarray(next * columns, (next + 1) * columns), entry * columns);
    let total = 0;
    for (let row = 0; row < count; row++) {
      const best = nearest[row] as number;
      const distance = squaredDistance(rows, row * columns, entries, entry * columns, columns, best);
      if (distance < best) nearest[row] = distance;
      total += nearest[row] as number;
    }
    if (total === 0) return entry + 1;
    next = chosen(nearest, random.uniform() * total);
  }
  return K;
}

/** The first index at which the running sum passes `target`; never one whose weight is 0. */
function chosen(weights: Float64Array, target: number): number {
  let sum = 0;
  let last = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i] as number;
    if (weight === 0) continue;
    sum += weight;
    last = i;
    if (sum > target) return i;
  }
  return last;
}

/** `size` different numbers below `count`, ascending (Floyd's method). */
function drawn(count: number, size: number, random: Stream): Int32Array {
  const taken = new Set<number>();
  for (let top = count - size; top < count; top++) {
    const one = random.below(top + 1);
    taken.add(taken.has(one) ? top : one);
  }
  return Int32Array.from(taken).sort();
}

function gathered(rows: Float32Array, columns: number, indices: Int32Array): Float32Array {
  const picked = new Float32Array(indices.length * columns);
  indices.forEach((row, i) => {
    picked.set(rows.subarray(row * columns, (row + 1) * columns), i * columns);
  });
  return picked;
}

/** Lloyd's step: every entry to the mean of its rows, and one without rows to the row that is farthest from its own. */
function toMeans(
  rows: Float32Array,
  entries: Float32Array,
  columns: number,
  codes: Int32Array,
  distances: Float64Array,
): void {
  const { sums, counts } = sumsOf(rows, entries, columns, codes);
  const empty: number[] = [];
  counts.forEach((members, entry) => {
    if (members === 0) empty.push(entry);
    else for (let i = entry * columns; i < (entry + 1) * columns; i++) entries[i] = (sums[i] as number) / members;
  });
  if (empty.length === 0) return;
  const far = Array.from(distances.keys()).sort((a, b) => (distances[b] as number) - (distances[a] as number) || a - b);
  // Of equal rows only the first helps.
  const same = (a: number, b: number) => squaredDistance(rows, a * columns, rows, b * columns, columns, 0) === 0;
  const chosenRows: number[] = [];
  for (const entry of empty) {
    const row = far.find((r) => !chosenRows.some((taken) => same(taken, r))) as number | undefined;
    if (row === undefined) return;
    chosenRows.push(row);
    entries.set(rows.subarray(row * columns, (row + 1) * columns), entry * columns);
  }
}

/** A mini-batch's step: every entry to the mean of all rows that it has had so far. */
function towardsMeans(
  rows: Float32Array,
  entries: Float32Array,
  columns: number,
  codes: Int32Array,
  weights: Float64Array,
): void {
  const { sums, counts } = sumsOf(rows, entries, columns, codes);
  counts.forEach((members, entry) => {
    if (members === 0) return;
    const before = weights[entry] as number;
    const after = before + members;
    weights[entry] = after;
    for (let i = entry * columns; i < (entry + 1) * columns; i++)
      entries[i] = ((entries[i] as number) * before + (sums[i] as number)) / after;
  });
}

function sumsOf(rows: Float32Array, entries: Float32Array, columns: number, codes: Int32Array) {
  const sums = new Float64Array(entries.length);
  const counts = new Int32Array(entries.length / columns);
  codes.forEach((code, row) => {
    counts[code] = (counts[code] as number) + 1;
    const [from, to] = [row * columns, code * columns];
    for (let i = 0; i < columns; i++) sums[to + i] = (sums[to + i] as number) + (rows[from + i] as number);
  });
  return { sums, counts };
}
