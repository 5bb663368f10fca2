// What is drawn of effects: each factor alone beside all together, main effects with interactions, or gains of arms.
import type { MeasureAnswer, ModalityAnswer } from "../../ablate/answer.js";
import type { AblationResults } from "../../ablate/results.js";
import { inPercent, singleGains } from "./factorial-finding.js";
import { baselineHasNone, factorialIn, factorsOf } from "./factors.js";
import { type ForestRow, forestFigure } from "./forest.js";
import { armAnswer, baselineOf } from "./reading.js";
import { MEASURES } from "./words.js";

/** With more effects than that, those of three and more factors are left to the table. */
const DRAWN = 21;
const ARMS = 32;

/** Each factor's own gain, their sum, and the gain of all: whether the whole is more than its parts. */
export function synergyFigure(results: AblationResults, modality: ModalityAnswer, measure: MeasureAnswer): string {
  const factorial = factorialIn(results, measure);
  if (factorial === undefined || factorial.factors.length < 2) return "";
  const singles = baselineHasNone(results) ? singleGains(results, measure) : [];
  const { joint, sum, difference } = factorial.synergy;
  const totals = [
    { label: "sum of these", estimate: inPercent(results, measure, sum), apart: singles.length > 0 },
    { label: "all together", estimate: inPercent(results, measure, joint), strong: true },
    { label: "synergy", estimate: inPercent(results, measure, difference), apart: true, strong: true },
  ].flatMap(({ estimate, ...row }): ForestRow[] => (estimate === undefined ? [] : [{ ...row, estimate }]));
  return forestFigure({
    title: modality.modality,
    unit: `gain, % of the ${MEASURES[measure.measure].loss}`,
    rows: [...singles.map(({ label, gain }) => ({ label: `${label} alone`, estimate: gain })), ...totals],
    better: 1,
  });
}

/** Main effects and interactions. */
export function effectsFigure(results: AblationResults, modality: ModalityAnswer, measure: MeasureAnswer): string {
  const factorial = factorialIn(results, measure);
  if (factorial === undefined) return "";
  const few = factorial.effects.length <= DRAWN;
  const drawn = factorial.effects.filter(({ factors }) => few || factors.length <= 2);
  const relative = drawn.map((effect) => inPercent(results, measure, effect));
  const inLoss = relative.some((estimate) => estimate === undefined);
  const { long, short } = namesOf(results, factorial.factors);
  const rows = drawn.map(
    (effect, i): ForestRow => ({
      label: effect.factors.map(effect.factors.length === 1 ? long : short).join(" × "),
      estimate: (inLoss ? effect : relative[i]) ?? effect,
      apart: i > 0 && effect.factors.length !== drawn[i - 1]?.factors.length,
      strong: effect.factors.length === 1,
    }),
  );
  const what = MEASURES[measure.measure].loss;
  const unit = inLoss ? `change of the ${what}` : `change of the ${what}, %`;
  return forestFigure({ title: modality.modality, unit, rows, better: -1 });
}

/** Gains of all arms, where there is no factorial analysis that says more. */
export function gainsFigure(results: AblationResults, modality: ModalityAnswer, measure: MeasureAnswer): string {
  const told = factorialIn(results, measure) !== undefined;
  if (told || baselineOf(results) === undefined || results.arms.length > ARMS) return "";
  const rows = results.arms.flatMap(({ label, kind }, index): ForestRow[] => {
    const gain = armAnswer(measure, index)?.gainPercent;
    return gain === undefined ? [] : [{ label, estimate: gain, apart: kind === "extra" }];
  });
  const unit = `gain, % of the baseline's ${MEASURES[measure.measure].loss}`;
  return forestFigure({ title: modality.modality, unit, rows, better: 1 });
}

/** What factors are called alone, and among several: `in` for `in_proj`, where all end alike. */
function namesOf(results: AblationResults, all: readonly string[]): Record<"long" | "short", (name: string) => string> {
  const { names = [], labels = [] } = factorsOf(results) ?? {};
  const long = (name: string): string => labels[names.indexOf(name)] ?? name;
  const ending = /_[^_]+$/.exec(all[0] ?? "")?.[0];
  const alike = ending !== undefined && all.length > 1 && all.every((name) => name.endsWith(ending));
  return { long, short: (name) => (alike ? name.slice(0, -ending.length) : long(name)) };
}
