// Chooses the next token from its logits, on the host in float64: temperature, top-k, top-p, a seeded draw.
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

/**
 * Chooses an id from the ranges, which must contain at least one. If logits are equal, the lower id counts as likelier.
 * Greedy choices, and choices from one candidate, use no random number.
 * @throws InputError if a logit is not finite
 */
export function chooseToken(
  logits: ArrayLike<number>,
  allowed: readonly IdRange[],
  { temperature, topK = Number.POSITIVE_INFINITY, topP = 1 }: Choosing,
  draw: Stream,
): number {
  const ids = allowed.flatMap(({ first, end }) => Array.from({ length: end - first }, (_, i) => first + i));
  const logit = (id: number) => logits[id] as number;
  const bad = ids.find((id) => !Number.isFinite(logit(id)));
  if (bad !== undefined) {
    throw new InputError(
      "cannot-sample",
      `The logit of token ${bad} is ${logit(bad)}.`,
      "Training has diverged; select an earlier checkpoint with --step.",
    );
  }
  if (temperature === 0) return ids.reduce((best, id) => (logit(id) > logit(best) ? id : best));
  const likeliest = ids.sort((a, b) => logit(b) - logit(a) || a - b).slice(0, topK);
  const top = logit(likeliest[0] as number);
  const weights = likeliest.map((id) => Math.exp((logit(id) - top) / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let kept = 0;
  let mass = 0;
  while (kept < weights.length && (kept === 0 || mass < topP * total)) mass += weights[kept++] as number;
  if (kept === 1) return likeliest[0] as number;
  let rest = draw.uniform() * mass;
  for (let i = 0; i < kept - 1; i++) {
    rest -= weights[i] as number;
    if (rest < 0) return likeliest[i] as number;
  }
  return likeliest[kept - 1] as number;
}
