// Measures a training step on a device, kernel by kernel: time, FLOPs, bytes, and the lower bound that the measured ceilings
// give for these FLOPs and bytes.

import type { Batch } from "../batch/batch.js";
import { type Compiled, type CompileOptions, compile, trainingOn } from "../compile.js";
import type { CheckedSpec } from "../front/spec.js";
import type { OpenDevice } from "../gpu/dawn.js";
import { prepare } from "../gpu/runtime.js";
import { flopsOf } from "../ir/cost.js";
import { inputsOf, type Op, outputsOf } from "../ir/op.js";
import { rowOf } from "../ir/ops/table.js";
import { type Program, rowsOf, tensorOf } from "../ir/program.js";
import { type Reach, reachOf } from "../ir/reach.js";
import { bytesIn, count, type TensorId } from "../ir/tensor.js";
import { holdsIds } from "../modalities/modality.fields.js";
import { countsOf, hostBatch } from "../train/host-batch.js";
import { openModel, stepScalars } from "../train/model.js";
import { type Ceilings, ceilingPlan, memoryCeilings } from "./ceilings.js";
import { nodeSeconds, secondsOf, warm } from "./measure.js";
import { syntheticBatch } from "./synthetic.js";
import type { Shares } from "./turns.js";

export interface KernelTime {
  readonly phase: "gradients" | "update";
  readonly op: string;
  readonly variant: string;
  /** The shapes of its inputs and outputs, which distinguish it from other kernels of its kind. */
  readonly shape: string;
  /** The number of nodes with this kernel. */
  readonly times: number;
  /** The sum over these nodes, as for the FLOPs, the bytes and the bound. */
  readonly seconds: number;
  readonly flops: number;
  readonly bytes: number;
  /** The lower bound of its seconds: the largest of the times for its FLOPs and its bytes at the ceilings. */
  readonly bound: number;
  /** The ceiling that determines the bound. */
  readonly limit: Limit;
  /** bound / seconds */
  readonly ofBound: number;
  /** Its share of the time of all kernels. */
  readonly share: number;
}

type Sum = Omit<KernelTime, "ofBound" | "share">;

/** Measurements of a complete step. */
interface StepTime {
  readonly device: string;
  readonly positions: number;
  /** The number of these positions for each modality, by name. */
  readonly modalities: Readonly<Record<string, number>>;
  /** The number of parameters of all modalities. */
  readonly parameters: number;
  /** Seconds of a complete update (all micro-batches and the optimizer), measured on the host. */
  readonly stepSeconds: number;
  readonly bytesAllocated: number;
}

export interface Bench extends StepTime {
  readonly ceilings: Ceilings;
  /** Seconds of the validation phase. */
  readonly forwardSeconds: number;
  /** Sum over the kernels of a step, each timed in a separate pass. */
  readonly kernelSeconds: number;
  /** Longest first. */
  readonly kernels: readonly KernelTime[];
}

export interface BenchOptions extends Pick<CompileOptions, "force" | "choices"> {
  /** The share of positions of each modality. Without shares, modalities take turns. */
  readonly shares?: Shares | undefined;
}

const shapeOf = (program: Program, op: Op): string => {
  const shape = (id: Parameters<typeof tensorOf>[1]): string => tensorOf(program, id).shape.join("×");
  const weight = "weight" in op.in ? ` · ${shape(op.in.weight as never)}` : "";
  const [first] = inputsOf(op);
  return `${first === undefined ? "" : shape(first)}${weight} → ${outputsOf(op).map(shape)[0] ?? ""}`;
};

/** A CPU needs no warm-up, and takes seconds for the largest set. */
const CPU_WINDOWS = 3;

