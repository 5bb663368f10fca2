// The answer of an ablation in a few sentences of plain text, which the page and the README show first. For all subsets of
// some parts they state the gain of all parts, of each part, their synergy, and the savings. For other designs they rank the
// arms.
import type { Answer, Estimate, Factorial, MeasureAnswer, ModalityAnswer } from "../../ablate/answer.js";
import { scaled } from "../../ablate/estimate.js";
import { LEAST_SEEDS } from "../../ablate/holm.js";
import type { AblationResults, ResultArm, ResultRun } from "../../ablate/results.js";
import { baselineHasNone, factorialIn, factorsOf } from "./factors.js";
import {
  amount,
  counted,
  decimalsOf,
  listed,
  loss,
  many,
  percent,
  percentInBrackets,
  shownSign,
  word,
} from "./numbers.js";
import {
  armAnswer,
  baselineOf,
  beyondAxes,
  countOf,
  extraArms,
  isWidened,
  meanOf,
  measuresOf,
  ranked,
} from "./reading.js";
import {
  baselineName,
  baselineWord,
  change,
  isOwnership,
  MEASURES,
  mirrored,
  quoted,
  reaching,
  whole,
  withSeeds,
} from "./words.js";

interface Headline {
  /** Notes about the whole ablation, and about missing runs. */
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
  const finding = factorialFinding(results, main, others[0]) ?? rankingFinding(results, main);
  if (finding === undefined) return [];
  const basis = { about: "Basis", text: basisOf(results, modality, main) };
  return [{ modality, unit, lead: finding.lead, rest: [...finding.rest, basis] }];
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

/** Each state with its count, and with reasons if there are few. */
function states(runs: readonly ResultRun[]): string[] {
  const failed = runs.filter(({ state }) => state === "failed");
  const reasons = [...new Set(failed.map(({ reason }) => reason ?? "unknown reason"))].map(bare);
  const why = reasons.length === 1 ? reasons[0] : `${reasons[0]}; ${word(reasons.length - 1)} more reasons below`;
  const is = (count: number, what: string): string[] =>
    count === 0 ? [] : [`${word(count)} ${count === 1 ? "is" : "are"} ${what}`];
  return [
    ...(failed.length === 0 ? [] : [`${word(failed.length)} failed (${why})`]),
    ...is(countOf(runs, "running"), "running"),
    ...is(countOf(runs, "pending"), "pending"),
  ];
}

/** A message as a clause: without its full stop, and with quotes in place of backticks. */
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
      ? [
          `${counted(results.seeds.length, "seed")}: no difference is marked as significant. That needs at least ${LEAST_SEEDS}.`,
        ]
      : []),
    ...(results.seeds.length > 1 && measures.every(({ residual }) => residual === undefined)
      ? ["No intervals: they need arms with two finished seeds."]
      : []),
    ...(baselineOf(results) === undefined ? ["There is no baseline, so there are no gains."] : []),
    ...(!parts || reasons[0] === undefined ? [] : [`No effects of single parts: ${bare(reasons[0])}.`]),
  ];
}

function rankingFinding(results: AblationResults, measure: MeasureAnswer): Sentences | undefined {
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
      ? `${lowest}, but ${withSeeds(results)} the difference from ${baselineName(results)} is not significant: ${percent(gain)} lower.`
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
  const kinds = [
    { of: count(1), what: "better" },
    { of: count(-1), what: "worse" },
    { of: count(0), what: "not significantly different" },
  ].filter(({ of }) => of > 0);
  const counted = kinds.map(
    ({ of, what }, i) => `${i === 0 ? many(of, "arm") : word(of)} ${of === 1 ? "is" : "are"} ${what}`,
  );
  return [{ about: "All arms", text: `Compared with ${baselineWord(results)}, ${listed(counted)}.` }];
}

interface Finding {
  readonly modality: string;
  /** The unit of its loss. */
  readonly unit: string;
  readonly lead: string;
  readonly rest: readonly Sentence[];
}

interface Sentence {
  /** The topic in a word: "Together". */
  readonly about: string;
  readonly text: string;
}

/** The sentences of a finding. */
type Sentences = Pick<Finding, "lead" | "rest">;

