// A 2^k factorial design: factors that are off or on, the arm of each combination, and main effects, interactions and
// synergy as contrasts of the arms' means.
import type { Json } from "../front/spec.js";
import type { AdditiveModel } from "./additive-model.js";
import type { Effect, Estimate, Factorial } from "./answer.js";
import { corrected } from "./holm.js";
import type { AblationResults, ResultAxis } from "./results.js";
import { partNamed } from "./subsets.js";

export interface FactorialDesign {
  readonly factors: readonly string[];
  /** Indices into the results' arms. Bit f of an index into this list is set if factor f is on. */
  readonly cells: readonly number[];
}

/** 2⁶ arms already have 63 effects. */
const MOST_FACTORS = 6;

export interface Factor {
  readonly path: string;
  /** The part of a `subsets` axis; a factor with two values has none. */
  readonly part?: string;
  isOn(value: Json | undefined): boolean;
}

/** Whether two values are equal, in any order of their keys. */
function isSame(one: Json | undefined, other: Json | undefined): boolean {
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return one === other;
  const [ones, others] = [Object.entries(one), new Map<string, Json>(Object.entries(other))];
  return (
    Array.isArray(one) === Array.isArray(other) &&
    ones.length === others.size &&
    ones.every(([key, value]) => others.has(key) && isSame(value, others.get(key)))
  );
}

/** The design, or the reason why there is none, as a sentence. */
export function factorialDesign({ axes, arms }: Pick<AblationResults, "axes" | "arms">): FactorialDesign | string {
  const other = axes.find((axis) => !hasFactors(axis));
  if (axes.length === 0) return "Nothing but the seed varies, so there are no effects.";
  if (other !== undefined) {
    const count = other.values.length === 1 ? "one value" : `${other.values.length} values`;
    return `\`${other.path}\` has ${count}; effects and interactions are of factors that are off or on.`;
  }
  const factors = axes.flatMap(factorsIn);
  if (factors.length > MOST_FACTORS) {
    return `${factors.length} factors have too many interactions; the limit is ${MOST_FACTORS}.`;
  }
  const cells = new Map<number, number>();
  for (const [index, { kind, settings }] of arms.entries()) {
    if (kind !== "grid") continue;
    const cell = factors.reduce((bits, { path, isOn }, f) => bits | (isOn(settings[path]) ? 1 << f : 0), 0);
    if (cells.has(cell)) {
      return `\`${arms[cells.get(cell) as number]?.label}\` and \`${arms[index]?.label}\` are one combination of factors.`;
    }
    cells.set(cell, index);
  }
  if (cells.size < 2 ** factors.length) {
    return `The grid has ${cells.size} of the ${2 ** factors.length} combinations of its factors; effects need all.`;
  }
  return {
    factors: factors.map((factor) => nameOf(factor, factors)),
    cells: Array.from({ length: 2 ** factors.length }, (_, cell) => cells.get(cell) as number),
  };
}

/** Whether an axis has all subsets of a list, or exactly two values. */
export const hasFactors = ({ values, subsetsOf }: ResultAxis): boolean =>
  subsetsOf !== undefined || values.length === 2;

/** The factors of such an axis. */
export function factorsIn({ path, values, subsetsOf }: ResultAxis): Factor[] {
  if (subsetsOf === undefined) return [{ path, isOn: (value) => isSame(value, values[1]) }];
  const has = (value: Json | undefined, part: string): boolean =>
    Array.isArray(value) && value.some((item: Json) => partNamed(item) === part);
  return subsetsOf.map((part) => ({ path, part, isOn: (value) => has(value, part) }));
}

/** The name of a part, without its path if no other axis has the same part. */
export function nameOf({ path, part }: Factor, factors: readonly Factor[]): string {
  if (part === undefined) return path;
  return factors.filter((other) => other.part === part).length > 1 ? `${path} ${part}` : part;
}

/** The factorial, or the reason why there is none, as a sentence. */
export function factorialOf({ factors, cells }: FactorialDesign, { contrast }: AdditiveModel): Factorial | string {
  const ofCells = (weight: (cell: number) => number): Estimate | undefined => {
    const weights: number[] = [];
    for (const [cell, arm] of cells.entries()) weights[arm] = weight(cell);
    return contrast(Array.from(weights, (one) => one ?? 0));
  };
  const all = cells.length - 1;
  const singles = factors.map((_, f) => 1 << f);
  // Gains: the mean without any factor minus the mean with some.
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

/** One family of comparisons. A single factor has no synergy: its gain is its effect with the opposite sign. */
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

/** All nonempty subsets of 0 … count − 1: singles, then pairs, …; those of one size in lexicographic order. */
function subsetsBySize(count: number): number[][] {
  const ofSize = (size: number, from: number): number[][] => {
    if (size === 0) return [[]];
    const firsts = Array.from({ length: count - from }, (_, i) => from + i);
    return firsts.flatMap((first) => ofSize(size - 1, first + 1).map((rest) => [first, ...rest]));
  };
  return Array.from({ length: count }, (_, i) => ofSize(i + 1, 0)).flat();
}
