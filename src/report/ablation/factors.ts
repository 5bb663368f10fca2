// The factors of a 2^k factorial design, with their names in the answer, and the arm for each combination of them.
import type { Factorial, MeasureAnswer } from "../../ablate/answer.js";
import { type Factor, factorsIn, hasFactors, nameOf } from "../../ablate/factorial-design.js";
import type { AblationResults, ResultAxis } from "../../ablate/results.js";
import type { Json } from "../../front/spec.js";

interface Labelled extends Factor {
  /** The setting when the factor is on. */
  readonly label: string;
}

export interface Factors {
  /** Names: a part, or a path whose second value is "on". */
  readonly names: readonly string[];
  /** Labels in the same order: a part, or a field with its second value. */
  readonly labels: readonly string[];
  /** Whether all factors are parts. */
  readonly areParts: boolean;
  /** Whether all factors are the parts that each modality owns. */
  readonly areOwned: boolean;
  /** The index of the arm in which exactly these factors are on. */
  readonly armOf: (names: readonly string[]) => number | undefined;
}

const labelled = (axis: ResultAxis): Labelled[] =>
  factorsIn(axis).map((factor) => {
    const second = `${axis.path.split(".").at(-1)} ${valueText(axis.values[1] as Json)}`;
    return { ...factor, label: factor.part ?? second };
  });

/** Undefined if an axis is neither a `subsets` nor has two values. */
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

/** Whether the baseline is the arm in which no factor is on. */
export function baselineHasNone(results: AblationResults): boolean {
  const none = factorsOf(results)?.armOf([]);
  return none !== undefined && none === results.baseline;
}

/** The factorial analysis; undefined if it adds nothing to the gain of a single arm. */
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
