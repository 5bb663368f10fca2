// Queries on the results of an ablation: the baseline, the best arm, the extra arms, the measures.
import type { ArmAnswer, MeasureAnswer, ModalityAnswer } from "../../ablate/answer.js";
import type { AblationResults, ResultArm, ResultRun } from "../../ablate/results.js";

export const baselineOf = ({ arms, baseline }: AblationResults): ResultArm | undefined =>
  baseline === undefined ? undefined : arms[baseline];

export const armAnswer = ({ arms }: MeasureAnswer, arm: number | undefined): ArmAnswer | undefined =>
  arms.find((one) => one.arm === arm);

export const meanOf = (measure: MeasureAnswer, arm: number | undefined): number | undefined =>
  finite(armAnswer(measure, arm)?.mean);

/** Validation, then training. A measure without numbers is omitted. */
export function measuresOf({ measures }: ModalityAnswer): MeasureAnswer[] {
  const measured = measures.filter(({ arms }) => arms.some(({ mean }) => finite(mean) !== undefined));
  return (["validation", "training"] as const).flatMap((name) => measured.filter(({ measure }) => measure === name));
}

/** Indices of the design's arms that have a mean, lowest loss first, without extra arms. */
export function ranked(measure: MeasureAnswer, { arms }: AblationResults): number[] {
  const means = measure.arms.flatMap(({ arm, mean = Number.NaN }) =>
    arms[arm]?.kind === "grid" && Number.isFinite(mean) ? [{ arm, mean }] : [],
  );
  return means.sort((a, b) => a.mean - b.mean).map(({ arm }) => arm);
}

/** Indices of the extra arms, which are not points of the design. */
export const extraArms = ({ arms }: AblationResults): number[] =>
  arms.flatMap(({ kind }, index) => (kind === "extra" ? [index] : []));

/** Paths that an arm sets and no axis varies. */
export const beyondAxes = ({ axes }: AblationResults, { settings }: ResultArm): string[] =>
  Object.keys(settings).filter((path) => axes.every((axis) => axis.path !== path));

/** Whether an extra arm is the baseline with as many parameters as the largest arm, to within a few per cent. */
export function isWidened(results: AblationResults, arm: ResultArm): boolean {
  const baseline = baselineOf(results);
  if (arm.kind !== "extra" || baseline === undefined || !beyondAxes(results, arm).includes("model.d_model"))
    return false;
  const largest = largestTotal(results);
  return Math.abs(arm.parameters.total - largest) < 0.1 * largest;
}

export const largestTotal = ({ arms }: AblationResults): number =>
  Math.max(...arms.filter(({ kind }) => kind === "grid").map(({ parameters }) => parameters.total));

export const countOf = (runs: readonly ResultRun[], state: ResultRun["state"]): number =>
  runs.filter((run) => run.state === state).length;

export const finite = (value: number | undefined): number | undefined =>
  value !== undefined && Number.isFinite(value) ? value : undefined;
