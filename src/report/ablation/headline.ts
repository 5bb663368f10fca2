// The answer in a few sentences made from its numbers; each page and README shows these first.
import type { Answer, ModalityAnswer } from "../../ablate/answer.js";
import type { AblationResults, ResultRun } from "../../ablate/results.js";
import { factorialFinding } from "./factorial-finding.js";
import { factorsOf } from "./factors.js";
import type { Finding } from "./finding.js";
import { counted, listed, word } from "./numbers.js";
import { rankingFinding } from "./ranking-finding.js";
import { baselineOf, countOf, measuresOf } from "./reading.js";

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
  return told === undefined ? [] : [{ modality, unit, ...told }];
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
    ...(results.seeds.length > 1 && measures.every(({ residual }) => residual === undefined)
      ? ["No intervals: they need arms of which two seeds are done."]
      : []),
    ...(baselineOf(results) === undefined ? ["No baseline is named, so there are no gains over one."] : []),
    ...(!parts || reasons[0] === undefined ? [] : [`No effects of single parts: ${bare(reasons[0])}.`]),
  ];
}
