// A training step on a device, kernel by kernel: its time, what it does in that time, and how far that is from the bound.
import { type CompileOptions, compile, trainingOn } from "../compile.js";
import type { Batch } from "../data/batch.js";
import type { CheckedSpec } from "../front/spec.js";
import type { OpenDevice } from "../gpu/dawn.js";
import { prepare } from "../gpu/runtime.js";
import { flopsOf } from "../ir/cost.js";
import { inputsOf, type Op, outputsOf } from "../ir/op.js";
import { type Program, tensorOf } from "../ir/program.js";
import { type Reach, reachOf } from "../ir/reach.js";
import { count } from "../ir/tensor.js";
import { countsOf, hostBatch } from "../train/host-batch.js";
import { openModel, stepScalars } from "../train/model.js";
import { boundOf, bytesOf, type Limit, updateBytes } from "./bound.js";
import { type Ceilings, ceilingPlan, memoryCeilings } from "./ceilings.js";
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
  /** The least seconds that the ceilings allow: the largest of what its FLOPs and its bytes take. */
  readonly bound: number;
  /** Which of them that is. */
  readonly limit: Limit;
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

const shapeOf = (program: Program, op: Op): string => {
  const shape = (id: Parameters<typeof tensorOf>[1]): string => tensorOf(program, id).shape.join("×");
  const weight = "weight" in op.in ? ` · ${shape(op.in.weight as never)}` : "";
  const [first] = inputsOf(op);
  return `${first === undefined ? "" : shape(first)}${weight} → ${outputsOf(op).map(shape)[0] ?? ""}`;
};

export async function measureCeilings({ device, profile }: OpenDevice): Promise<Ceilings> {
  const { plan, sets, work } = ceilingPlan(profile.kind === "cpu" ? "cpu" : "gpu", profile.matrix);
  const runtime = await prepare(device, profile, plan);
  // By the clock that times kernels, on the device that a long run has warmed; the least, since a ceiling is a most.
  const least = async (phase: string): Promise<number[]> => {
    await secondsOf(runtime, [phase]);
    return nodeSeconds(runtime, phase, (seconds) => Math.min(...seconds));
  };
  const [arithmetic = Number.NaN] = await least("arithmetic");
  const [matrix] = profile.matrix ? await least("matrix") : [];
  const memory = await least("memory");
  runtime.destroy();
  return {
    ...memoryCeilings(
      sets,
      sets.map((_, i) => Math.min(memory[2 * i] as number, memory[2 * i + 1] as number)),
    ),
    flopsPerSecond: work.flops / arithmetic,
    ...(matrix !== undefined && { matrixFlopsPerSecond: work.matrixFlops / matrix }),
  };
}

/** A model on the device with a made-up batch; every update is a step of the same. */
async function openStep(spec: CheckedSpec, device: OpenDevice, { force, choices, shares }: BenchOptions) {
  const { seed, accumulate, optimizer, clip, batch } = spec.train;
  const taken = { ...(force !== undefined && { force }), ...(choices !== undefined && { choices }) };
  const compiled = compile(spec, { ...trainingOn(spec, device.profile), ...taken });
  const model = await openModel(device, compiled);
  await model.initialise(seed, "alike");
  const made = syntheticBatch(spec, shares);
  model.writeBatch(hostBatch(spec, made, countsOf(spec, [made]), { kind: "training", seed }));
  model.writeStep(stepScalars(optimizer, () => 1e-6, clip, 1, false));
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
  const updateSeconds = await nodeSeconds(runtime, "update");
  runtime.destroy();

  const program = compiled.stages[0]?.final as Program;
  const tokens = spec.model.modalities.map(({ kind }) => kind !== "patches");
  const reach = reachOf(program, tokens);
  const pictures = spec.model.modalities.map((_, m) => made.pictures.filter(({ modality }) => modality === m).length);
  const picks = runtime.picks.filter(({ phase }) => phase === "gradients");
  const kernels = new Map<string, Sum>();
  /** @param runs of the node in a step, of which `one` has the work and the seconds of each */
  const add = (one: Omit<Sum, "bound" | "limit" | "times">, runs: number): void => {
    const key = `${one.op} ${one.variant} ${one.shape}`;
    const { flops = 0, bytes = 0, seconds = 0, times = 0, bound = 0 } = kernels.get(key) ?? {};
    const own = boundOf(one, ceilings);
    kernels.set(key, {
      ...one,
      flops: flops + runs * one.flops,
      bytes: bytes + runs * one.bytes,
      seconds: seconds + runs * one.seconds,
      times: times + 1,
      bound: bound + runs * own.seconds,
      limit: own.limit,
    });
  };
  program.ops.forEach((op, i) => {
    const { modalities, over } = reach[i] as (typeof reach)[number];
    const rows = (over === "pictures" ? pictures : positions).reduce((sum, n, m) => sum + (modalities[m] ? n : 0), 0);
    const work = {
      op: op.kind,
      variant: picks[i]?.variant ?? "",
      shape: shapeOf(program, op),
      seconds: seconds[i] ?? 0,
      flops: flopsOf(program, op) * rows,
      bytes: bytesOf(program, op, reach[i] as Reach, { positions, pictures }),
    };
    add(work, accumulate);
  });
  const update = compiled.stages.at(-1)?.final as Program;
  const updates = runtime.picks.filter(({ phase }) => phase === "update");
  update.ops.forEach((op, i) => {
    const work = {
      op: op.kind,
      variant: updates[i]?.variant ?? "",
      shape: shapeOf(update, op),
      seconds: updateSeconds[i] ?? 0,
      flops: flopsOf(update, op),
      bytes: updateBytes(update, op),
    };
    add(work, 1);
  });
  const all = [...kernels.values()].sort((a, b) => b.seconds - a.seconds);
  const kernelSeconds = all.reduce((sum, kernel) => sum + kernel.seconds, 0);
  const shared = all.map(
    (sum): KernelTime => ({ ...sum, ofBound: sum.bound / sum.seconds, share: sum.seconds / kernelSeconds }),
  );
  return { ...found, ceilings, forwardSeconds, kernelSeconds, kernels: shared };
}
