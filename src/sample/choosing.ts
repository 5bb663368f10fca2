// How the next token is chosen: temperature, top-k, top-p, and the ids that are allowed; as numbers for the op `choose`.
import { InputError } from "../diagnostics/input-error.js";
import type { Stream } from "../random/stream.js";

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

/** A choice of tokens one after the other, with the same ids allowed each time. */
export interface Choices {
  /** The largest number of choices. */
  readonly count: number;
  readonly allowed: readonly IdRange[];
  readonly choosing: Choosing;
  /** The first numbers in [0, 1), one for each choice. */
  readonly uniforms: (count: number) => readonly number[];
  /** The modality of the positions of chosen tokens. */
  readonly modality: number;
}

export const isIn = ({ first, end }: IdRange, id: number): boolean => id >= first && id < end;

/** The largest number of tokens that are chosen one after the other before the host reads them. */
export const LONGEST_RUN = 32;

/** The same ids in ascending order, in as few ranges as possible. */
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

/** Temperature, top-k and top-p. An f32 holds no more ids than its largest exact whole number. */
export const limitsOf = ({ temperature, topK = 2 ** 24, topP = 1 }: Choosing): [number, number, number] => [
  temperature,
  Math.min(topK, 2 ** 24),
  topP,
];

/** The next number in [0, 1) of a stream, exact in f32. */
export const uniformOf = (draw: Stream): number => (draw.word() >>> 8) / 2 ** 24;

const FAULTS = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

/**
 * The id of a choice.
 * @throws InputError if the choice states that a logit is not finite
 */
export function idOf(choice: number): number {
  if (choice >= 0) return choice;
  if (choice === -1) throw new Error("a token was chosen where none is allowed");
  const fault = -2 - choice;
  throw new InputError(
    "cannot-sample",
    `The logit of token ${Math.floor(fault / 4)} is ${FAULTS[fault % 4]}.`,
    "Training has diverged; select an earlier checkpoint with --step.",
  );
}
