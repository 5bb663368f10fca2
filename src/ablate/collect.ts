// Collects the measurements of an ablation's runs for its answer and report.

import { damagedMetrics } from "../train/errors.js";
import type { MetricRecord } from "../train/metrics.js";
import { parseMetrics, parseTiming, spentBy } from "../train/metrics.js";
import { pathIn, type Run } from "../train/run-folder.js";
import type { Design, Variant } from "./design.js";
import { type AblationFolder, runOf, stateOf, type VariantState } from "./folder.js";
import type { AblationResults, Curve, ResultArm, ResultRun } from "./results.js";

/** What the design does not contain. */
export interface Costs {
  /** One for each arm. */
  readonly arms: readonly Pick<ResultArm, "parameters" | "flops">[];
  readonly modalities: AblationResults["modalities"];
  /** The spec that varies, as text. */
  readonly spec: string;
}

/** @throws Failure if a variant's metrics are damaged */
export function collect(folder: AblationFolder, design: Design, costs: Costs): AblationResults {
  const states = design.variants.map(({ id }) => stateOf(folder, id));
  const runs = design.variants.map((variant, i) => runResult(folder, variant, states[i] as VariantState, costs));
  const done = design.variants.filter((_, i) => states[i]?.state === "done").map(({ id }) => id);
  const devices = states.flatMap((state) => (state.state === "done" ? [state.device] : []));
  return {
    name: design.name,
    spec: costs.spec,
    axes: design.axes,
    arms: design.arms.map(({ label, settings, kind }, i) => ({
      label,
      settings,
      kind,
      ...(costs.arms[i] as Costs["arms"][number]),
    })),
    baseline: design.baseline,
    seeds: design.seeds,
    modalities: costs.modalities,
    steps: Math.max(...design.arms.map(({ spec }) => spec.train.steps)),
    runs,
    clock: {
      devices: [...new Set(devices)].sort(),
      seconds: done.reduce((sum, id) => sum + secondsOf(runOf(folder, id)), 0),
    },
  };
}

function runResult(
  folder: AblationFolder,
  { id, arm, seed }: Variant,
  state: VariantState,
  { modalities }: Costs,
): ResultRun {
  const common = { arm, seed, id, training: {}, validation: {} };
  if (state.state === "failed") return { ...common, state: "failed", reason: state.reason };
  if (state.state !== "done") return { ...common, state: state.state };
  const records = metricsOf(runOf(folder, id));
  const names = modalities.map(({ name }) => name);
  const curves = (kind: MetricRecord["kind"]) =>
    Object.fromEntries(
      names.map((name) => [
        name,
        curveOf(
          records.filter((record) => record.kind === kind),
          name,
        ),
      ]),
    );
  return { ...common, state: "done", training: curves("train"), validation: curves("validation") };
}

/** Only steps whose batch contains the modality. */
function curveOf(records: readonly MetricRecord[], modality: string): Curve {
  const points = records.flatMap(({ step, losses }) => {
    const loss = losses[modality];
    return loss === undefined ? [] : [{ step, loss }];
  });
  return { steps: points.map(({ step }) => step), losses: points.map(({ loss }) => loss) };
}

const textOf = (run: Run, file: "metrics" | "timing"): string => {
  const path = pathIn(run, file);
  return run.disk.exists(path) ? new TextDecoder().decode(run.disk.read(path)) : "";
};

function metricsOf(run: Run): MetricRecord[] {
  const records = parseMetrics(textOf(run, "metrics"));
  if (typeof records === "number") throw damagedMetrics(pathIn(run, "metrics"), records);
  return records;
}

/** Training time over all processes. */
function secondsOf(run: Run): number {
  const records = parseTiming(textOf(run, "timing"));
  if (typeof records === "number") throw damagedMetrics(pathIn(run, "timing"), records);
  return spentBy(records).seconds;
}
