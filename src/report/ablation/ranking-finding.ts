// What arms that are not all subsets of something say of one modality: which has the lowest loss, and how sure that is.
import type { MeasureAnswer } from "../../ablate/answer.js";
import type { AblationResults } from "../../ablate/results.js";
import type { Sentence, Told } from "./finding.js";
import { listed, loss, many, percent, shownSign, word } from "./numbers.js";
import { armAnswer, baselineOf, meanOf, ranked } from "./reading.js";
import { widenedSentences } from "./widened.js";
import { baselineName, baselineWord, MEASURES, quoted, reaching, seedsCanShow } from "./words.js";

export function rankingFinding(results: AblationResults, measure: MeasureAnswer): Told | undefined {
  const order = ranked(measure, results);
  const [best] = order;
  const arm = results.arms[best ?? -1];
  if (best === undefined || arm === undefined) return undefined;
  const what = MEASURES[measure.measure].loss;
  const mean = loss(meanOf(measure, best));
  const name = baselineWord(results);
  if (best === results.baseline) {
    const lead = `No arm of ${word(order.length)} has a lower ${what} than ${baselineName(results)}: ${mean}.`;
    return { lead, rest: [...counts(results, measure, order), ...widenedSentences(results, measure)] };
  }
  const lowest = `${quoted(arm)} has the lowest ${what} of ${many(order.length, "arm")}`;
  const { gainPercent: gain, match } = armAnswer(measure, best) ?? {};
  if (gain === undefined) {
    const why =
      baselineOf(results) === undefined
        ? []
        : [{ about: "Gains", text: `None: no run of ${baselineName(results)} is done.` }];
    return { lead: `${lowest}: ${mean}.`, rest: [...highest(results, measure, order), ...why] };
  }
  const lead =
    shownSign(gain) === 0
      ? `${lowest}, but no difference from ${baselineName(results)} ${seedsCanShow(results)}: ${percent(gain)} lower.`
      : `${lowest}: ${percent(gain)} below ${baselineName(results)}.`;
  const matched = match ? [{ about: "Time", text: `With it, ${name}'s final loss ${reaching(match)}.` }] : [];
  return { lead, rest: [...matched, ...counts(results, measure, order), ...widenedSentences(results, measure)] };
}

function highest({ arms }: AblationResults, measure: MeasureAnswer, order: readonly number[]): Sentence[] {
  const last = order.at(-1);
  const arm = arms[last ?? -1];
  return order.length < 2 || arm === undefined
    ? []
    : [{ about: "Highest", text: `That of ${quoted(arm)}: ${loss(meanOf(measure, last))}.` }];
}

/** How many arms differ from the baseline: "one arm is better, two are worse". */
function counts(results: AblationResults, measure: MeasureAnswer, order: readonly number[]): Sentence[] {
  const signs = order
    .filter((index) => index !== results.baseline)
    .map((index) => armAnswer(measure, index)?.gainPercent)
    .map((gain) => gain && shownSign(gain))
    .filter((sign) => sign !== undefined);
  if (signs.length === 0) return [];
  const count = (sign: number): number => signs.filter((one) => one === sign).length;
  const unsure = `no different as far as ${many(results.seeds.length, "seed")} can show`;
  const kinds = [
    { of: count(1), what: "better" },
    { of: count(-1), what: "worse" },
    { of: count(0), what: unsure },
  ].filter(({ of }) => of > 0);
  const told = kinds.map(
    ({ of, what }, i) => `${i === 0 ? many(of, "arm") : word(of)} ${of === 1 ? "is" : "are"} ${what}`,
  );
  return [{ about: "All arms", text: `Against ${baselineWord(results)}, ${listed(told)}.` }];
}
