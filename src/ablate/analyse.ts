// Computes the answer of an ablation from the measurements of its runs.
import { smoothingWindow } from "../train/metrics.js";
import { type AdditiveModel, fitAdditive } from "./additive-model.js";
import type { Answer, ArmAnswer, Estimate, Factorial, Match, Measure, MeasureAnswer } from "./answer.js";
import { deviationOf, geometricMean, meanOf, scaled } from "./estimate.js";
import { type FactorialDesign, factorialDesign, factorialOf } from "./factorial-design.js";
import { corrected } from "./holm.js";
import type { AblationResults, Curve } from "./results.js";

/** A finished run with a finite final loss. */
interface Ended {
  /** Its finite points. */
  readonly curve: Curve;
  readonly smooth: Curve;
  readonly loss: number;
}

/** By arm, by seed. */
type Table = readonly (readonly (Ended | undefined)[])[];

/** Leaves out what cannot be computed because runs are missing, and the validation of a modality that no run has. */
export function answer(results: AblationResults): Answer {
  const window = smoothingWindow(results.steps);
  const design = factorialDesign(results);
  const measured = (modality: string, measure: Measure): MeasureAnswer[] => {
    const table = tableOf(results, modality, measure, measure === "training" ? window : 1);
    if (measure === "validation" && table.flat().every((run) => run === undefined)) return [];
    return [measureAnswer(results, design, measure, table)];
  };
  return {
    modalities: results.modalities.map(({ name, unit }) => ({
      modality: name,
      unit,
      measures: [...measured(name, "training"), ...measured(name, "validation")],
    })),
    window,
  };
}

function tableOf(results: AblationResults, modality: string, measure: Measure, window: number): Table {
  const ended = (arm: number, seed: number): Ended | undefined => {
    const run = results.runs.find((one) => one.arm === arm && one.seed === seed);
    const curve = run?.state === "done" ? run[measure][modality] : undefined;
    const loss = curve && finalLoss(curve, window);
    return curve && loss !== undefined
      ? { curve: smoothed(curve, 1), smooth: smoothed(curve, window), loss }
      : undefined;
  };
  return results.arms.map((_, arm) => results.seeds.map((seed) => ended(arm, seed)));
}

function measureAnswer(
  { arms, baseline }: AblationResults,
  design: FactorialDesign | string,
  measure: Measure,
  table: Table,
): MeasureAnswer {
  const losses = table.map((row) => row.map((run) => run?.loss));
  const model = fitAdditive(losses);
  const gains = gainsOf(losses, baseline, model);
  return {
    measure,
    arms: arms.map((_, arm): ArmAnswer => {
      const finished = (losses[arm] ?? []).filter((loss) => loss !== undefined);
      return {
        arm,
        losses: losses[arm] ?? [],
        mean: finished.length > 0 ? meanOf(finished) : undefined,
        deviation: deviationOf(finished),
        ...comparison(arms, baseline, arm, measure, table, gains),
      };
    }),
    residual: model.residual,
    factorial: factorialIn(arms, design, losses, model),
  };
}

/** The gain of each arm over the baseline: one family of comparisons. */
function gainsOf(
  losses: readonly (readonly (number | undefined)[])[],
  baseline: number | undefined,
  { contrast }: AdditiveModel,
): ReadonlyMap<number, Estimate> {
  const found = [...losses.keys()].flatMap((arm) => {
    if (baseline === undefined || arm === baseline) return [];
    const gain = contrast(losses.map((_, index) => Number(index === baseline) - Number(index === arm)));
    return gain === undefined ? [] : [{ arm, gain }];
  });
  const gains = corrected(found.map(({ gain }) => gain));
  return new Map(found.map(({ arm }, i) => [arm, gains[i] as Estimate]));
}

function comparison(
  arms: AblationResults["arms"],
  baseline: number | undefined,
  arm: number,
  measure: Measure,
  table: Table,
  gains: ReadonlyMap<number, Estimate>,
): Pick<ArmAnswer, "gain" | "gainPercent" | "match"> {
  const [ours, theirs] = [arms[arm], baseline === undefined ? undefined : arms[baseline]];
  if (baseline === arm || ours === undefined || theirs === undefined) {
    return { gain: undefined, gainPercent: undefined, match: undefined };
  }
  const gain = gains.get(arm);
  const row = table[baseline as number] ?? [];
  const pairs = row.flatMap((run, seed): Pair[] => {
    const own = table[arm]?.[seed];
    const goal = run && own && goalOf(run, measure);
    return goal ? [{ ...goal, arm: own.curve }] : [];
  });
  return {
    gain,
    gainPercent: gain && inPercent(gain, meanOf(row.flatMap((run) => run?.loss ?? []))),
    match: matchOf(pairs, ours.flops / theirs.flops, CROSSINGS[measure]),
  };
}

/**
 * The target loss, and the step at which the baseline reached it. A held-out loss can rise again when a model overfits. Then
 * the baseline reached its final loss earlier, and comparing with its end would flatter every arm.
 * Undefined if the baseline has this loss at its first point after the start, since the step is then unknown.
 */
function goalOf({ curve, smooth }: Ended, measure: Measure): Pick<Pair, "target" | "end"> | undefined {
  const [end, target] = [smooth.steps.at(-1), smooth.losses.at(-1)];
  if (end === undefined || target === undefined) return undefined;
  const place = measure === "validation" ? firstCrossing(curve, target) : undefined;
  return place?.atMost ? undefined : { target, end: place?.step ?? end };
}

