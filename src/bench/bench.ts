// A training step on a device, kernel by kernel: its time, what it does in that time, and how far that is from the bound.
import { type CompileOptions, compile, trainingOn } from "../compile.js";
import type { Batch } from "../data/batch.js";
import type { CheckedSpec } from "../front/spec.js";
import type { OpenDevice } from "../gpu/dawn.js";
import { prepare } from "../gpu/runtime.js";
import { flopsOf } from "../ir/cost.js";
import { inputsOf, type Op, outputsOf } from "../ir/op.js";
import { bytesIn, count, type Program, tensorOf } from "../ir/program.js";
import { reachOf } from "../ir/reach.js";
import { countsOf, hostBatch } from "../train/host-batch.js";
import { openModel, stepScalars } from "../train/model.js";
import { type Ceilings, ceilingPlan } from "./ceilings.js";
import { nodeSeconds, secondsOf } from "./measure.js";
import { syntheticBatch } from "./synthetic.js";
import type { Shares } from "./turns.js";

export interface KernelTime {
  readonly op: string;
  readonly variant: string;
  /** The sizes that tell it from others of its kind: shapes of what it reads and makes. */
  readonly shape: string;
  /** Nodes of the step that are this. */
  readonly times: number;
  /** Of all of them. */
  readonly seconds: number;
  readonly flops: number;
  readonly bytes: number;
  /** Seconds that the ceilings allow: the larger of what its FLOPs and its bytes take. */
  readonly bound: number;
  /** bound / seconds */
  readonly ofBound: number;
  /** Of the time of all kernels. */
  readonly share: number;
}

type Sum = Omit<KernelTime, "ofBound" | "share">;

/** A step as a whole. */
export interface StepTime {
  readonly device: string;
  readonly positions: number;
  /** Of them each modality has so many, by its name. */
  readonly modalities: Readonly<Record<string, number>>;
  /** Parameters of all modalities. */
  readonly parameters: number;
  /** Of a whole update: its micro-batches and the update, as the host waits for it. */
  readonly stepSeconds: number;
  readonly bytesAllocated: number;
}

export interface Bench extends StepTime {
  readonly ceilings: Ceilings;
  /** Of the validation phase. */
  readonly forwardSeconds: number;
  /** Sum over the kernels of a step, each timed in a pass of its own. */
  readonly kernelSeconds: number;
  /** Longest first. */
  readonly kernels: readonly KernelTime[];
}

export interface BenchOptions extends Pick<CompileOptions, "force" | "choices"> {
  /** Of the positions; modalities take turns where it is absent. */
  readonly shares?: Shares | undefined;
}

/** Each tensor once: what is read, and what is made. */
function bytesOf(program: Program, op: Op): number {
  const ids = new Set([...inputsOf(op), ...outputsOf(op)]);
  return [...ids].reduce((sum, id) => sum + bytesIn(tensorOf(program, id)), 0);
}

const shapeOf = (program: Program, op: Op): string => {
  const shape = (id: Parameters<typeof tensorOf>[1]): string => tensorOf(program, id).shape.join("×");
  const weight = "weight" in op.in ? ` · ${shape(op.in.weight as never)}` : "";
  const [first] = inputsOf(op);
  return `${first === undefined ? "" : shape(first)}${weight} → ${outputsOf(op).map(shape)[0] ?? ""}`;
};

export async function measureCeilings({ device, profile }: OpenDevice): Promise<Ceilings> {
  const { plan, work } = ceilingPlan(profile.kind === "cpu" ? "cpu" : "gpu", profile.matrix);
  const runtime = await prepare(device, profile, plan);
  const copy = await secondsOf(runtime, ["copy"]);
  const arithmetic = await secondsOf(runtime, ["arithmetic"]);
  const matrix = profile.matrix ? await secondsOf(runtime, ["matrix"]) : undefined;
  runtime.destroy();
  return {
    bytesPerSecond: work.bytes / copy,
    flopsPerSecond: work.flops / arithmetic,
    ...(matrix !== undefined && { matrixFlopsPerSecond: work.matrixFlops / matrix }),
  };
}

/** Products that a variant makes on matrix units for each that is asked for. */
const UNIT_PRODUCTS: Readonly<Record<string, number>> = { matrix: 1, split: 3 };

/** What a variant could reach. */
function flopsFor(variant: string, { flopsPerSecond, matrixFlopsPerSecond }: Ceilings): number {
  const products = UNIT_PRODUCTS[variant];
  return products === undefined || matrixFlopsPerSecond === undefined
    ? flopsPerSecond
    : matrixFlopsPerSecond / products;
}

