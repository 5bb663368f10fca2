// The baseline with as many parameters as the largest arm: what it gains, size gives, and not who owns what.
import type { MeasureAnswer } from "../../ablate/answer.js";
import type { AblationResults, ResultArm } from "../../ablate/results.js";
import type { Sentence } from "./finding.js";
import { amount } from "./numbers.js";
import { armAnswer, baselineOf, beyondAxes, extraArms, isWidened } from "./reading.js";
import { change, isOwnership, quoted } from "./words.js";

/** For the answer, where there is such an arm with a gain. */
export function widenedSentences(results: AblationResults, measure: MeasureAnswer): Sentence[] {
  return extraArms(results).flatMap((index) => {
    const arm = results.arms[index];
    const gain = armAnswer(measure, index)?.gainPercent;
    if (arm === undefined || gain === undefined || !isWidened(results, arm)) return [];
    const who = isOwnership(results) ? "A dense model" : "The baseline, widened until it is one";
    const more = arm.flops / (baselineOf(results)?.flops ?? Number.NaN);
    const price = Number.isFinite(more) ? `, with ${more.toFixed(2)} times the FLOPs of a step` : "";
    return [
      { about: "Size", text: `${who} with as many parameters in total ${change(gain, "loss", results)}${price}.` },
    ];
  });
}

/** What an arm beside the design is. */
export function extraNote(results: AblationResults, arm: ResultArm): string {
  const set = beyondAxes(results, arm).map((path) => `${path} = ${JSON.stringify(arm.settings[path])}`);
  const settings = set.length === 0 ? "" : `; it sets ${set.join(", ")}`;
  if (!isWidened(results, arm)) return `${quoted(arm)} is no point of the design${settings}.`;
  const who = isOwnership(results) ? "a dense model" : "the baseline, widened: a model";
  const total = amount(arm.parameters.total);
  return `${quoted(arm)} is ${who} with as many parameters in total as the largest arm (${total}): what it gains comes of size${settings}.`;
}