async function measureCeilings({ device, profile }: OpenDevice): Promise<Ceilings> {
  const { plan, sets, work } = ceilingPlan(profile.kind === "cpu" ? "cpu" : "gpu", profile.matrix);
  const runtime = await prepare(device, profile, plan);
  // Uses the clock that also times kernels. Takes the shortest time, because a ceiling is a maximum.
  const least = async (phase: string) => {
    if (profile.kind !== "cpu") await warm(runtime, [phase]);
    const windows = profile.kind === "cpu" ? CPU_WINDOWS : undefined;
    return nodeSeconds(runtime, phase, (seconds) => Math.min(...seconds), windows);
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

/** Opens a compiled model on the device with a synthetic batch, which every update uses. */
export async function openSynthetic(spec: CheckedSpec, device: OpenDevice, compiled: Compiled, shares?: Shares) {
  const { seed, optimizer, clip } = spec.train;
  const model = await openModel(device, compiled);
  await model.initialise(seed, "alike");
  const made = syntheticBatch(spec, shares);
  model.writeBatch(hostBatch(spec, made, countsOf(spec, [made]), { kind: "training", seed }));
  model.writeStep(stepScalars(optimizer, () => 1e-6, clip, 1, false));
  return { model, made };
}

/** Compiles a model, opens it with a synthetic batch and times complete updates. */
async function openStep(spec: CheckedSpec, device: OpenDevice, { force, choices, shares }: BenchOptions) {
  const { accumulate, batch } = spec.train;
  const taken = { ...(force !== undefined && { force }), ...(choices !== undefined && { choices }) };
  const compiled = compile(spec, { ...trainingOn(spec, device.profile), ...taken });
  const { model, made } = await openSynthetic(spec, device, compiled, shares);
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

/** Times complete steps without their kernels. */
export async function timeStep(spec: CheckedSpec, device: OpenDevice): Promise<StepTime> {
  const { model, found } = await openStep(spec, device, {});
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
  const tokens = spec.model.modalities.map(holdsIds);
  const reach = reachOf(program, tokens);
  const items = spec.model.modalities.map((_, m) => made.items.filter(({ modality }) => modality === m).length);
  const picks = runtime.picks.filter(({ phase }) => phase === "gradients");
  const kernels = new Map<string, Sum>();
  /** @param runs how often a step runs the node; `one` has the work and the seconds of a single run */
  const add = (one: Omit<Sum, "bound" | "limit" | "times">, runs: number) => {
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
    const rows = (over === "items" ? items : positions).reduce((sum, n, m) => sum + (modalities[m] ? n : 0), 0);
    const work = {
      phase: "gradients" as const,
      op: op.kind,
      variant: picks[i]?.variant ?? "",
      shape: shapeOf(program, op),
      seconds: seconds[i] ?? 0,
      flops: flopsOf(program, op) * rows,
      bytes: bytesOf(program, op, reach[i] as Reach, { positions, items }),
    };
    add(work, accumulate);
  });
  const update = compiled.stages.at(-1)?.final as Program;
  const updates = runtime.picks.filter(({ phase }) => phase === "update");
  update.ops.forEach((op, i) => {
    const work = {
      phase: "update" as const,
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

const LIMITS = ["f32 arithmetic", "matrix units", "memory", "cache"] as const;
/** The ceilings that can limit a kernel. */
type Limit = (typeof LIMITS)[number];

/** The minimum work of a kernel, without repeated work. */
interface Work {
  readonly variant: string;
  readonly flops: number;
  readonly bytes: number;
}

interface Bound {
  readonly seconds: number;
  readonly limit: Limit;
}

/** Products that a variant computes on matrix units for each product of the op. */
const UNIT_PRODUCTS: Readonly<Record<string, number>> = { matrix: 1, split: 3 };

/**
 * The largest of three times: for the FLOPs, for all bytes at the cache's rate, and for the bytes that do not fit in the
 * cache at the memory's rate. Bytes that fit may be hits, because the cache may still hold the previous kernel's output.
 */
export function boundOf({ variant, flops, bytes }: Work, ceilings: Ceilings): Bound {
  const { bytesPerSecond, cache } = ceilings;
  const products = UNIT_PRODUCTS[variant];
  const units = products === undefined ? undefined : ceilings.matrixFlopsPerSecond;
  const arithmetic: Bound =
    units === undefined
      ? { seconds: flops / ceilings.flopsPerSecond, limit: "f32 arithmetic" }
      : { seconds: (flops * (products as number)) / units, limit: "matrix units" };
  const memory: Bound = {
    seconds: Math.max(0, bytes - (cache?.bytes ?? 0)) / bytesPerSecond,
    limit: "memory",
  };
  const cached: Bound = { seconds: cache === undefined ? 0 : bytes / cache.bytesPerSecond, limit: "cache" };
  return [memory, cached, arithmetic].reduce((largest, one) => (one.seconds > largest.seconds ? one : largest));
}

/** The rows of each modality in the batch, for positions and for items. */
interface Rows {
  readonly positions: readonly number[];
  readonly items: readonly number[];
}

/**
 * Bytes that an op must read and write, each tensor once. For a tensor with a row per position it counts the rows of the
 * modalities that the op reaches; for weights the groups whose modalities are in the batch; for tables the rows looked up.
 */
export function bytesOf(program: Program, op: Op, { modalities, over }: Reach, rows: Rows): number {
  const within = (counts: readonly number[]) => counts.reduce((sum, n, m) => sum + (modalities[m] === true ? n : 0), 0);
  const height = rowsOf(program);
  const made = outputsOf(op).map((id) => tensorOf(program, id));
  const madeHeight = made[0]?.shape[0];
  const bytesAt = (id: TensorId) => {
    const tensor = tensorOf(program, id);
    const whole = bytesIn(tensor);
    const [first = 1] = tensor.shape;
    if (tensor.role === "parameter" || tensor.role === "gradient")
      return whole * presence(program, tensor.name, rows.positions);
    if (first === height) return (whole * within(rows.positions)) / height;
    if (over === "items" && first === madeHeight) return whole * Math.min(1, within(rows.items) / first);
    return whole;
  };
  const ids = new Set([...inputsOf(op), ...outputsOf(op)]);
  const looked = lookedUp(op);
  return [...ids].reduce((sum, id) => {
    const bytes = bytesAt(id);
    return sum + (looked?.table === id ? Math.min(bytes, bytesAt(looked.rows)) : bytes);
  }, 0);
}

/** Bytes that an op of the update reads and writes. A tensor that is updated in place counts twice. */
function updateBytes(program: Program, op: Op): number {
  const bytes = (ids: readonly TensorId[]) => ids.reduce((sum, id) => sum + bytesIn(tensorOf(program, id)), 0);
  return bytes(inputsOf(op)) + (rowOf(op.kind).inPlace ? 2 : 1) * bytes(outputsOf(op));
}

/** The table of which an op reads or writes only some rows, and a tensor of the same size as these rows. */
function lookedUp(op: Op): { readonly table: TensorId; readonly rows: TensorId } | undefined {
  switch (op.kind) {
    case "embed":
      return { table: op.in.weight, rows: op.out.y };
    case "embed_grad":
      return { table: op.out.dweight, rows: op.in.dy };
    case "gather":
      return { table: op.in.table, rows: op.out.y };
    default:
      return undefined;
  }
}

/** The share of a parameter's (or gradient's) groups whose modalities have positions in the batch. */
function presence({ parameters, tensors }: Program, name: string, positions: readonly number[]): number {
  const parameter = parameters.find(({ tensor }) => tensors[tensor]?.name === name);
  if (parameter === undefined) return 1;
  const groups = new Set(parameter.of.filter((group, m) => group >= 0 && (positions[m] ?? 0) > 0));
  return groups.size / parameter.names.length;
}
