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
 * Exact: uses squared distances in float64, and stops summing once an entry cannot be the nearest.
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
    for (let entry = 0; entry < K; entry++) {
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