/** Undefined if a factor is not a part, or if there is no factorial analysis. */
function factorialFinding(results: AblationResults, main: MeasureAnswer, other?: MeasureAnswer): Sentences | undefined {
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

/** The factor from a loss to per cent of the loss of the arm without factors; undefined if that arm has no loss. */
function scaleOf(results: AblationResults, measure: MeasureAnswer): number | undefined {
  const none = meanOf(measure, factorsOf(results)?.armOf([]));
  return none === undefined || none === 0 ? undefined : 100 / none;
}

/** An estimate of a loss, in per cent of the loss of the arm without factors. */
export function inPercent(results: AblationResults, measure: MeasureAnswer, estimate: Estimate): Estimate | undefined {
  const scale = scaleOf(results, measure);
  return scale === undefined || !Number.isFinite(estimate.estimate) ? undefined : scaled(estimate, scale);
}

function jointGain(results: AblationResults, measure: MeasureAnswer): Estimate | undefined {
  const [factorial, factors] = [factorialIn(results, measure), factorsOf(results)];
  const own = baselineHasNone(results) ? armAnswer(measure, factors?.armOf(factors.names))?.gainPercent : undefined;
  return factorial && (own ?? inPercent(results, measure, factorial.synergy.joint));
}

/** The gain of each factor alone over the arm without factors, or the average over the other factors. */
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
  const single = shown.map(({ label, gain }) =>
    gain.estimate >= 0 ? `${label} ${percent(gain)}` : `${label} raises it by ${percent(mirrored(gain))}`,
  );
  const how = baselineHasNone(results) ? "" : "On average over the others: ";
  if (shown.length === 0) return `${how}no gain is significant ${withSeeds(results)}.`.replace(/^n/, "N");
  return `${how}${single.join(", ")}${open.length === 0 ? "" : `; ${listed(open)}: not significant ${withSeeds(results)}`}.`;
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
  if (sign === undefined) return `Together they give ${whole}; the sum of their single gains is ${parts}.`;
  if (sign === 0)
    return `It is not significant whether they give more or less than the sum of their single gains ${how}.`;
  return `They give ${sign > 0 ? "more" : "less"} than the sum of their single gains ${how}.`;
}

function matching(results: AblationResults, measure: MeasureAnswer): string {
  const factors = factorsOf(results);
  const match = armAnswer(measure, factors?.armOf(factors.names))?.match;
  const name = baselineWord(results);
  return match === undefined ? "" : `${name[0]?.toUpperCase()}${name.slice(1)}'s final loss ${reaching(match)}.`;
}

/** A sentence if another arm than the one with all parts has the lowest loss. */
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

/** A sentence about the widened baseline, if it has a gain. */
function widenedSentences(results: AblationResults, measure: MeasureAnswer): Sentence[] {
  return extraArms(results).flatMap((index) => {
    const arm = results.arms[index];
    const gain = armAnswer(measure, index)?.gainPercent;
    if (arm === undefined || gain === undefined || !isWidened(results, arm)) return [];
    const who = isOwnership(results) ? "A dense model" : "The baseline, widened to a model";
    const more = arm.flops / (baselineOf(results)?.flops ?? Number.NaN);
    const price = Number.isFinite(more) ? `, with ${more.toFixed(2)} times the FLOPs per step` : "";
    return [
      { about: "Size", text: `${who} with as many parameters in total ${change(gain, "loss", results)}${price}.` },
    ];
  });
}

/** A note about an extra arm. */
export function extraNote(results: AblationResults, arm: ResultArm): string {
  const set = beyondAxes(results, arm).map((path) => `${path} = ${JSON.stringify(arm.settings[path])}`);
  const settings = set.length === 0 ? "" : `; it sets ${set.join(", ")}`;
  if (!isWidened(results, arm)) return `${quoted(arm)} is not a point of the design${settings}.`;
  const who = isOwnership(results) ? "a dense model" : "the baseline, widened: a model";
  const total = amount(arm.parameters.total);
  return `${quoted(arm)} is ${who} with as many parameters in total as the largest arm (${total}); its gain comes from its size${settings}.`;
}
