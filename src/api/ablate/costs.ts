// The costs of an ablation before it runs: the parameters of each arm and the FLOPs of an update on its data. Also estimates
// time and disk space from a few steps of some arms in a temporary folder.

import type { Arm, Design, Variant } from "../../ablate/design.js";
import type { Costs } from "../../ablate/design-file.js";
import { type AblationFolder, stateOf, type VariantState } from "../../ablate/folder.js";
import { planned, programsOf, trainingOn } from "../../compile.js";
import type { DataSet } from "../../data/data-set.js";
import type { Disk } from "../../data/disk.js";
import type { CheckedSpec } from "../../front/spec.js";
import type { AdapterSource, OpenDevice } from "../../gpu/dawn.js";
import type { Pipelines } from "../../gpu/pipelines.js";
import { planText } from "../../train/compiled.js";
import { validate } from "../../train/loop.js";
import { openModel } from "../../train/model.js";
import { trainRecorded } from "../../train/recorded.js";
import { closeRun, createRun, pathIn, type Run } from "../../train/run-folder.js";
import type { TuneMode } from "../../tune/tune.js";
import type { Host } from "../host.js";
import { measuredBefore, tuned } from "../tuning.js";
import { lossUnits } from "../units.js";
import { updateCost } from "../update-cost.js";

/** The number of held-out documents with a modality. Each has a marker of the modality that owns the markers. */
const heldOutOf = ({ validation, documents, parts }: DataSet, modality: number): number =>
  modality === parts.vocabulary.owner
    ? validation.length
    : validation.filter((number) => documents[number]?.segments.some((one) => one.modality === modality)).length;

function armCost({ spec }: Arm, dataSet: DataSet): Costs["arms"][number] {
  const { parameters, flops } = updateCost(spec, dataSet);
  return { parameters: { total: parameters.total, active: parameters.active }, flops };
}

/**
 * @param dataSetOf returns the data set of an arm
 * @param spec the text of the base spec
 */
export async function costsOf(
  { arms }: Design,
  spec: string,
  dataSetOf: (spec: CheckedSpec) => Promise<DataSet>,
): Promise<Costs> {
  const costs: Costs["arms"][number][] = [];
  const heldOut = new Map<string, Set<number>>();
  for (const arm of arms) {
    const dataSet = await dataSetOf(arm.spec);
    costs.push(armCost(arm, dataSet));
    arm.spec.model.modalities.forEach(({ name }, m) => {
      heldOut.set(name, (heldOut.get(name) ?? new Set()).add(heldOutOf(dataSet, m)));
    });
  }
  const units = Object.assign({}, ...arms.map((arm) => lossUnits(arm.spec))) as Record<string, string>;
  const ascending = (counts: Iterable<number>): number[] => [...counts].sort((a, b) => a - b);
  const modalities = Object.entries(units).map(([name, unit]) => ({
    name,
    unit,
    heldOut: ascending(heldOut.get(name) ?? []),
  }));
  return { arms: costs, modalities, spec };
}

/** The number of measured steps, after a warm-up step. */
const STEPS = 6;

/** Times in seconds, sizes in bytes. */
interface Measured {
  /** Time to the end of the first step, including kernel compilation and initialization. */
  readonly opening: number;
  readonly step: number;
  readonly validation: number;
  readonly bytesPerStep: number;
  /** The size of spec and plan. */
  readonly bytesOnce: number;
  readonly checkpointBytes: number;
}

export interface Estimate {
  /** Time for the remaining runs, `jobs` at a time. */
  readonly seconds: number;
  /** Disk space at the end, and the peak during training. */
  readonly bytes: number;
  readonly peakBytes: number;
}

export interface EstimateRequest {
  readonly host: Host;
  readonly design: Design;
  readonly folder: AblationFolder;
  readonly costs: Costs;
  readonly dataSetOf: (spec: CheckedSpec) => Promise<DataSet>;
  readonly jobs: number;
  readonly keepWeights: boolean;
  readonly adapter?: AdapterSource | undefined;
  readonly tune: TuneMode;
  /** Called before the steps of an arm are measured on a device. */
  readonly measuring: (arm: Arm, device: string) => void;
}

/** The remaining variants of an ablation, and the estimate for them on this device. */
interface Estimated {
  /** One for each variant. */
  readonly states: readonly VariantState[];
  readonly device: string;
  /** The number of variants that are not done. */
  readonly left: number;
  readonly estimate: Estimate;
}

/** Measures a few arms and estimates the rest. @throws DeviceError if there is no device */
export async function estimated(request: EstimateRequest): Promise<Estimated> {
  const { host, design, folder, costs, jobs, keepWeights } = request;
  const states = design.variants.map(({ id }) => stateOf(folder, id));
  const left = design.variants.filter((_, i) => states[i]?.state !== "done");
  const device = await host.openDevice(request.adapter);
  const pipelines: Pipelines = new Map();
  const measured = new Map<number, Measured>();
  for (const index of armsToMeasure(design, costs)) {
    const arm = design.arms[index] as Arm;
    request.measuring(arm, device.description);
    measured.set(index, await measure(host, arm, await request.dataSetOf(arm.spec), device, pipelines, request.tune));
  }
  const found = estimate(costs, measured, left, { jobs, keepWeights });
  return { states, device: device.description, left: left.length, estimate: found };
}

