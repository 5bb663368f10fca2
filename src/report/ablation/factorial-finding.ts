// What all subsets of some parts say of one modality: the whole, each part alone, their synergy, and what is saved.

import type { Estimate, Factorial, MeasureAnswer } from "../../ablate/answer.js";
import { scaled } from "../../ablate/estimate.js";
import type { AblationResults } from "../../ablate/results.js";
import { baselineHasNone, factorialIn, factorsOf } from "./factors.js";
import type { Sentence, Told } from "./finding.js";
import { decimalsOf, listed, loss, many, percent, percentInBrackets, shownSign } from "./numbers.js";
import { armAnswer, meanOf, ranked } from "./reading.js";
import { widenedSentences } from "./widened.js";
import { baselineWord, change, MEASURES, mirrored, quoted, reaching, seedsCanShow, whole } from "./words.js";

/** Undefined where not all factors are parts, or there is no analysis of them. */
export function factorialFinding(
  results: AblationResults,
  main: MeasureAnswer,
  other?: MeasureAnswer,
): Told | undefined {
  const factors = factorsOf(results);
  const factorial = factorialIn(results, main);
  const joint = jointGain(results, main);
  if (!factors?.areParts || factorial === undefined || joint === undefined) return undefined;
  const otherJoint = other && jointGain(results, other);
  return {
    lead: `${whole(factors)} ${change(joint, MEASURES[main.measure].loss, results)}.`,
    rest: [
      ...about(
        "Training",
        other && otherJoint ? `It ${change(otherJoint, MEASURES[other.measure].loss, results)}.` : "",
      ),
      ...about("Alone", factors.names.length > 1 ? alone(results, main) : ""),
      ...about("Together", factors.names.length > 1 ? together(results, main, factorial) : ""),
      ...about("Time", matching(results, main)),
      ...widenedSentences(results, main),
      ...about("Lowest", lowest(results, main)),
    ],
  };
}

const about = (what: string, text: string): Sentence[] => (text === "" ? [] : [{ about: what, text }]);

/** Per cent of the loss of the arm that has no factor; undefined where it has none. */
function scaleOf(results: AblationResults, measure: MeasureAnswer): number | undefined {
  const none = meanOf(measure, factorsOf(results)?.armOf([]));
  return none === undefined || none === 0 ? undefined : 100 / none;
}

/** An estimate of losses in per cent of the loss of the arm that has no factor. */
export function inPercent(results: AblationResults, measure: MeasureAnswer, estimate: Estimate): Estimate | undefined {
  const scale = scaleOf(results, measure);
  return scale === undefined || !Number.isFinite(estimate.estimate) ? undefined : scaled(estimate, scale);
}

function jointGain(results: AblationResults, measure: MeasureAnswer): Estimate | undefined {
  const [factorial, factors] = [factorialIn(results, measure), factorsOf(results)];
  const own = baselineHasNone(results) ? armAnswer(measure, factors?.armOf(factors.names))?.gainPercent : undefined;
  return factorial && (own ?? inPercent(results, measure, factorial.synergy.joint));
}

/** What each factor gives alone: over the arm that has none, else on average over what the others do. */
export function singleGains(results: AblationResults, measure: MeasureAnswer): { label: string; gain: Estimate }[] {
  const [factorial, factors] = [factorialIn(results, measure), factorsOf(results)];
  return (factors?.names ?? []).flatMap((name, i) => {
    const effect = factorial?.effects.find((one) => one.factors.length === 1 && one.factors[0] === name);
    const gain = baselineHasNone(results)
      ? armAnswer(measure, factors?.armOf([name]))?.gainPercent
      : effect && inPercent(results, measure, mirrored(effect));
    return gain === undefined ? [] : [{ label: factors?.labels[i] ?? name, gain }];
  });
}

function alone(results: AblationResults, measure: MeasureAnswer): string {
  const gains = singleGains(results, measure).sort((a, b) => b.gain.estimate - a.gain.estimate);
  if (gains.length === 0) return "";
  const open = gains.filter(({ gain }) => shownSign(gain) === 0).map(({ label }) => label);
  const shown = gains.filter(({ gain }) => shownSign(gain) !== 0);
  const told = shown.map(({ label, gain }) =>
    gain.estimate >= 0 ? `${label} ${percent(gain)}` : `${label} raises it by ${percent(mirrored(gain))}`,
  );
  const how = baselineHasNone(results) ? "" : "On average over the others: ";
  const nothing = `no difference ${seedsCanShow(results)}`;
  if (shown.length === 0) return `${how}${nothing}.`.replace(/^n/, "N");
  return `${how}${told.join(", ")}${open.length === 0 ? "" : `; ${listed(open)}: ${nothing}`}.`;
}

function together(results: AblationResults, measure: MeasureAnswer, { synergy }: Factorial): string {
  const joint = inPercent(results, measure, synergy.joint);
  const sum = inPercent(results, measure, synergy.sum);
  const difference = inPercent(results, measure, synergy.difference);
  if (joint === undefined || sum === undefined || difference === undefined) return "";
  const decimals = decimalsOf(difference);
  const [whole, parts] = [joint, sum].map((one) => percent({ estimate: one.estimate }, decimals));
  const how = `(${whole} against ${parts}; difference ${percentInBrackets(difference, "points")})`;
  const sign = shownSign(difference);
  if (sign === undefined) return `They give ${whole}, the sum of what each gives alone is ${parts}.`;
  if (sign === 0)
    return `Whether they give more or less than the sum of their parts, ${many(results.seeds.length, "seed")} cannot show ${how}.`;
  return `They give ${sign > 0 ? "more" : "less"} than the sum of their parts ${how}.`;
}

function matching(results: AblationResults, measure: MeasureAnswer): string {
  const factors = factorsOf(results);
  const match = armAnswer(measure, factors?.armOf(factors.names))?.match;
  const name = baselineWord(results);
  return match === undefined ? "" : `${name[0]?.toUpperCase()}${name.slice(1)}'s final loss ${reaching(match)}.`;
}

/** Where another arm than that with all parts has the lowest loss. */
function lowest(results: AblationResults, measure: MeasureAnswer): string {
  const factors = factorsOf(results);
  const [best] = ranked(measure, results);
  if (best === undefined || best === factors?.armOf(factors.names)) return "";
  const arm = results.arms[best];
  const among = `Of all ${results.arms.filter(({ kind }) => kind === "grid").length} arms`;
  const has = `${best === results.baseline || arm === undefined ? baselineWord(results) : quoted(arm)} has the lowest loss`;
  const gain = armAnswer(measure, best)?.gainPercent;
  if (gain === undefined) return `${among}, ${has}: ${loss(meanOf(measure, best))}.`;
  return `${among}, ${has}: ${percent(gain)} below ${baselineWord(results)}'s.`;
}
