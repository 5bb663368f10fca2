// Cross-entropy of unigrams and bigrams on the targets of a model: token i + 1 at position i, if both are tokens of the
// same document.

import type { DataSet } from "../../src/data/data-set.js";
import { documentBatch } from "../../src/data/fixed-batches.js";
import { positionsOf } from "../../src/data/packing.js";
import { holdsIds } from "../../src/modalities/modality.fields.js";

/** A target and the token before it, as ids in the vocabulary. */
export interface Target {
  readonly before: number;
  readonly id: number;
}

/** The targets of each document, in each order of its segments. */
export function targetsOf(dataSet: DataSet, documents: readonly number[]): Target[][] {
  const { modalities } = dataSet.parts;
  return documents.map((document) => {
    const orders = dataSet.documents[document]?.eitherOrder ? [false, true] : [false];
    return orders.flatMap((reversed): Target[] => {
      const length = positionsOf(dataSet, document);
      const { tokens, modality } = documentBatch(dataSet, [document], { length, reversed });
      const isToken = (position: number): boolean => holdsIds(modalities[modality[position] as number]);
      return Array.from({ length: length - 1 }, (_, i) => i)
        .filter((i) => isToken(i) && isToken(i + 1))
        .map((i) => ({ before: tokens[i] as number, id: tokens[i + 1] as number }));
    });
  });
}

export interface NgramLosses {
  /** Nats per target, on held-out targets. */
  readonly unigram: number;
  readonly bigram: number;
  readonly targets: number;
}

const ALPHAS = Array.from({ length: 17 }, (_, i) => 10 ** (-4 + i / 4));

/**
 * Counts `train` and scores `heldOut`, with α added to every count. α is selected by counting four of five documents of
 * `train` and scoring the fifth one.
 * @param ids the number of ids that a target can have
 */
export function ngramLosses(
  train: readonly (readonly Target[])[],
  heldOut: readonly (readonly Target[])[],
  ids: number,
): NgramLosses {
  const fitted = train.filter((_, index) => index % 5 !== 0).flat();
  const left = train.filter((_, index) => index % 5 === 0).flat();
  const scored = heldOut.flat();
  const score = (context: (target: Target) => number): number => {
    const partly = counted(fitted, context);
    const losses = ALPHAS.map((alpha) => meanLoss(partly, left, context, alpha, ids));
    const alpha = ALPHAS[losses.indexOf(Math.min(...losses))] as number;
    return meanLoss(counted(train.flat(), context), scored, context, alpha, ids);
  };
  return { unigram: score(() => 0), bigram: score(({ before }) => before), targets: scored.length };
}

interface Counts {
  readonly pairs: ReadonlyMap<string, number>;
  readonly contexts: ReadonlyMap<number, number>;
}

function counted(targets: readonly Target[], context: (target: Target) => number): Counts {
  const pairs = new Map<string, number>();
  const contexts = new Map<number, number>();
  for (const target of targets) {
    const before = context(target);
    const pair = `${before} ${target.id}`;
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
    contexts.set(before, (contexts.get(before) ?? 0) + 1);
  }
  return { pairs, contexts };
}

function meanLoss(
  { pairs, contexts }: Counts,
  targets: readonly Target[],
  context: (target: Target) => number,
  alpha: number,
  ids: number,
): number {
  let sum = 0;
  for (const target of targets) {
    const before = context(target);
    const count = pairs.get(`${before} ${target.id}`) ?? 0;
    sum -= Math.log((count + alpha) / ((contexts.get(before) ?? 0) + alpha * ids));
  }
  return sum / targets.length;
}
