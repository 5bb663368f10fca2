// The wording of an ablation's report, shared by text, tables and figures.
import type { Estimate, Match, Measure } from "../../ablate/answer.js";
import { LEAST_DEGREES, LEAST_SEEDS, LEVEL } from "../../ablate/holm.js";
import type { AblationResults } from "../../ablate/results.js";
import { baselineHasNone, type Factors, factorsOf } from "./factors.js";
import { many, matchDecimals, percent, percentInBrackets, shownSign, word } from "./numbers.js";
import { baselineOf } from "./reading.js";

export const MEASURES: Readonly<Record<Measure, { readonly title: string; readonly loss: string }>> = {
  validation: { title: "Validation", loss: "held-out loss" },
  training: { title: "Training", loss: "training loss" },
};

/** What a mark means, and what is corrected and what is not. */
export const SIGNIFICANT = `Bold marks significance: p below ${LEVEL} after Holm's correction for the number of comparisons, with at least ${many(LEAST_SEEDS, "seed")} for each arm and ${LEAST_DEGREES} degrees of freedom. The gains of a modality's held-out or training loss are one group of comparisons; its effects and their synergy are another. Intervals are 95 % each and not corrected, so one may leave out zero without being significant.`;

/** "projections" if all are projections, "parts", or "factors". */
export function factorsWord({ names, areParts }: Factors): string {
  if (!areParts) return "factors";
  return names.every((name) => name.endsWith("_proj")) ? "projections" : "parts";
}

/** Whether the factors are the parts that each modality owns, and the baseline has none of them. */
export const isOwnership = (results: AblationResults): boolean =>
  factorsOf(results)?.areOwned === true && baselineHasNone(results);

/** An arm's name in a sentence. */
export const quoted = ({ label }: { readonly label: string }): string => `“${label}”`;

/** "the dense baseline" if modalities share everything in it, else "the baseline". */
export const baselineWord = (results: AblationResults): string =>
  isOwnership(results) ? "the dense baseline" : "the baseline";

/** The same with its label, if the baseline is not dense. */
export function baselineName(results: AblationResults): string {
  const arm = baselineOf(results);
  return arm === undefined || isOwnership(results) ? baselineWord(results) : `the baseline (${arm.label})`;
}

/** The subject of a sentence, such as "Decoupling all four projections". */
export function whole(factors: Factors): string {
  const { names, areOwned } = factors;
  const verb = areOwned ? "Decoupling" : "Using";
  if (names.length === 1) return `${verb} ${names[0]}`;
  return `${verb} ${names.length === 2 ? "both" : `all ${word(names.length)}`} ${factorsWord(factors)}`;
}

/** For example "with three seeds". */
export const withSeeds = ({ seeds }: AblationResults): string => `with ${many(seeds.length, "seed")}`;

/**
 * A predicate for a gain in per cent: "lowers the held-out loss by 7.9 % (5.1 to 10.7)".
 * @param gain positive if the loss is lower
 */
export function change(gain: Estimate, what: string, results: AblationResults): string {
  if (shownSign(gain) === 0)
    return `does not change the ${what} significantly ${withSeeds(results)} (gain ${percentInBrackets(gain)})`;
  if (gain.estimate >= 0) return `lowers the ${what} by ${percent(gain)}`;
  return `raises the ${what} by ${percent(mirrored(gain))}`;
}

/** The estimate with the opposite sign. */
export function mirrored({ estimate, low, high, ...rest }: Estimate): Estimate {
  return {
    estimate: -estimate,
    ...(high !== undefined && { low: -high }),
    ...(low !== undefined && { high: -low }),
    ...rest,
  };
}

/** A predicate such as "is reached after 71 % (66 to 76) of its steps and 72 % (67 to 77) of its FLOPs". */
export function reaching(match: Match): string {
  if (match.reached === "all") {
    const [steps, flops] = [match.steps, match.flops].map((one) => `${match.atMost ? "at most " : ""}${share(one)}`);
    return steps === flops
      ? `is reached after ${steps} of its steps and of its FLOPs`
      : `is reached after ${steps} of its steps, ${flops} of its FLOPs`;
  }
  if (match.of === 0) return "cannot be compared: no run of this arm is done";
  if (match.reached === "none" || match.by === 0) return "is not reached";
  return `is reached with only ${match.by} of ${many(match.of, "seed")}`;
}

/** A percentage such as 71 % (66 to 76). */
const share = (estimate: Estimate): string => percent(estimate, matchDecimals(estimate));
