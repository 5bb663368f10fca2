// Loss curves of an ablation: an arm's is the mean over its seeds, smoothed; a few stand out, the others lie behind.
import type { Answer, MeasureAnswer, ModalityAnswer } from "../../ablate/answer.js";
import type { AblationResults, ResultRun } from "../../ablate/results.js";
import { lineChart, type Series } from "../chart.js";
import { type Point, smoothed, thinned } from "../curves.js";
import { factorsOf } from "./factors.js";
import { extraArms, measuresOf, ranked } from "./reading.js";
import { MEASURES } from "./words.js";

const HIGHLIGHTED = 6;
const COLOURS = 6;
/** Numbers of colours, after the first ones: of arms that lie behind, of the baseline, of arms beside the design. */
const BEHIND = 0;
const BASELINE = 7;
const EXTRA = 8;
/** Of the steps, before which a curve may be cut off: the first fall is the same for all, and hides what comes after. */
const FALL = 0.25;

/** One for each modality and measure; an arm that stands out has one colour in all of them. */
export function lossCharts(results: AblationResults, { modalities, window }: Answer): string[] {
  // What stands out held out does so in training.
  const litOf = (modality: ModalityAnswer): number[] =>
    measuresOf(modality)
      .slice(0, 1)
      .flatMap((measure) => highlighted(results, measure));
  const plain = [...new Set(modalities.flatMap(litOf))].filter(
    (arm) => arm !== results.baseline && results.arms[arm]?.kind === "grid",
  );
  const colorOf = (arm: number): number => {
    if (arm === results.baseline) return BASELINE;
    return plain.includes(arm) ? (plain.indexOf(arm) % COLOURS) + 1 : EXTRA;
  };
  return modalities.flatMap((modality) =>
    measuresOf(modality).map((measure) =>
      lineChart({
        title: modality.modality,
        unit: `${MEASURES[measure.measure].loss}, ${modality.unit}`,
        series: seriesOf(results, modality.modality, measure, window, litOf(modality), colorOf),
        shownFrom: FALL * results.steps,
      }),
    ),
  );
}

function seriesOf(
  results: AblationResults,
  modality: string,
  measure: MeasureAnswer,
  window: number,
  lit: readonly number[],
  colorOf: (arm: number) => number,
): Series[] {
  const points = results.arms.map((_, arm) => curveOf(results, arm, modality, measure, window));
  const behind = points.flatMap((own, arm) => (lit.includes(arm) || own.length === 0 ? [] : [own]));
  const others = behind.map(
    (own, i): Series => ({
      label: i === 0 ? `${behind.length} other ${behind.length === 1 ? "arm" : "arms"}` : "",
      points: thinned(own, 100),
      look: "faint",
      color: BEHIND,
    }),
  );
  const front = lit.map(
    (arm): Series => ({
      label: results.arms[arm]?.label ?? "",
      points: thinned(points[arm] ?? [], 200),
      look: "line",
      color: colorOf(arm),
    }),
  );
  return [...others, ...front];
}

/** The baseline, that with all parts, the best, the best of one part, those beside the design, then by their losses. */
function highlighted(results: AblationResults, measure: MeasureAnswer): number[] {
  const factors = factorsOf(results);
  const order = ranked(measure, results);
  const singles = order.filter((arm) => factors?.names.some((part) => factors.armOf([part]) === arm));
  const wanted = [
    results.baseline,
    factors?.armOf(factors.names),
    order[0],
    singles[0],
    ...extraArms(results).slice(0, 2),
  ];
  const rest =
    order.length <= HIGHLIGHTED ? order : factors === undefined ? order.slice(0, 2).concat(order.slice(-1)) : [];
  const known = [...wanted, ...rest].filter((arm) => arm !== undefined);
  const chosen = [...new Set(known)].slice(0, HIGHLIGHTED);
  return factors === undefined ? chosen.sort((a, b) => a - b) : chosen;
}

/** Means over runs, at the steps that all of them have. */
function curveOf(
  { runs }: AblationResults,
  arm: number,
  modality: string,
  { measure }: MeasureAnswer,
  window: number,
): Point[] {
  const curves = runs
    .filter((run) => run.arm === arm && run.state === "done")
    .map((run) => pointsOf(run[measure], modality));
  const drawn = curves
    .filter((points) => points.length > 0)
    .map((points) => (measure === "training" ? smoothed(points, window) : points));
  const sums = new Map<number, { sum: number; count: number }>();
  for (const { x, y } of drawn.flat()) {
    const { sum, count } = sums.get(x) ?? { sum: 0, count: 0 };
    sums.set(x, { sum: sum + y, count: count + 1 });
  }
  return [...sums]
    .filter(([, { count }]) => count === drawn.length)
    .map(([x, { sum, count }]) => ({ x, y: sum / count }))
    .sort((a, b) => a.x - b.x);
}

function pointsOf(curves: ResultRun["training"], modality: string): Point[] {
  const { steps, losses } = curves[modality] ?? { steps: [], losses: [] };
  return steps.map((x, i) => ({ x, y: losses[i] ?? Number.NaN })).filter(({ y }) => Number.isFinite(y));
}
