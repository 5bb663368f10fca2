// Finds the nearest codebook entry of every row, which turns patches and frames into codes.

/** Columns that are summed between comparisons with the best distance. */
const STRIDE = 8;

interface Nearest {
  /** Index of each row's nearest entry; the first one of ties. */
  readonly codes: Int32Array;
  /** Squared distance of each row to that entry. */
  readonly distances: Float64Array;
}

/**
 * Exact: uses squared distances in float64, and stops summing once an entry cannot be the nearest. Entries are tried in
 * the order in which their sums of columns differ from the row's. By the Cauchy–Schwarz inequality, a squared distance is
 * at least the square of that difference divided by the number of columns, so most entries are never tried.
 * @param rows [rows, columns]
 * @param entries [entries, columns], at least one
 * @param guess likely codes, for speed; they do not change the result
 */
export function nearestEntries(
  rows: Float32Array,
  entries: Float32Array,
  columns: number,
  guess?: Int32Array,
): Nearest {
  const [count, K] = [rows.length / columns, entries.length / columns];
  const codes = new Int32Array(count);
  const distances = new Float64Array(count);
  const alone = guess && count >= 2 * K ? isolation(entries, columns) : undefined;
  const { order, sums, slack } = bySum(entries, columns);
  for (let row = 0; row < count; row++) {
    const at = row * columns;
    let code = guess?.[row] ?? 0;
    let best = squaredDistance(rows, at, entries, code * columns, columns, Number.POSITIVE_INFINITY);
    // If the entry's own neighbours are twice as far from it as the row, it is the nearest.
    if (alone && best < (alone[code] as number)) {
      codes[row] = code;
      distances[row] = best;
      continue;
    }
    const { sum, size } = sumOf(rows, at, columns);
    const rounding = slack + ROUNDING * size;
    let above = firstFrom(sums, sum);
    let below = above - 1;
    while (above < K || below >= 0) {
      const up = above < K ? (sums[above] as number) - sum : Number.POSITIVE_INFINITY;
      const down = below >= 0 ? sum - (sums[below] as number) : Number.POSITIVE_INFINITY;
      const apart = Math.max(0, Math.min(up, down) - rounding);
      if (apart * apart * (1 - 1e-9) > best * columns) break;
      const entry = order[below < 0 || up <= down ? above++ : below--] as number;
      const distance = squaredDistance(rows, at, entries, entry * columns, columns, best);
      if (distance < best || (distance === best && entry < code)) {
        best = distance;
        code = entry;
      }
    }
    codes[row] = code;
    distances[row] = best;
  }
  return { codes, distances };
}

/** A bound on the rounding errors of a sum in float64, relative to the sum of the absolute numbers, up to 2^16 numbers. */
const ROUNDING = 2 ** -36;

/** Entries in the order of the sums of their columns, and a bound on the rounding errors of all sums. */
function bySum(
  entries: Float32Array,
  columns: number,
): { readonly order: Int32Array; readonly sums: Float64Array; readonly slack: number } {
  const found = Array.from({ length: entries.length / columns }, (_, entry) =>
    sumOf(entries, entry * columns, columns),
  );
  const order = Int32Array.from(found.keys()).sort((a, b) => (found[a]?.sum as number) - (found[b]?.sum as number));
  const sums = Float64Array.from(order, (entry) => found[entry]?.sum as number);
  return { order, sums, slack: ROUNDING * found.reduce((most, { size }) => Math.max(most, size), 0) };
}

/** The sum of a row, and of the absolute numbers. */
function sumOf(rows: Float32Array, at: number, columns: number): { readonly sum: number; readonly size: number } {
  let sum = 0;
  let size = 0;
  for (let column = 0; column < columns; column++) {
    const number = rows[at + column] as number;
    sum += number;
    size += Math.abs(number);
  }
  return { sum, size };
}

/** The index of the first of the ascending numbers that is at least `limit`. */
function firstFrom(ascending: Float64Array, limit: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] as number) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A quarter of each entry's squared distance to the nearest other entry, slightly reduced to allow for rounding. */
function isolation(entries: Float32Array, columns: number): Float64Array {
  const K = entries.length / columns;
  const least = new Float64Array(K).fill(Number.POSITIVE_INFINITY);
  for (let a = 0; a < K; a++)
    for (let b = 0; b < a; b++) {
      const limit = Math.max(least[a] as number, least[b] as number);
      const distance = squaredDistance(entries, a * columns, entries, b * columns, columns, limit);
      if (distance < (least[a] as number)) least[a] = distance;
      if (distance < (least[b] as number)) least[b] = distance;
    }
  return least.map((distance) => 0.25 * distance * (1 - 1e-9));
}

/** Σ (a − b)² over the columns in order. Stops early with a partial sum once it exceeds `limit`. */
export function squaredDistance(
  a: Float32Array,
  atA: number,
  b: Float32Array,
  atB: number,
  columns: number,
  limit: number,
): number {
  let sum = 0;
  for (let column = 0; column < columns; ) {
    const end = Math.min(column + STRIDE, columns);
    for (; column < end; column++) {
      const difference = (a[atA + column] as number) - (b[atB + column] as number);
      sum += difference * difference;
    }
    if (sum > limit) return sum;
  }
  return sum;
}
