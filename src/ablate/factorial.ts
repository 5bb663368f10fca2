// Effects of a 2^k factorial: main effects, interactions and synergy, all of them contrasts of the arms' means.
import type { AdditiveModel } from "./additive-model.js";
import type { Effect, Estimate, Factorial } from "./answer.js";
import type { FactorialDesign } from "./factorial-design.js";
import { corrected } from "./holm.js";

/** The factorial, or why there is none, in a sentence. */
export function factorialOf({ factors, cells }: FactorialDesign, { contrast }: AdditiveModel): Factorial | string {
  const ofCells = (weight: (cell: number) => number): Estimate | undefined => {
    const weights: number[] = [];
    for (const [cell, arm] of cells.entries()) weights[arm] = weight(cell);
    return contrast(Array.from(weights, (one) => one ?? 0));
  };
  const all = cells.length - 1;
  const singles = factors.map((_, f) => 1 << f);
  // Gains: the mean without any factor, less the mean with some.
  const joint = ofCells((cell) => Number(cell === 0) - Number(cell === all));
  const alone = (cell: number): number => (cell === 0 ? factors.length : 0) - Number(singles.includes(cell));
  const sum = ofCells(alone);
  const difference = ofCells((cell) => Number(cell === 0) - Number(cell === all) - alone(cell));
  const effects = subsetsBySize(factors.length).flatMap((subset): Effect[] => {
    const effect = ofCells((cell) => (2 / cells.length) * signOf(cell, subset));
    return effect === undefined ? [] : [{ factors: subset.map((f) => factors[f] as string), ...effect }];
  });
  if (joint === undefined || sum === undefined || difference === undefined || effects.length < all) {
    return "Arms of the grid have no seed in common, so there is nothing to compare them by.";
  }
  return { factors, ...correctedTogether(effects, { joint, sum, difference }) };
}

/** One group of comparisons. The synergy of one factor is none of its own: its gain is the effect, mirrored. */
function correctedTogether(effects: readonly Effect[], synergy: Factorial["synergy"]): Omit<Factorial, "factors"> {
  const { joint, sum, difference } = synergy;
  if (effects.length === 1) {
    const own = corrected(effects);
    const { pCorrected, significant } = own[0] as Effect;
    const same = { ...(pCorrected !== undefined && { pCorrected }), ...(significant !== undefined && { significant }) };
    return { effects: own, synergy: { joint: { ...joint, ...same }, sum: { ...sum, ...same }, difference } };
  }
  const all = corrected<Estimate>([...effects, joint, sum, difference]);
  const [first, second, third] = all.slice(effects.length) as [Estimate, Estimate, Estimate];
  return {
    effects: effects.map(({ factors }, i) => ({ ...(all[i] as Estimate), factors })),
    synergy: { joint: first, sum: second, difference: third },
  };
}

/** The product over the factors of +1 where one is on and −1 where it is off (Yates, 1937). */
const signOf = (cell: number, subset: readonly number[]): number =>
  subset.reduce((sign, f) => (cell & (1 << f) ? sign : -sign), 1);

/** All but the empty subset of 0 … count − 1: singles, then pairs, …; those of one size by their first member, and so on. */
function subsetsBySize(count: number): number[][] {
  const ofSize = (size: number, from: number): number[][] => {
    if (size === 0) return [[]];
    const firsts = Array.from({ length: count - from }, (_, i) => from + i);
    return firsts.flatMap((first) => ofSize(size - 1, first + 1).map((rest) => [first, ...rest]));
  };
  return Array.from({ length: count }, (_, i) => ofSize(i + 1, 0)).flat();
}
