// K-means: fits the entries of a codebook to rows of numbers. The same rows and seed give the same entries on every
// machine: sums are in float64 in the order of the rows, and only + − × ÷ are used.
//   start   k-means++ (Arthur and Vassilvitskii, SODA 2007), on a sample if there are many rows
//   then    Lloyd's iterations over all rows, or over mini-batches (Sculley, WWW 2010) if there are many rows
import { InputError } from "../diagnostics/input-error.js";
import { type Stream, stream } from "../random/stream.js";
import { nearestEntries, squaredDistance } from "./nearest.js";

/** The start is drawn from at most this many rows, or from twice the number of entries. */
const START_ROWS = 65_536;
/** Above WHOLE_ROWS, an iteration takes BATCH_ROWS rows, or twice the number of entries. */
const WHOLE_ROWS = 262_144;
const BATCH_ROWS = 16_384;

interface KMeansOptions {
  readonly columns: number;
  readonly entries: number;
  readonly seed: number;
  /** Most iterations; fewer are run if nothing changes. Default 30. */
  readonly iterations?: number;
  /** Called after each iteration with the mean squared error per number over its rows. */
  readonly progress?: (iteration: number, error: number) => void;
}

/**
 * @param rows [rows, columns], finite numbers
 * @returns [entries, columns]
 * @throws InputError if there are fewer distinct rows than entries, or a number is not finite
 */
export function kMeans(rows: Float32Array, options: KMeansOptions): Float32Array {
  const { columns, seed } = options;
  const count = rows.length / columns;
  if (!rows.every(Number.isFinite))
    throw new InputError("codebook", "the rows to cluster contain NaN or infinity", "Fix or remove that input.");
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

/** An iteration runs at most eight mini-batches. */
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

/** The mean squared error per number if every row is replaced by its nearest entry. */
export const quantisationError = (rows: Float32Array, entries: Float32Array, columns: number): number =>
  meanOf(nearestEntries(rows, entries, columns).distances, columns);

const meanOf = (distances: Float64Array, columns: number) =>
  distances.reduce((sum, d) => sum + d, 0) / Math.max(1, distances.length * columns);

/** K distinct rows, each drawn with a probability proportional to its squared distance to the nearest earlier one. */
function startingEntries(rows: Float32Array, { columns, entries: K }: KMeansOptions, random: Stream): Float32Array {
  const count = rows.length / columns;
  const size = Math.max(START_ROWS, 2 * K);
  // A sample may have too few distinct rows; then all rows are tried.
  const samples = count > size ? [gathered(rows, columns, drawn(count, size, random)), rows] : [rows];
  let found = 0;
  for (const sample of samples) {
    const entries = new Float32Array(K * columns);
    found = spread(sample, entries, columns, random);
    if (found === K) return entries;
  }
  throw new InputError(
    "codebook",
    `cannot fit ${K} entries to ${count} rows, of which ${found} are distinct`,
    found < 2 ? "Add more data." : `Use at most ${found} entries, or add more data.`,
  );
}

/** Fills `entries` with distinct rows by k-means++; returns how many it found. */
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

/** The first index at which the running sum exceeds `target`; never one with weight 0. */
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

/** `size` distinct numbers below `count`, ascending (Floyd's method). */
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

/** Lloyd's step: moves every entry to the mean of its rows. An entry without rows moves to the row farthest from its own. */
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
  // Only the first of equal rows helps.
  const same = (a: number, b: number) => squaredDistance(rows, a * columns, rows, b * columns, columns, 0) === 0;
  const chosenRows: number[] = [];
  for (const entry of empty) {
    const row = far.find((r) => !chosenRows.some((taken) => same(taken, r))) as number | undefined;
    if (row === undefined) return;
    chosenRows.push(row);
    entries.set(rows.subarray(row * columns, (row + 1) * columns), entry * columns);
  }
}

/** A mini-batch step: moves every entry to the mean of all rows assigned to it so far. */
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