/** Relative to the baseline's measured mean loss, whose own uncertainty is not part of the interval. */
const inPercent = (gain: Estimate, baseline: number): Estimate | undefined =>
  baseline > 0 ? scaled(gain, 100 / baseline) : undefined;

function factorialIn(
  arms: AblationResults["arms"],
  design: FactorialDesign | string,
  losses: readonly (readonly (number | undefined)[])[],
  model: AdditiveModel,
): Factorial | string {
  if (typeof design === "string") return design;
  const without = design.cells.find((arm) => losses[arm]?.every((loss) => loss === undefined));
  if (without === undefined) return factorialOf(design, model);
  return `No run of \`${arms[without]?.label}\` has a final loss, and effects need every arm of the grid.`;
}

/**
 * The mean of the last `window` points, or of all if there are fewer, since the loss of a single batch is noisy.
 * Undefined if there are no points, or one of them is not finite.
 */
function finalLoss({ losses }: Curve, window: number): number | undefined {
  const last = meanOf(losses.slice(-window));
  return Number.isFinite(last) ? last : undefined;
}

/**
 * Moving averages over `window` points, each at the mean of their steps, so that the curve does not lag. Points that are
 * not finite are skipped. A curve of n points has n − window + 1 averages, or one if it is shorter.
 */
export function smoothed({ steps, losses }: Curve, window: number): Curve {
  const kept = [...losses.keys()].filter((index) => Number.isFinite(losses[index]));
  const width = Math.min(window, kept.length);
  const means = (values: readonly number[]): number[] => {
    const sums = [0];
    for (const index of kept) sums.push((sums.at(-1) as number) + (values[index] as number));
    return Array.from(
      { length: width === 0 ? 0 : kept.length - width + 1 },
      (_, from) => ((sums[from + width] as number) - (sums[from] as number)) / width,
    );
  };
  return { steps: means(steps), losses: means(losses) };
}

/** The curves of one seed. */
interface Pair {
  /** The baseline's final loss, and the step at which it reached it. */
  readonly target: number;
  readonly end: number;
  /** As measured. */
  readonly arm: Curve;
}

/** The step at which a curve falls to a loss; undefined if it does not. */
type Crossing = (curve: Curve, target: number) => Place | undefined;

interface Place {
  readonly step: number;
  /** Whether this is the curve's first point after the start, so the loss may have been reached earlier. */
  readonly atMost: boolean;
}

/**
 * @param pairs one for each seed for which both arms were trained
 * @param flops of an update of the arm, divided by those of the baseline
 * @returns undefined if no seed can be compared
 */
function matchOf(pairs: readonly Pair[], flops: number, crossing: Crossing): Match | undefined {
  const shares = pairs.map((pair) => shareToMatch(pair, crossing)).filter((share) => share !== undefined);
  const reached = shares.filter((share) => share !== "never");
  if (shares.length === 0) return undefined;
  if (reached.length < shares.length) {
    return { reached: reached.length === 0 ? "none" : "some", by: reached.length, of: shares.length };
  }
  const steps = scaled(geometricMean(reached.map(({ share }) => share)), 100);
  if (!reached.some(({ atMost }) => atMost)) return { reached: "all", steps, flops: scaled(steps, flops) };
  // Upper bounds have no interval.
  const bound = { estimate: steps.estimate };
  return { reached: "all", steps: bound, flops: scaled(bound, flops), atMost: true };
}

/** The steps that the arm needs to reach the baseline's final loss, as a share of the baseline's steps. */
function shareToMatch({ target, end, arm }: Pair, crossing: Crossing): Share | "never" | undefined {
  if (end <= 0 || arm.steps.length === 0) return undefined;
  const place = crossing(arm, target);
  return place === undefined ? "never" : { share: place.step / end, atMost: place.atMost };
}

interface Share extends Omit<Place, "step"> {
  readonly share: number;
}

/**
 * For curves with little noise: the first crossing of `target`, with linear interpolation between points.
 * If the first point of all is already below, the result is an upper bound.
 */
const firstCrossing: Crossing = (curve, target) => {
  const index = curve.losses.findIndex((loss) => loss <= target);
  return index === -1 ? undefined : between(curve, index, target);
};

/**
 * For curves with the noise of a batch on each point: the step at which the closest decreasing curve (least squares) crosses
 * `target`. There the sum of all earlier losses, minus `target` each, is greatest (Groeneboom, "Estimating a monotone
 * density", 1985). The first low point of a smoothed curve would be biased, because noise reaches the target too early: on
 * 2 + 5/√step with noise of 0.1, an arm equal to the baseline would match after about 77 % of 1000 steps.
 */
const fallingCrossing: Crossing = (curve, target) => {
  let [sum, greatest, index] = [0, 0, 0];
  for (const [i, loss] of curve.losses.entries()) {
    sum += loss - target;
    if (sum > greatest) [greatest, index] = [sum, i + 1];
  }
  return index === curve.losses.length ? undefined : between(curve, index, target);
};

/** Interpolates between the previous point, which is above `target`, and one that is not. */
function between({ steps, losses }: Curve, index: number, target: number): Place {
  const [step, loss] = [steps[index] as number, losses[index] as number];
  const [before, higher] = [steps[index - 1], losses[index - 1]];
  if (before === undefined || higher === undefined) return { step, atMost: step > 0 };
  return { step: before + ((higher - target) / (higher - loss)) * (step - before), atMost: false };
}

/** Every validation uses the same documents, so its loss has little noise. */
const CROSSINGS: Readonly<Record<Measure, Crossing>> = { training: fallingCrossing, validation: firstCrossing };
