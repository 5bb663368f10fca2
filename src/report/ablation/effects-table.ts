// The table of a factorial analysis for one modality: every effect on the loss, and the synergy of all factors.
import type { Effect, Estimate, Factorial, MeasureAnswer, ModalityAnswer } from "../../ablate/answer.js";
import type { AblationResults } from "../../ablate/results.js";
import { inPercent } from "./factorial-finding.js";
import { factorialIn, factorsOf } from "./factors.js";
import { decimalsOf, isSure, lossDecimals, NONE, probability, range, signed } from "./numbers.js";
import { meanOf, measuresOf } from "./reading.js";
import type { Cell, Table } from "./table.js";
import { MEASURES } from "./words.js";

interface Told {
  readonly measure: MeasureAnswer;
  readonly factorial: Factorial;
}

/** Undefined where there is no analysis. */
export function effectsTable(results: AblationResults, modality: ModalityAnswer): Table | undefined {
  const told = measuresOf(modality).flatMap((measure): Told[] => {
    const factorial = factorialIn(results, measure);
    return factorial === undefined ? [] : [{ measure, factorial }];
  });
  const [first] = told;
  if (first === undefined) return undefined;
  const row = (text: string, strong: boolean, estimateOf: (factorial: Factorial) => Estimate | undefined): Cell[] => [
    { text, strong },
    ...told.flatMap(({ measure, factorial }) => cells(results, measure, estimateOf(factorial))),
  ];
  const same = (a: Effect, b: Effect): boolean => a.factors.join() === b.factors.join();
  const effects = first.factorial.effects.map((effect) =>
    row(effect.factors.join(" × "), effect.factors.length === 1, (other) =>
      other.effects.find((one) => same(one, effect)),
    ),
  );
  const synergy = [
    row("gain of all together", false, (factorial) => factorial.synergy.joint),
    row("sum of their single gains", false, (factorial) => factorial.synergy.sum),
    row("synergy: the first less the second", true, (factorial) => factorial.synergy.difference),
  ];
  const several = first.factorial.factors.length > 1;
  return {
    groups: [
      { label: "", columns: 1 },
      ...told.map(({ measure }) => ({ label: MEASURES[measure.measure].title, columns: 3 })),
    ],
    heads: ["Effect of", ...told.flatMap(() => ["On the loss", "In %", "p"])],
    parts: [{ rows: effects }, ...(several ? [{ label: "Gains: positive lowers the loss", rows: synergy }] : [])],
  };
}

function cells(results: AblationResults, measure: MeasureAnswer, estimate: Estimate | undefined): Cell[] {
  if (estimate === undefined || !Number.isFinite(estimate.estimate))
    return [NONE, NONE, NONE].map((text) => ({ text }));
  const decimals = lossDecimals(meanOf(measure, factorsOf(results)?.armOf([]))) + 1;
  const relative = inPercent(results, measure, estimate);
  const strong = isSure(estimate);
  const cell = (text: string, note: string | undefined): Cell => ({ text, ...(note && { note }), strong });
  return [
    cell(signed(estimate.estimate, decimals), range(estimate, decimals)),
    relative === undefined
      ? { text: NONE }
      : cell(signed(relative.estimate, decimalsOf(relative)), range(relative, decimalsOf(relative))),
    { text: probability(estimate.pCorrected) },
  ];
}

/** What the table's signs mean. */
export const EFFECTS_NOTE =
  "Effects are changes of the loss: negative lowers it. Gains are positive where it is lower. Two-sided p, that the number is zero, corrected by Holm for the number of comparisons.";
