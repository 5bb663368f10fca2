// A compiled model on a device: parameters by name, batches by meaning, and phases.

import type { HostArray, HostBatch } from "../batch/host-array.js";
import { rotaryTable } from "../blocks/rotary.js";
import type { Compiled } from "../compile.js";
import type { Tensor } from "../data/tensor.js";
import { InputError } from "../diagnostics/input-error.js";
import type { OpenDevice } from "../gpu/dawn.js";
import type { PassClock } from "../gpu/pass-clock.js";
import type { Pipelines } from "../gpu/pipelines.js";
import { prepare, type Runtime } from "../gpu/runtime.js";
import { firstLossScale, LOSS_SCALE } from "../ir/loss-scale.js";
import { labelOf } from "../ir/meaning.js";
import { type ParameterField, slotsOf } from "../ir/memory.js";
import type { BufferRole, Field } from "../ir/plan.js";
import { isWithin } from "../ir/scope.js";
import { type StepScalars, stepWords } from "../ir/step.js";
import { fillTable, tableName } from "../kernels/tables.js";
import { timestepTable } from "../modalities/timestep.js";
import type { OptimizerFields } from "../optimizers/optimizer.fields.js";
import type { Rate } from "../optimizers/optimizer.js";
import { scalarsOf } from "../optimizers/table.js";
import { initialValues } from "./initialise.js";

/** Parameters, gradients or optimizer slots, by the parameters' names in checkpoints. */
export type Tensors = ReadonlyMap<string, Tensor>;

/** Consecutive numbers of a tensor. */
export interface TensorPiece {
  readonly name: string;
  readonly data: Float32Array;
}

/** Tensors on the device, which together may exceed the host's memory. */
export interface DeviceTensors {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Reads these tensors one after the other. Nothing may run until the last piece is read. */
  readonly pieces: (names: readonly string[]) => AsyncIterable<TensorPiece>;
}

export interface Model {
  readonly compiled: Pick<Compiled, "plan" | "parameters" | "tables" | "batch" | "length">;
  readonly runtime: Runtime;
  /**
   * Draws the parameters. With `alike`, all layers and groups share one draw: for timing, where only sizes matter.
   * Arenas may be too large for the host to hold twice, so they are written and read in pieces. Nothing may run until the
   * promise resolves.
   */
  initialise(seed: number, alike?: "alike"): Promise<void>;
  /** The optimizer's slots, by name. */
  readonly slots: readonly string[];
  /**
   * Writes tensors into an arena: `parameters`, `gradients` or one of the slots. Rejects with an InputError if a name or
   * shape is not the model's.
   */
  load(arena: string, tensors: Tensors): Promise<void>;
  read(arena: string): Promise<Map<string, Tensor>>;
  /** The same without holding more than a piece. */
  onDevice(arena: string): DeviceTensors;
  /**
   * Writes the given tensors, and makes missing tables from them. Other tensors keep their contents. A phase with its own
   * batch or length has its own tensors, which are written with its name as `scope`.
   */
  writeBatch(batch: HostBatch, scope?: string): void;
  writeStep(step: StepScalars): void;
  /** A result by its label, after the phases submitted so far. */
  result(name: string): Promise<Float32Array>;
  /** The same for several results, all from the same moment. */
  results(names: readonly string[]): Promise<Float32Array[]>;
  /** The loss scale and the good updates since it changed, if gradients are scaled; set before training. */
  readonly lossScale:
    | { readonly read: () => Promise<Float32Array>; readonly write: (kept: ArrayLike<number>) => void }
    | undefined;
  hasResult(name: string): boolean;
}

const OTHER_MODEL = "Use the spec that these tensors were made with.";

/** Small enough for the host's memory, and large enough to keep the bus busy. */
const PIECE = 2 ** 26;

const size = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** One bit for each 64 numbers of the arenas: whether weight decay applies to them. */
function decayBits({ plan, parameters }: Model["compiled"], words: number): Uint32Array<ArrayBuffer> {
  const bits = new Uint32Array(words);
  const arenas = plan.buffers.filter(({ role }) => role === "parameters");
  const first = arenas.map((_, part) => arenas.slice(0, part).reduce((sum, { bytes }) => sum + bytes, 0));
  for (const { shape, part, offset, source } of parameters) {
    if (!source.decay) continue;
    const start = Math.floor(((first[part] as number) + offset) / 256);
    const end = Math.ceil(((first[part] as number) + offset + 4 * size(shape)) / 256);
    for (let block = start; block < end; block++) {
      bits[block >>> 5] = (bits[block >>> 5] as number) | (1 << (block & 31));
    }
  }
  return bits;
}