const sizeOf = (disk: Disk, path: string): number =>
  disk.isFolder(path)
    ? disk.list(path).reduce((sum, name) => sum + sizeOf(disk, disk.paths.join(path, name)), 0)
    : disk.stamp(path).size;

/** Measures the first steps of an arm on a device. */
async function measure(
  host: Host,
  arm: Arm,
  dataSet: DataSet,
  device: OpenDevice,
  pipelines: Pipelines,
  tune: TuneMode,
): Promise<Measured> {
  const { disk } = host;
  const begun = Date.now();
  const { profile } = device;
  const spec: CheckedSpec = { ...arm.spec, train: { ...arm.spec.train, steps: STEPS + 1 } };
  const options = trainingOn(spec, profile);
  const stages = programsOf(spec, options);
  const notice = (): void => {};
  // The same mode as the runs, but without tuning, which would take longer than these few steps.
  const mode = measuredBefore(tune);
  const choices = await tuned(host, { mode, spec, options, stages, opened: device, notice });
  const compiled = planned(stages, { ...options, choices });
  const parent = host.temporaryFolder("mom-estimate-");
  try {
    const plan = planText({ spec, profile, compiled });
    const run: Run = createRun(disk.paths.join(parent, "run"), { spec: arm.label, plan }, disk);
    const model = await openModel(device, compiled, pipelines);
    const ends: number[] = [];
    const watcher = { stepped: () => ends.push(Date.now()), validated: () => {}, stopWanted: () => false };
    await trainRecorded(run, { model, spec, dataSet: { ...dataSet, validation: [] } }, watcher);
    const trained = Date.now();
    if (dataSet.validation.length > 0) await validate(model, spec, dataSet, 0);
    const validated = Date.now();
    model.runtime.destroy();
    closeRun(run);
    const records = (["metrics", "timing", "events"] as const).reduce(
      (sum, name) => sum + sizeOf(disk, pathIn(run, name)),
      0,
    );
    const [first = begun, last = begun] = [ends[0], ends.at(-1)];
    return {
      opening: (first - begun) / 1000,
      step: (last - first) / 1000 / STEPS,
      validation: (validated - trained) / 1000,
      bytesPerStep: records / (STEPS + 1),
      bytesOnce: sizeOf(disk, pathIn(run, "plan")) + sizeOf(disk, pathIn(run, "spec")),
      checkpointBytes: sizeOf(disk, pathIn(run, "checkpoints")),
    };
  } finally {
    disk.remove(parent);
  }
}

/** The arms to measure: the baseline, the one with the most parameters, and the one with the most FLOPs. */
function armsToMeasure({ baseline = 0 }: Design, { arms }: Costs): number[] {
  const largest = (of: (cost: Costs["arms"][number]) => number): number => {
    const sizes = arms.map(of);
    return sizes.indexOf(Math.max(...sizes));
  };
  return [...new Set([baseline, largest(({ parameters }) => parameters.total), largest(({ flops }) => flops)])];
}

/**
 * A run is estimated to take as long as a run of the measured arm that is nearest in FLOPs, then in parameters.
 * @param measured the measurements by the index of the arm
 */
function estimate(
  costs: Costs,
  measured: ReadonlyMap<number, Measured>,
  left: readonly Variant[],
  { jobs, keepWeights }: { readonly jobs: number; readonly keepWeights: boolean },
): Estimate {
  const costOf = (arm: number): Costs["arms"][number] => costs.arms[arm] as Costs["arms"][number];
  const runs = left.map(({ arm, spec: { train } }) => {
    const { flops, parameters } = costOf(arm);
    const distance = (other: number): number[] => [
      Math.abs(costOf(other).flops - flops),
      Math.abs(costOf(other).parameters.total - parameters.total),
    ];
    const [nearest, found] = [...measured].reduce((best, one) =>
      isNearer(distance(one[0]), distance(best[0])) ? one : best,
    );
    const weights = (found.checkpointBytes * parameters.total) / costOf(nearest).parameters.total;
    const checkpoints = Math.min(train.keep, Math.ceil(train.steps / train.checkpoint_every));
    return {
      seconds:
        found.opening + train.steps * found.step + Math.ceil(train.steps / train.validate_every) * found.validation,
      bytes: found.bytesOnce + train.steps * found.bytesPerStep + (keepWeights ? checkpoints * weights : 0),
      // One more checkpoint than are kept exists while the newest is written.
      writing: keepWeights ? weights : (checkpoints + 1) * weights,
    };
  });
  const bytes = runs.reduce((sum, run) => sum + run.bytes, 0);
  const writing = runs.map((run) => run.writing).sort((a, b) => b - a);
  return {
    seconds: runs.reduce((sum, { seconds }) => sum + seconds, 0) / Math.max(1, Math.min(jobs, runs.length)),
    bytes,
    peakBytes: bytes + writing.slice(0, jobs).reduce((sum, one) => sum + one, 0),
  };
}

const isNearer = ([a = 0, b = 0]: readonly number[], [c = 0, d = 0]: readonly number[]): boolean =>
  a < c || (a === c && b < d);
