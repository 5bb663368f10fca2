// From what an ablation's runs measured to what it says.

import { smoothingWindow } from "../train/metrics.js";
import { type AdditiveModel, fitAdditive } from "./additive-model.js";
import type { Answer, ArmAnswer, Estimate, Factorial, Measure, MeasureAnswer } from "./answer.js";
import { deviationOf, meanOf, scaled } from "./estimate.js";
import { factorialOf } from "./factorial.js";
import { type FactorialDesign, factorialDesign } from "./factorial-design.js";
import { finalLoss, smoothed } from "./final-loss.js";
import { corrected } from "./holm.js";
import { type Crossing, fallingCrossing, firstCrossing, matchOf, type Pair } from "./match.js";
import type { AblationResults, Curve } from "./results.js";

/** A run that counts: done, and with a finite loss in the end. */
interface Ended {
  /** Its finite points. */
  readonly curve: Curve;
  readonly smooth: Curve;
  readonly loss: number;
}

/** Validation is on the same documents each time, so that its loss has little noise. */
const CROSSINGS: Readonly<Record<Measure, Crossing>> = { training: fallingCrossing, validation: firstCrossing };

/** By arm, by seed. */
type Table = readonly (readonly (Ended | undefined)[])[];

/** What is not told for want of runs is left out of it; of validation, where no run of a modality has any. */
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

/** Of each arm over the baseline: one group of comparisons. */
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
 * What is to be reached, and when the baseline reached it. A held-out loss may rise again where a model learns its data
 * by heart: then the baseline was there before its end, and to be compared with its end would flatter every arm.
 * Undefined where it was there at its first point after the beginning: when it reached the loss is then not known.
 */
function goalOf({ curve, smooth }: Ended, measure: Measure): Pick<Pair, "target" | "end"> | undefined {
  const [end, target] = [smooth.steps.at(-1), smooth.losses.at(-1)];
  if (end === undefined || target === undefined) return undefined;
  const place = measure === "validation" ? firstCrossing(curve, target) : undefined;
  return place?.atMost ? undefined : { target, end: place?.step ?? end };
}

/** Of the baseline's mean loss as it was measured: how far that itself is uncertain is not in the interval. */
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
