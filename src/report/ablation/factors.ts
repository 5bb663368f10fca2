// The factors of a design that is a 2^k factorial, as the answer names them, and the arm at each of their combinations.
import type { Factorial, MeasureAnswer } from "../../ablate/answer.js";
import { type Factor, factorsIn, hasFactors, nameOf } from "../../ablate/factorial-design.js";
import type { AblationResults, ResultAxis } from "../../ablate/results.js";
import type { Json } from "../../front/spec.js";

interface Labelled extends Factor {
  /** What is so when it is on. */
  readonly label: string;
}

export interface Factors {
  /** A part, or a path of which the second value is "on". */
  readonly names: readonly string[];
  /** In the same order: a part, or a field with its second value. */
  readonly labels: readonly string[];
  /** Whether all of them are parts, of which an arm has some. */
  readonly areParts: boolean;
  /** Whether those are the parts that each modality owns. */
  readonly areOwned: boolean;
  /** Index of the arm in which these are on, and no others. */
  readonly armOf: (names: readonly string[]) => number | undefined;
}

const labelled = (axis: ResultAxis): Labelled[] =>
  factorsIn(axis).map((factor) => {
    const second = `${axis.path.split(".").at(-1)} ${valueText(axis.values[1] as Json)}`;
    return { ...factor, label: factor.part ?? second };
  });

/** Undefined where some axis is neither all subsets of something nor of two values. */
export function factorsOf({ axes, arms }: AblationResults): Factors | undefined {
  if (axes.length === 0 || !axes.every(hasFactors)) return undefined;
  const factors = axes.flatMap(labelled);
  const names = factors.map((factor) => nameOf(factor, factors));
  const keyOf = (on: readonly string[]): string => JSON.stringify([...on].sort());
  const indices = new Map<string, number>();
  for (const [index, { kind, settings }] of arms.entries())
    if (kind === "grid") indices.set(keyOf(names.filter((_, i) => isOnIn(factors[i], settings))), index);
  const areParts = factors.every(({ part }) => part !== undefined);
  return {
    names,
    labels: factors.map(({ label }, i) => (names[i]?.endsWith(` ${label}`) ? (names[i] ?? label) : label)),
    areParts,
    areOwned: areParts && axes.every(({ path }) => path.split(".").at(-1) === "decouple"),
    armOf: (on) => indices.get(keyOf(on)),
  };
}

const isOnIn = (factor: Factor | undefined, settings: Readonly<Record<string, Json>>): boolean =>
  factor?.isOn(settings[factor.path]) ?? false;

/** Whether gains are over the arm in which no factor is on. */
export function baselineHasNone(results: AblationResults): boolean {
  const none = factorsOf(results)?.armOf([]);
  return none !== undefined && none === results.baseline;
}

/** The factorial analysis, where it says more than the gain of the other of two values. */
export function factorialIn(results: AblationResults, { factorial }: MeasureAnswer): Factorial | undefined {
  if (typeof factorial === "string") return undefined;
  const factors = factorsOf(results);
  return factors === undefined || (factors.names.length === 1 && !factors.areParts) ? undefined : factorial;
}

export function valueText(value: Json): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(valueText).join(" + ");
  if (typeof value === "object" && value !== null) {
    const named = "part" in value ? value.part : "kind" in value ? value.kind : undefined;
    if (typeof named === "string") return named;
  }
  return JSON.stringify(value);
}