function constant(
  compiled: Model["compiled"],
  { name, means, shape }: Field,
): Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> {
  switch (means.is) {
    case "decay":
      return decayBits(compiled, size(shape));
    case "rotary":
      return rotaryTable(means.theta, means.head, means.positions);
    case "timesteps":
      return timestepTable(means.steps);
    default:
      throw new Error(`the plan needs an unknown constant ${name}`);
  }
}

/**
 * @param pipelines the cache of compiled pipelines on this device, which this model uses and extends
 * @param clock times every pass that runs phases
 * @param pieceBytes a multiple of 4: bytes of an arena that are copied between host and device at a time
 */
export async function openModel(
  { device, profile }: OpenDevice,
  compiled: Model["compiled"],
  pipelines?: Pipelines,
  clock?: PassClock,
  pieceBytes = PIECE,
): Promise<Model> {
  const { plan } = compiled;
  const runtime = await prepare(device, profile, plan, { pipelines, clock });
  for (const field of fieldsOf(plan, "constants")) runtime.write(field.name, constant(compiled, field));
  const scale = plan.fields.find(({ means }) => means.is === LOSS_SCALE.means.is);
  const lossScale: Model["lossScale"] = scale
    ? {
        read: async () => new Float32Array(await runtime.read(scale.name)),
        write: ({ 0: factor = firstLossScale(compiled.batch * compiled.length), 1: good = 0 }) =>
          runtime.write(scale.name, Float32Array.of(factor, good, 1 / factor)),
      }
    : undefined;
  lossScale?.write([]);

  return {
    compiled,
    runtime,
    lossScale,
    ...arenasOn(runtime, compiled, pieceBytes),
    writeBatch: batchWriter(runtime, compiled),
    writeStep: (step) => runtime.write(labelOf({ is: "step" }), stepWords(step)),
    result: async (name) => new Float32Array(await runtime.read(name)),
    results: async (names) => (await runtime.readAll(names)).map((bytes) => new Float32Array(bytes)),
    hasResult: (name) => fieldsOf(plan, "results").some((field) => field.name === name),
  };
}

const fieldsOf = ({ buffers, fields }: Model["compiled"]["plan"], role: BufferRole): Field[] =>
  fields.filter(({ buffer }) => buffers[buffer]?.role === role);

/** Writes and reads parameters, gradients and slots, which have one arena each. */
function arenasOn(
  runtime: Runtime,
  { plan, parameters }: Model["compiled"],
  pieceBytes: number,
): Pick<Model, "slots" | "initialise" | "load" | "read" | "onDevice"> {
  const arenas = new Map<string, Map<number, number>>();
  plan.buffers.forEach(({ holds }, i) => {
    if (holds) arenas.set(holds.arena, (arenas.get(holds.arena) ?? new Map<number, number>()).set(holds.part, i));
  });
  const bufferOf = (arena: string, { part }: ParameterField): number | undefined => arenas.get(arena)?.get(part);
  const parametersOf = (arena: string): ParameterField[] =>
    parameters.filter((field) => bufferOf(arena, field) !== undefined);
  const writeAll = async (
    arena: string,
    values: (field: ParameterField) => Float32Array<ArrayBuffer>,
  ): Promise<void> => {
    let underWay = 0;
    for (const field of parametersOf(arena)) {
      const numbers = values(field);
      for (let first = 0; first < numbers.length; first += pieceBytes / 4) {
        const piece = numbers.subarray(first, first + pieceBytes / 4);
        underWay += piece.byteLength;
        if (underWay > pieceBytes) {
          await runtime.settled();
          underWay = piece.byteLength;
        }
        const offset = field.offset + 4 * first;
        runtime.write({ buffer: bufferOf(arena, field) as number, offset, bytes: piece.byteLength }, piece);
      }
    }
  };

  const onDevice = (arena: string): DeviceTensors => {
    const fields = new Map(parametersOf(arena).map((field) => [field.name, field]));
    const rangesOf = (name: string): NamedRange[] => {
      const field = fields.get(name) as ParameterField;
      return rangesWithin(field, bufferOf(arena, field) as number, pieceBytes);
    };
    return {
      shapes: new Map([...fields].map(([name, { shape }]) => [name, shape])),
      async *pieces(names) {
        for (const ranges of together(names.flatMap(rangesOf), pieceBytes)) {
          const contents = await runtime.readAll(ranges);
          for (const [i, { name }] of ranges.entries())
            yield { name, data: new Float32Array(contents[i] as ArrayBuffer) };
        }
      },
    };
  };

  return {
    slots: slotsOf(plan),
    async initialise(seed, alike) {
      const drawn = new Map<string, Float32Array<ArrayBuffer>>();
      await writeAll("parameters", ({ shape, group, source: { initial, layer, part } }) => {
        const draw = () => initialValues(initial, shape, { seed, layer: layer >>> 0, part, group });
        if (alike === undefined) return draw();
        const like = JSON.stringify([initial, shape, part]);
        const values = drawn.get(like) ?? draw();
        drawn.set(like, values);
        return values;
      });
    },
    async load(arena, tensors) {
      const known = new Set(parametersOf(arena).map(({ name }) => name));
      for (const name of tensors.keys()) {
        if (!known.has(name)) throw new InputError("other-weights", `the model has no parameter ${name}`, OTHER_MODEL);
      }
      await writeAll(arena, (field) => valuesOf(field, tensors));
    },
    read: async (arena) => await allOf(onDevice(arena)),
    onDevice,
  };
}

