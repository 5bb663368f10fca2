// The answer in a few sentences made from its numbers; each page and README shows these first.
import type { Answer, MeasureAnswer, ModalityAnswer } from "../../ablate/answer.js";
import { LEAST_SEEDS } from "../../ablate/holm.js";
import type { AblationResults, ResultRun } from "../../ablate/results.js";
import { factorialFinding } from "./factorial-finding.js";
import { factorsOf } from "./factors.js";
import type { Finding, Sentence, Told } from "./finding.js";
import { counted, listed, loss, many, percent, shownSign, word } from "./numbers.js";
import { armAnswer, baselineOf, countOf, meanOf, measuresOf, ranked } from "./reading.js";
import { widenedSentences } from "./widened.js";
import { baselineName, baselineWord, MEASURES, quoted, reaching, seedsCanShow } from "./words.js";

export interface Headline {
  /** What holds for all of it, and what is missing. */
  readonly notes: readonly string[];
  readonly findings: readonly Finding[];
}

export function headlineOf(results: AblationResults, answer: Answer): Headline {
  return {
    notes: [...missing(results.runs), ...cautions(results, answer)],
    findings: answer.modalities.flatMap((modality) => findingOf(results, modality)),
  };
}

function findingOf(results: AblationResults, answer: ModalityAnswer): Finding[] {
  const [main, ...others] = measuresOf(answer);
  if (main === undefined) return [];
  const { modality, unit } = answer;
  const told = factorialFinding(results, main, others[0]) ?? rankingFinding(results, main);
  if (told === undefined) return [];
  const basis = { about: "Basis", text: basisOf(results, modality, main) };
  return [{ modality, unit, lead: told.lead, rest: [...told.rest, basis] }];
}

/** "Three seeds, 371 held-out documents, 30 degrees of freedom." */
function basisOf({ seeds, modalities }: AblationResults, modality: string, main: MeasureAnswer): string {
  const { heldOut = [] } = modalities.find(({ name }) => name === modality) ?? {};
  const [fewest, most] = [heldOut[0], heldOut.at(-1)];
  const counts = fewest === most ? String(fewest) : `${fewest} to ${most}`;
  const documents =
    main.measure === "training" || fewest === undefined
      ? []
      : [`${counts} held-out ${most === 1 ? "document" : "documents"}${fewest === most ? "" : ", by arm"}`];
  const degrees = main.residual?.degrees ?? 0;
  const freedom = `${degrees === 0 ? "no" : degrees} ${degrees === 1 ? "degree" : "degrees"} of freedom`;
  return `${[counted(seeds.length, "seed"), ...documents, freedom].join(", ")}.`;
}

/** "3 of 48 runs are missing: two failed (…), one is pending." */
function missing(runs: readonly ResultRun[]): string[] {
  const absent = runs.filter(({ state }) => state !== "done");
  if (absent.length === 0) return [];
  if (absent.length === runs.length && countOf(runs, "failed") === 0)
    return [`No run is done yet, so there are no numbers: ${listed(states(absent))}.`];
  return [
    `${absent.length} of ${counted(runs.length, "run")} ${absent.length === 1 ? "is" : "are"} missing: ${listed(states(absent))}.`,
  ];
}

/** Each state with its count; reasons where they are few. */
function states(runs: readonly ResultRun[]): string[] {
  const failed = runs.filter(({ state }) => state === "failed");
  const reasons = [...new Set(failed.map(({ reason }) => reason ?? "no reason is known"))].map(bare);
  const why = reasons.length === 1 ? reasons[0] : `${reasons[0]}; ${word(reasons.length - 1)} more reasons below`;
  const is = (count: number, what: string): string[] =>
    count === 0 ? [] : [`${word(count)} ${count === 1 ? "is" : "are"} ${what}`];
  return [
    ...(failed.length === 0 ? [] : [`${word(failed.length)} failed (${why})`]),
    ...is(countOf(runs, "running"), "running"),
    ...is(countOf(runs, "pending"), "pending"),
  ];
}

/** To stand within a sentence: without its full stop, and what a terminal sets in backticks in quotes. */
const bare = (sentence: string): string =>
  sentence
    .trim()
    .replace(/\.$/, "")
    .replace(/`([^`]*)`/g, "“$1”");

function cautions(results: AblationResults, answer: Answer): string[] {
  const measures = answer.modalities.flatMap(measuresOf);
  if (measures.length === 0) return [];
  const reasons = measures.flatMap(({ factorial }) => (typeof factorial === "string" ? [factorial] : []));
  const parts = factorsOf(results)?.areParts === true;
  return [
    ...(results.seeds.length === 1 ? ["One seed: no intervals. Differences may be chance."] : []),
    ...(results.seeds.length > 1 && results.seeds.length < LEAST_SEEDS
      ? [`${counted(results.seeds.length, "seed")}: no difference is called significant. That takes ${LEAST_SEEDS}.`]
      : []),
    ...(results.seeds.length > 1 && measures.every(({ residual }) => residual === undefined)
      ? ["No intervals: they need arms of which two seeds are done."]
      : []),
    ...(baselineOf(results) === undefined ? ["No baseline is named, so there are no gains over one."] : []),
    ...(!parts || reasons[0] === undefined ? [] : [`No effects of single parts: ${bare(reasons[0])}.`]),
  ];
}

function rankingFinding(results: AblationResults, measure: MeasureAnswer): Told | undefined {
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