/** A model on the device with a made-up batch; every update is a step of the same. */
async function openStep(spec: CheckedSpec, device: OpenDevice, { force, choices, shares }: BenchOptions) {
  const { seed, accumulate, optimizer, clip, batch } = spec.train;
  const taken = { ...(force !== undefined && { force }), ...(choices !== undefined && { choices }) };
  const compiled = compile(spec, { ...trainingOn(spec, device.profile), ...taken });
  const model = await openModel(device, compiled);
  await model.initialise(seed, "alike");
  const made = syntheticBatch(spec, shares);
  model.writeBatch(hostBatch(spec, made, countsOf(spec, [made]), { seed, draw: 0 }));
  model.writeStep(stepScalars(optimizer, 1e-6, clip, 1, false));
  const phases = [...Array.from({ length: accumulate }, () => "gradients"), "update"];
  const stepSeconds = await secondsOf(model.runtime, phases);
  const positions = positionsOf(spec, made);
  const found: StepTime = {
    device: device.description,
    positions: batch * spec.data.length * accumulate,
    modalities: Object.fromEntries(
      spec.model.modalities.map(({ name }, m) => [name, accumulate * (positions[m] ?? 0)]),
    ),
    parameters: compiled.parameters.reduce((sum, { shape }) => sum + count(shape), 0),
    stepSeconds,
    bytesAllocated: model.runtime.bytes.total,
  };
  return { compiled, model, made, positions, found };
}

/** Positions of a batch by modality. */
function positionsOf({ model: { modalities } }: CheckedSpec, { modality }: Batch): number[] {
  const positions = modalities.map(() => 0);
  for (const m of modality) positions[m] = (positions[m] ?? 0) + 1;
  return positions;
}

/** The time of a step alone. */
export async function timeStep(spec: CheckedSpec, device: OpenDevice, options: BenchOptions = {}): Promise<StepTime> {
  const { model, found } = await openStep(spec, device, options);
  model.runtime.destroy();
  return found;
}

export async function bench(spec: CheckedSpec, device: OpenDevice, options: BenchOptions = {}): Promise<Bench> {
  const ceilings = await measureCeilings(device);
  const { accumulate } = spec.train;
  const { compiled, model, made, positions, found } = await openStep(spec, device, options);
  const { runtime } = model;
  const forwardSeconds = await secondsOf(runtime, ["validate"]);
  const seconds = await nodeSeconds(runtime, "gradients");
  const [updateSeconds = 0] = await nodeSeconds(runtime, "update");
  runtime.destroy();

  const program = compiled.stages[0]?.final as Program;
  const tokens = spec.model.modalities.map(({ kind }) => kind !== "patches");
  const reach = reachOf(program, tokens);
  const pictures = spec.model.modalities.map((_, m) => made.pictures.filter(({ modality }) => modality === m).length);
  const picks = runtime.picks.filter(({ phase }) => phase === "gradients");
  const kernels = new Map<string, Sum>();
  const add = (one: Omit<Sum, "bound" | "times">): void => {
    const key = `${one.op} ${one.variant} ${one.shape}`;
    const { flops = 0, bytes = 0, seconds = 0, times = 0 } = kernels.get(key) ?? {};
    const sum = { flops: flops + one.flops, bytes: bytes + one.bytes };
    const bound = Math.max(sum.flops / flopsFor(one.variant, ceilings), sum.bytes / ceilings.bytesPerSecond);
    kernels.set(key, { ...one, ...sum, seconds: seconds + one.seconds, times: times + 1, bound });
  };
  program.ops.forEach((op, i) => {
    const { modalities, over } = reach[i] as (typeof reach)[number];
    const rows = (over === "pictures" ? pictures : positions).reduce((sum, n, m) => sum + (modalities[m] ? n : 0), 0);
    add({
      op: op.kind,
      variant: picks[i]?.variant ?? "",
      shape: shapeOf(program, op),
      seconds: accumulate * (seconds[i] ?? 0),
      flops: accumulate * flopsOf(program, op) * rows,
      bytes: accumulate * bytesOf(program, op),
    });
  });
  const { parameters: numbers } = found;
  // Weights and moments are read and written, gradients read twice: for their norm and for the update.
  add({
    op: "update",
    variant: "plain",
    shape: `${numbers}`,
    seconds: updateSeconds,
    flops: 15 * numbers,
    bytes: 32 * numbers,
  });
  const all = [...kernels.values()].sort((a, b) => b.seconds - a.seconds);
  const kernelSeconds = all.reduce((sum, kernel) => sum + kernel.seconds, 0);
  const shared = all.map(
    (sum): KernelTime => ({ ...sum, ofBound: sum.bound / sum.seconds, share: sum.seconds / kernelSeconds }),
  );
  return { ...found, ceilings, forwardSeconds, kernelSeconds, kernels: shared };
}
