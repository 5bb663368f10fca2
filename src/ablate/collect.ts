// Collects the measurements of an ablation's runs for its answer and report.

import { damagedMetrics } from "../train/errors.js";
import type { MetricRecord } from "../train/metrics.js";
import { parseMetrics, parseTiming, spentBy } from "../train/metrics.js";
import { pathIn, type Run } from "../train/run-folder.js";
import type { AblationDesign } from "./design-file.js";
import { type AblationFolder, runOf, stateOf, type VariantState } from "./folder.js";
import type { AblationResults, Curve, ResultRun } from "./results.js";

/** @throws Failure if a variant's metrics are damaged */
export function collect(folder: AblationFolder, design: AblationDesign): AblationResults {
  const states = design.runs.map(({ id }) => stateOf(folder, id));
  const runs = design.runs.map((run, i) => runResult(folder, run, states[i] as VariantState, design));
  const done = design.runs.filter((_, i) => states[i]?.state === "done").map(({ id }) => id);
  const devices = states.flatMap((state) => (state.state === "done" ? [state.device] : []));
  return {
    ...design,
    runs,
    clock: {
      devices: [...new Set(devices)].sort(),
      seconds: done.reduce((sum, id) => sum + secondsOf(runOf(folder, id)), 0),
    },
  };
}

function runResult(
  folder: AblationFolder,
  { id, arm, seed }: AblationDesign["runs"][number],
  state: VariantState,
  { modalities }: AblationDesign,
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
