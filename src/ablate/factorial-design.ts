// The factors of a grid of arms, each off or on, and the arm at each of their combinations.
import { isDeepStrictEqual } from "node:util";
import type { Json } from "../front/spec.js";
import type { AblationResults, ResultAxis } from "./results.js";
import { partNamed } from "./subsets.js";

export interface FactorialDesign {
  readonly factors: readonly string[];
  /** Indices into the results' arms; bit f of an index into this is set where factor f is on. */
  readonly cells: readonly number[];
}

/** 2⁶ arms have 63 effects: more than anyone reads. */
const MOST_FACTORS = 6;

export interface Factor {
  readonly path: string;
  /** Of the values of a `subsets`; a factor of two values has none. */
  readonly part?: string;
  isOn(value: Json | undefined): boolean;
}

/** The design, or why there is none, in a sentence. */
export function factorialDesign({ axes, arms }: Pick<AblationResults, "axes" | "arms">): FactorialDesign | string {
  const other = axes.find((axis) => !hasFactors(axis));
  if (axes.length === 0) return "Nothing but the seed varies, so there are no effects.";
  if (other !== undefined) {
    const count = other.values.length === 1 ? "one value" : `${other.values.length} values`;
    return `\`${other.path}\` has ${count}; effects and interactions are of factors that are off or on.`;
  }
  const factors = axes.flatMap(factorsIn);
  if (factors.length > MOST_FACTORS) {
    return `${factors.length} factors have too many interactions to tell; ${MOST_FACTORS} is the most.`;
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

/** Whether an axis has all subsets of something, or two values. */
export const hasFactors = ({ values, subsetsOf }: ResultAxis): boolean =>
  subsetsOf !== undefined || values.length === 2;

/** Of an axis that has them. */
export function factorsIn({ path, values, subsetsOf }: ResultAxis): Factor[] {
  if (subsetsOf === undefined) return [{ path, isOn: (value) => isDeepStrictEqual(value, values[1]) }];
  const has = (value: Json | undefined, part: string): boolean =>
    Array.isArray(value) && value.some((item: Json) => partNamed(item) === part);
  return subsetsOf.map((part) => ({ path, part, isOn: (value) => has(value, part) }));
}

/** A part's name alone, where no other axis has it too. */
export function nameOf({ path, part }: Factor, factors: readonly Factor[]): string {
  if (part === undefined) return path;
  return factors.filter((other) => other.part === part).length > 1 ? `${path} ${part}` : part;
}
