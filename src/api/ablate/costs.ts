// What an ablation costs, before anything runs: each arm's parameters, and FLOPs of an update on the data as they are. And what
// it will take: time and disk, from a few steps of its cheapest and its dearest arm, made into a folder that goes away again.
import type { Costs } from "../../ablate/collect.js";
import type { Arm, Design, Variant } from "../../ablate/design.js";
import { type AblationFolder, stateOf, type VariantState } from "../../ablate/folder.js";
import { planned, programsOf, trainingOn } from "../../compile.js";
import type { DataSet } from "../../data/data-set.js";
import type { Disk } from "../../data/disk.js";
import { openTraining } from "../../data/order.js";
import { openStreams } from "../../data/streams.js";
import type { CheckedSpec } from "../../front/spec.js";
import type { AdapterSource, OpenDevice } from "../../gpu/dawn.js";
import type { Pipelines } from "../../gpu/pipelines.js";
import { costOf } from "../../inspect/inspection.js";
import type { Profile } from "../../ir/plan.js";
import { profileNamed } from "../../ir/profiles.js";
import { planText } from "../../train/compiled.js";
import { validate } from "../../train/loop.js";
import { openModel } from "../../train/model.js";
import { trainRecorded } from "../../train/recorded.js";
import { closeRun, createRun, pathIn, type Run } from "../../train/run-folder.js";
import type { TuneMode } from "../../tune/tune.js";
import type { Host } from "../host.js";
import { measuredBefore, tuned } from "../tuning.js";
import { lossUnits } from "../units.js";

/** Micro-batches whose positions are counted: enough for the share of each modality to a few in a thousand. */
const COUNTED = 32;

/** Positions of each modality in an update, on average over the first batches; padding is none. */
function positionsOf({ data, train, model }: CheckedSpec, dataSet: DataSet): number[] {
  const { length, carry } = data;
  const { batch, seed, accumulate } = train;
  const order = (carry ? openStreams : openTraining)(dataSet, { length, batch, seed, accumulate });
  const counts = model.modalities.map(() => 0);
  for (let i = 0; i < COUNTED; i++) {
    const { modality, document } = order.next();
    modality.forEach((m, position) => {
      if ((document[position] as number) >= 0) counts[m] = (counts[m] ?? 0) + 1;
    });
  }
  return counts.map((positions) => (positions * accumulate) / COUNTED);
}

/** Held-out documents with a modality; each has a marker of the modality that owns the markers. */
const heldOutOf = ({ validation, documents, parts }: DataSet, modality: number): number =>
  modality === parts.vocabulary.owner
    ? validation.length
    : validation.filter((number) => documents[number]?.segments.some((one) => one.modality === modality)).length;

function armCost({ spec }: Arm, dataSet: DataSet): Costs["arms"][number] {
  const { parameters, modalities } = costOf(spec, trainingOn(spec, profileNamed("webgpu-default") as Profile));
  const positions = positionsOf(spec, dataSet);
  return {
    parameters: { total: parameters.total, active: parameters.active },
    flops: modalities.reduce((sum, { training }, m) => sum + training * (positions[m] as number), 0),
  };
}

/**
 * @param dataSetOf the data that an arm is trained on
 * @param spec the spec that varies, as text
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

/** Steps that are measured, after one that pays for what is done once. */
const STEPS = 6;

/** Seconds and bytes. */
interface Measured {
  /** Until the first step is done: kernels compiled, weights drawn. */
  readonly opening: number;
  readonly step: number;
  readonly validation: number;
  readonly bytesPerStep: number;
  /** Of spec and plan. */
  readonly bytesOnce: number;
  readonly checkpointBytes: number;
}

export interface Estimate {
  /** Of all runs that are left, so many at a time. */
  readonly seconds: number;
  /** When all is done, and most at a time on the way. */
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
  /** Told before an arm's steps are measured on a device. */
  readonly measuring: (arm: Arm, device: string) => void;
}

/** What is left of an ablation, and what that will take on the device that is here. */
interface Estimated {
  /** One for each variant. */
  readonly states: readonly VariantState[];
  readonly device: string;
  /** Variants that are not done. */
  readonly left: number;
  readonly estimate: Estimate;
}

/** Measures a few arms and estimates the rest. @throws DeviceError where there is no device */
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

/** The first steps of an arm on a device. */
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
  // As the runs will begin, but that nothing is measured for what lasts a few steps.
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

/** The arms to measure: the baseline, the one of most parameters, and the one of most FLOPs. */
function armsToMeasure({ baseline = 0 }: Design, { arms }: Costs): number[] {
  const largest = (of: (cost: Costs["arms"][number]) => number): number => {
    const sizes = arms.map(of);
    return sizes.indexOf(Math.max(...sizes));
  };
  return [...new Set([baseline, largest(({ parameters }) => parameters.total), largest(({ flops }) => flops)])];
}

/**
 * A run takes as long as one of the measured arm that is nearest in FLOPs, and then in parameters.
 * @param measured by the number of the arm
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
      // One more than are kept stands there while the newest is written.
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
