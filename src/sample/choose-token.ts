// Chooses the next token from its logits, on the host in float64: temperature, top-k, top-p, a uniform random number.
import { InputError } from "../diagnostics/input-error.js";

export interface Choosing {
  /** Divides the logits; 0 chooses the likeliest token. */
  readonly temperature: number;
  /** The number of likeliest tokens to choose from; all by default. */
  readonly topK?: number | undefined;
  /** Choose from the fewest likeliest tokens whose probabilities reach this sum; 1 by default. */
  readonly topP?: number | undefined;
}

/** Ids from `first` to `end`, which is excluded. */
export interface IdRange {
  readonly first: number;
  readonly end: number;
}

/** The same ids in ascending order, as few ranges as possible. */
export function mergedRanges(ranges: readonly IdRange[]): IdRange[] {
  const merged: IdRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.first - b.first)) {
    const last = merged.at(-1);
    if (last !== undefined && range.first <= last.end)
      merged[merged.length - 1] = { first: last.first, end: Math.max(last.end, range.end) };
    else merged.push(range);
  }
  return merged;
}

/**
 * Chooses an id from the ranges, which must contain at least one. If logits are equal, the lower id counts as likelier.
 * The probabilities of the ids that may be chosen are laid side by side in the order of ids, and the choice is the id at
 * the place `uniform` in their sum.
 * @param uniform in [0, 1)
 * @throws InputError if a logit is not finite
 */
export function chooseToken(
  logits: ArrayLike<number>,
  allowed: readonly IdRange[],
  { temperature, topK = Number.POSITIVE_INFINITY, topP = 1 }: Choosing,
  uniform: number,
): number {
  const ids = idsIn(allowed);
  const values = new Float32Array(ids.length);
  let likeliest = 0;
  for (let i = 0; i < ids.length; i++) {
    const value = logits[ids[i] as number] as number;
    if (!Number.isFinite(value)) throw notFinite(ids[i] as number, value);
    values[i] = value;
    if (value > (values[likeliest] as number)) likeliest = i;
  }
  if (temperature === 0) return ids[likeliest] as number;
  const top = values[likeliest] as number;
  const weights = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) weights[i] = Math.exp(((values[i] as number) - top) / temperature);
  const keys = topK < ids.length || topP < 1 ? keysOf(values) : new Uint32Array();
  if (topK < ids.length) keepLikeliest(keys, weights, new Float64Array(ids.length).fill(1), topK);
  if (topP < 1) keepLikeliest(keys, weights, weights, topP * sumOf(weights));
  let rest = uniform * sumOf(weights);
  let chosen = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i] as number;
    if (weight === 0) continue;
    chosen = i;
    rest -= weight;
    if (rest < 0) break;
  }
  return ids[chosen] as number;
}

export const notFinite = (id: number, logit: number): InputError =>
  new InputError(
    "cannot-sample",
    `The logit of token ${id} is ${logit}.`,
    "Training has diverged; select an earlier checkpoint with --step.",
  );

function idsIn(ranges: readonly IdRange[]): Uint32Array {
  const merged = mergedRanges(ranges);
  const ids = new Uint32Array(merged.reduce((sum, { first, end }) => sum + end - first, 0));
  let at = 0;
  for (const { first, end } of merged) for (let id = first; id < end; id++) ids[at++] = id;
  return ids;
}

function sumOf(weights: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i] as number;
  return sum;
}

/**
 * Sets all weights to 0 except those of the fewest largest keys whose amounts reach the wanted sum. Of equal keys the
 * first ones stay.
 */
function keepLikeliest(keys: Uint32Array, weights: Float64Array, amounts: Float64Array, wanted: number): void {
  const { key, above } = cutOf(keys, amounts, wanted);
  let missing = wanted - above;
  for (let i = 0; i < keys.length; i++) {
    const mine = keys[i] as number;
    if (mine > key) continue;
    if (mine < key || missing <= 0) weights[i] = 0;
    else missing -= amounts[i] as number;
  }
}

/** Whole numbers above 0, in the order of the values. */
function keysOf(values: Float32Array): Uint32Array {
  const keys = new Uint32Array(new Float32Array(values).buffer);
  for (let i = 0; i < keys.length; i++) {
    const bits = keys[i] as number;
    // −0 counts as 0.
    keys[i] = bits > 0x80000000 ? ~bits : bits | 0x80000000;
  }
  return keys;
}

/** The lowest bit of each digit of a key, the most significant digit first, and the number of its bits. */
const DIGITS = [
  [20, 12],
  [8, 12],
  [0, 8],
] as const;

/** The largest key such that it and all larger ones reach the wanted sum, and the sum of those above it. */
function cutOf(keys: Uint32Array, amounts: Float64Array, wanted: number): { key: number; above: number } {
  let key = 0;
  let above = 0;
  for (const [shift, bits] of DIGITS) {
    const sums = new Float64Array(2 ** bits);
    const used = new Uint8Array(sums.length);
    const size = 2 ** (shift + bits);
    for (let i = 0; i < keys.length; i++) {
      const within = (keys[i] as number) - key;
      if (within < 0 || within >= size) continue;
      const digit = within >>> shift;
      sums[digit] = (sums[digit] as number) + (amounts[i] as number);
      used[digit] = 1;
    }
    let digit = used.lastIndexOf(1);
    for (let next = digit; above + (sums[digit] as number) < wanted; digit = next) {
      next = used.lastIndexOf(1, digit - 1);
      // Rounding may leave the sum of all just below the wanted one.
      if (digit === 0 || next < 0) break;
      above += sums[digit] as number;
    }
    key += digit * 2 ** shift;
  }
  return { key, above };
}