/** A part of an arena that holds numbers of a parameter. */
interface NamedRange {
  readonly name: string;
  readonly buffer: number;
  readonly offset: number;
  readonly bytes: number;
}

/** The ranges of a parameter, each of at most `most` bytes. */
function rangesWithin({ name, shape, offset }: ParameterField, buffer: number, most: number): NamedRange[] {
  const bytes = 4 * size(shape);
  return Array.from({ length: Math.ceil(bytes / most) }, (_, i) => ({
    name,
    buffer,
    offset: offset + i * most,
    bytes: Math.min(most, bytes - i * most),
  }));
}

/** Groups of consecutive ranges, each of at most `most` bytes together, that are read at once. */
function* together(ranges: readonly NamedRange[], most: number): Generator<NamedRange[]> {
  let group: NamedRange[] = [];
  let bytes = 0;
  for (const range of ranges) {
    if (bytes + range.bytes > most && group.length > 0) {
      yield group;
      [group, bytes] = [[], 0];
    }
    group.push(range);
    bytes += range.bytes;
  }
  if (group.length > 0) yield group;
}

/** All tensors, in the host's memory. */
async function allOf({ shapes, pieces }: DeviceTensors): Promise<Map<string, Tensor>> {
  const arrays = new Map([...shapes].map(([name, shape]) => [name, new Float32Array(size(shape))]));
  const done = new Map<string, number>();
  for await (const { name, data } of pieces([...shapes.keys()])) {
    const at = done.get(name) ?? 0;
    arrays.get(name)?.set(data, at);
    done.set(name, at + data.length);
  }
  return new Map(
    [...arrays].map(([name, data]) => [name, { dtype: "F32", shape: [...(shapes.get(name) ?? [])], data }]),
  );
}

/** @throws InputError if a parameter's tensor is missing or does not fit the model */
function valuesOf({ name, shape }: ParameterField, tensors: Tensors): Float32Array<ArrayBuffer> {
  const refused = (message: string): InputError => new InputError("other-weights", message, OTHER_MODEL);
  const tensor = tensors.get(name);
  if (!tensor) throw refused(`the parameter ${name} is missing`);
  if (tensor.shape.join() !== shape.join())
    throw refused(`${name} has the shape [${tensor.shape}], but the model's is [${shape}]`);
  if (tensor.dtype !== "F32") throw refused(`${name} has the type ${tensor.dtype}, not F32`);
  return tensor.data as Float32Array<ArrayBuffer>;
}

function batchWriter(runtime: Runtime, { plan, tables }: Model["compiled"]): Model["writeBatch"] {
  const fields = fieldsOf(plan, "batch");
  const fieldNamed = new Map(fields.map((field) => [field.name, field]));
  const tableNamed = new Map(tables.map((table) => [tableName(table), table]));
  return (batch, scope) => {
    const arrayOf = (field: Field): HostArray | undefined =>
      isWithin(scope, field) ? batch.get(labelOf(field.means)) : undefined;
    const given = (name: string): ArrayLike<number> => {
      const field = fieldNamed.get(name);
      const array = field && arrayOf(field);
      if (!array) throw new Error(`the batch lacks ${name}`);
      return array;
    };
    for (const field of fields) {
      const { name, shape, means } = field;
      const table = means.is === "table" ? tableNamed.get(means.table) : undefined;
      const source = table && fieldNamed.get(table.source);
      if (source && !isWithin(scope, source)) continue;
      const array = arrayOf(field) ?? (table && fillTable(table, given));
      if (!array) continue;
      if (array.length !== size(shape)) throw new Error(`${name} has ${array.length} numbers, not ${size(shape)}`);
      runtime.write(name, array);
    }
  };
}

/** The scalars of update `step`, counted from 1. `rate` turns a peak into the learning rate. */
export const stepScalars = (
  optimizer: OptimizerFields,
  rate: Rate,
  clip: number | undefined,
  step: number,
  accumulate: boolean,
): StepScalars => ({
  ...scalarsOf(optimizer, rate, step),
  clip: clip ?? Number.POSITIVE_INFINITY,
  accumulate: accumulate ? 1 : 0,
});
