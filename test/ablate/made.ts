// Synthetic results, from the losses or curves of arms, or from the table of a factorial.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Answer, ArmAnswer, Estimate, Factorial, MeasureAnswer } from "../../src/ablate/answer.js";
import type { AblationResults, Curve, ResultArm } from "../../src/ablate/results.js";

/** A run's training curve, a final loss alone, or undefined for a run that failed. */
export type Made = Curve | number | undefined;

export const arm = (label: string, settings: ResultArm["settings"] = {}, flops = 100): ResultArm => ({
  label,
  settings,
  kind: "grid",
  parameters: { total: 1, active: 1 },
  flops,
});

/** Results without axes. The first arm is the baseline, and validation curves equal training curves. */
export function madeResults(
  arms: readonly ResultArm[],
  runs: readonly (readonly Made[])[],
  more: Partial<AblationResults> = {},
): AblationResults {
  const seeds = (runs[0] ?? []).map((_, seed) => seed + 1);
  const curveOf = (made: Made): Curve => (typeof made === "object" ? made : { steps: [10], losses: [made ?? 0] });
  return {
    name: "made",
    spec: "",
    axes: [],
    arms,
    baseline: 0,
    seeds,
    modalities: [{ name: "text", unit: "nats per token" }],
    steps: 10,
    runs: runs.flatMap((row, index) =>
      row.map((made, seed) => {
        const curves = made === undefined ? {} : { text: curveOf(made) };
        const state = made === undefined ? "failed" : "done";
        return { arm: index, seed: seed + 1, id: `${index}-${seed}`, state, training: curves, validation: curves };
      }),
    ),
    clock: { devices: [], seconds: 0 },
    ...more,
  };
}

export interface Table {
  readonly factors: readonly string[];
  /** Losses by the factors that are on, such as "in_proj + x_proj", and by seed. */
  readonly losses: Readonly<Record<string, readonly (number | null)[]>>;
}

export const fromFile = <T>(name: string): T =>
  JSON.parse(readFileSync(fileURLToPath(new URL(`factorial/${name}.json`, import.meta.url)), "utf8"));

/** Results of all subsets of the factors. Factors are parts to decouple, and the baseline decouples nothing. */
export function tableResults({ factors, losses }: Table): AblationResults {
  const subsets = Object.keys(losses).map((name) => (name === "" ? [] : name.split(" + ")));
  return madeResults(
    subsets.map((parts) => arm(parts.join(" + ") || "none", { "mixer.decouple": parts })),
    Object.values(losses).map((row) => row.map((loss) => loss ?? undefined)),
    { axes: [{ path: "mixer.decouple", values: subsets, subsetsOf: factors }] },
  );
}

export function measureOf({ modalities }: Answer, measure = "training"): MeasureAnswer {
  const found = modalities[0]?.measures.find((one) => one.measure === measure);
  if (found === undefined) throw new Error(`no ${measure}`);
  return found;
}

export const armOf = (answer: Answer, index: number, measure = "training"): ArmAnswer =>
  measureOf(answer, measure).arms[index] as ArmAnswer;

export function factorialIn(answer: Answer): Factorial {
  const { factorial } = measureOf(answer);
  if (typeof factorial === "string") throw new Error(factorial);
  return factorial;
}

export const covers = ({ low = Number.NaN, high = Number.NaN }: Estimate, value: number): boolean =>
  low <= value && value <= high;
