// Runs each op of a program on a device with the inputs of the reference and reports the error of each output.
import { assemble } from "../../src/compile.js";
import { f16ToF32, f32ToF16 } from "../../src/data/half.js";
import { prepare, type Runtime } from "../../src/gpu/runtime.js";
import { layout, storage } from "../../src/ir/facts.js";
import { inputsOf, type Op, type OpKind, outputsOf } from "../../src/ir/op.js";
import type { Plan, Profile } from "../../src/ir/plan.js";
import { type Program, tensorOf } from "../../src/ir/program.js";
import { stepBytes, stepFields } from "../../src/ir/step.js";
import { count, type Tensor, type TensorId } from "../../src/ir/tensor.js";
import { DEFAULT_SETTINGS, type KernelSettings } from "../../src/kernels/draft.js";
import { fillTable, tableName } from "../../src/kernels/tables.js";
import { evaluateOp } from "../../src/reference/evaluate.js";
import { read, type Values } from "../../src/reference/values.js";
import { pipelinesOn } from "../gpu/adapter.js";
import { called } from "../support/called.js";

export interface Difference {
  readonly op: OpKind;
  readonly variant: string;
  /** The index of the op, and the tensor. */
  readonly what: string;
  readonly error: number;
  /** Whether the output depends on numbers rounded to f16. */
  readonly f16: boolean;
}

const inputName = ({ role, name, id }: Tensor): string =>
  role === "batch" || role === "constant" ? name : `in ${id} ${name}`;
const outputName = (at: number, { id, name }: Tensor): string => `out ${at} ${id} ${name}`;

const fieldCalled = (name: string) => ({ name, means: called(name) });

/** The program of one op: its inputs come from the batch, and its outputs are results. */
function isolate(program: Program, op: Op, at: number): Program {
  const home = (id: TensorId): TensorId => storage(program, id).id;
  const reads = new Set([...inputsOf(op), program.modality].map(home));
  const writes = new Set(outputsOf(op).map(home));
  const tensors = program.tensors.map((tensor): Tensor => {
    if (tensor.role === "parameter" || tensor.role === "gradient" || tensor.role === "constant") return tensor;
    if (tensor.view) return { ...tensor, role: "value" };
    if (writes.has(tensor.id)) return { ...tensor, role: "result", ...fieldCalled(outputName(at, tensor)) };
    return reads.has(tensor.id)
      ? { ...tensor, role: "batch", ...fieldCalled(inputName(tensor)) }
      : { ...tensor, role: "value", name: `unused ${tensor.id}` };
  });
  return { ...program, name: `${at}`, tensors, ops: [op] };
}

/** Errors are relative to the norm of the numbers, or to 1e-6 per number if the numbers are only rounding errors. */
function relativeError(got: Float32Array, expected: Float64Array): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += ((got[i] as number) - (expected[i] as number)) ** 2;
    size += (expected[i] as number) ** 2;
  }
  return Math.sqrt(difference / Math.max(size, 1e-12 * expected.length));
}

const numbersOf = (tensor: Tensor, numbers: ArrayLike<number>): ArrayBufferView<ArrayBuffer> => {
  if (tensor.type === "f32") return Float32Array.from(numbers);
  if (tensor.type === "f16") return inWords(Uint16Array.from(numbers, f32ToF16));
  const words = Uint32Array.from(numbers, (n) => n >>> 0);
  return new Float32Array(words.buffer);
};

/** Pads f16 numbers to complete 32-bit words. */
const inWords = (bits: Uint16Array): Uint16Array<ArrayBuffer> => {
  const padded = new Uint16Array(2 * Math.ceil(bits.length / 2));
  padded.set(bits);
  return padded;
};

const widened = (tensor: Tensor, bytes: ArrayBuffer): Float32Array =>
  tensor.type === "f16" ? Float32Array.from(new Uint16Array(bytes), f16ToF32) : new Float32Array(bytes);

const rounded = (tensor: Tensor, value: number): number =>
  tensor.type === "f16" ? f16ToF32(f32ToF16(value)) : Math.fround(value);

/** Values as a device stores them: the results of each op are computed from its rounded inputs. */
function asStored({ program, of }: Values): Values {
  const round = (id: TensorId, numbers: Float64Array): Float64Array =>
    numbers.map((value) => rounded(tensorOf(program, id), value));
  const computed = new Set(program.ops.flatMap(outputsOf).map((id) => storage(program, id).id));
  const given = program.tensors.filter(({ id }) => !computed.has(storage(program, id).id));
  const v: Values = {
    program,
    of: new Map(given.flatMap(({ id }) => (of.has(id) ? [[id, round(id, read({ program, of }, id))]] : []))),
  };
  for (const op of program.ops) {
    evaluateOp(v, op);
    const written = new Set(outputsOf(op).map((id) => storage(program, id).id));
    for (const { id } of program.tensors) {
      const numbers = v.of.get(id);
      if (numbers && written.has(storage(program, id).id)) v.of.set(id, round(id, numbers));
    }
  }
  return v;
}

/** The initial contents of buffers. They reveal reads of unwritten numbers. */
const POISON = Number.NaN;
/** The initial contents of gradients. Kernels overwrite them, except for the gaps between tensors. */
const UNWRITTEN = 7;

function poison(plan: Plan, runtime: Runtime): void {
  plan.buffers.forEach(({ role, bytes }, buffer) => {
    const fill = role === "gradients" ? UNWRITTEN : POISON;
    if (role !== "step") runtime.write({ buffer, offset: 0, bytes }, new Float32Array(bytes / 4).fill(fill));
  });
}

function upload(assembled: ReturnType<typeof assemble>, programs: readonly Program[], v: Values, r: Runtime): void {
  const batch = new Map<string, ArrayLike<number>>();
  for (const program of programs) {
    for (const tensor of program.tensors) {
      if ((tensor.role !== "batch" && tensor.role !== "constant") || batch.has(tensor.name)) continue;
      const numbers = read(v, tensor.id);
      batch.set(tensor.name, numbers);
      if (assembled.plan.fields.some((f) => f.name === tensor.name)) r.write(tensor.name, numbersOf(tensor, numbers));
    }
  }
  for (const table of assembled.tables) {
    const filled = fillTable(table, (name) => batch.get(name) as ArrayLike<number>);
    r.write(tableName(table), filled as Uint32Array<ArrayBuffer>);
  }
  for (const { name, shape, part, offset, group } of assembled.parameters) {
    const parameter = v.program.parameters.find((p) => p.names.includes(name));
    const size = count(shape);
    const numbers = read(v, parameter?.tensor as TensorId).subarray(group * size, (group + 1) * size);
    const buffer = assembled.plan.buffers.findIndex((b) => b.name === `parameters.${part}`);
    r.write({ buffer, offset, bytes: 4 * size }, Float32Array.from(numbers));
  }
}

/** The columns of a tensor in its storage. */
function columnsIn(program: Program, id: TensorId, stored: Float32Array): Float32Array {
  const { shape } = tensorOf(program, id);
  const { column, stride } = layout(program, id);
  const width = shape.at(-1) as number;
  if (column === 0 && stride === width) return stored;
  return Float32Array.from(
    { length: count(shape) },
    (_, i) => stored[Math.floor(i / width) * stride + column + (i % width)] as number,
  );
}

export interface Selection {
  readonly op?: (op: Op) => boolean;
  /** The variant to run instead of the first one. */
  readonly variant?: string;
  readonly settings?: KernelSettings | undefined;
}

/**
 * Runs every selected op with the first variant that `profile` admits, or with the given one. `known` has f32 numbers
 * for all tensors. Gradients are computed twice, and the second run adds to the first.
 */
export async function everyOp(
  device: GPUDevice,
  profile: Profile,
  known: Values,
  { op: selects = () => true, variant: wanted, settings = DEFAULT_SETTINGS }: Selection = {},
): Promise<Difference[]> {
  const { program } = known;
  const ops = [...program.ops.entries()].filter(([, op]) => selects(op));
  const programs = ops.map(([at, op]) => isolate(program, op, at));
  const assembled = assemble(programs, { profile, settings, variants: wanted === undefined ? "first" : "all" });
  const { plan } = assembled;
  const prefer = (_: string, variant: string): boolean => variant === wanted;
  const runtime = await prepare(device, profile, plan, { pipelines: pipelinesOn({ device }), prefer });
  try {
    const v = asStored(known);
    const { of } = v;
    poison(plan, runtime);
    upload(assembled, programs, v, runtime);
    const phases = programs.map(({ name }) => name);
    const accumulate = stepFields(program).indexOf("accumulate");
    const gradients = plan.buffers.findIndex(({ role }) => role === "gradients");
    const bytes = plan.buffers[gradients]?.bytes as number;
    // Without parameters there are no gradients.
    const readGradients = async (): Promise<Float32Array> =>
      gradients < 0
        ? new Float32Array()
        : new Float32Array(await runtime.read({ buffer: gradients, offset: 0, bytes }));
    const step = new Uint32Array(stepBytes(program) / 4);
    runtime.write("step", step);
    runtime.run(phases);
    const once = await readGradients();
    step[accumulate] = 1;
    runtime.write("step", step);
    runtime.run(phases);
    const twice = await readGradients();

    const differences: Difference[] = [];
    const untouched = new Uint8Array(once.length).fill(1);
    for (const [place, [at, op]] of ops.entries()) {
      const variant = runtime.picks[place]?.variant as string;
      const inside = op.kind === "token_loss" && tensorOf(program, op.in.x).type === "f16";
      const add = (what: string, error: number, f16 = inside): void => {
        differences.push({ op: op.kind, variant, what: `${at} ${what}`, error, f16 });
      };
      const expected: Values = { program, of: new Map(of) };
      // Ops share arrays, so the outputs of this op and their views get new ones.
      const written = new Set(outputsOf(op).map((id) => storage(program, id).id));
      for (const { id } of program.tensors) if (written.has(storage(program, id).id)) expected.of.delete(id);
      evaluateOp(expected, op);
      for (const id of outputsOf(op)) {
        const tensor = tensorOf(program, id);
        const numbers = read(expected, id);
        if (tensor.role !== "gradient") {
          const home = storage(program, id);
          const stored = widened(home, await runtime.read(outputName(at, home)));
          add(tensor.name, relativeError(columnsIn(program, id, stored), numbers), inside || tensor.type === "f16");
          continue;
        }
        const parameter = program.parameters.find((p) => tensorOf(program, p.tensor).name === tensor.name);
        const first = (assembled.parameters.find((p) => p.name === parameter?.names[0])?.offset as number) / 4;
        const [one, two] = [once, twice].map((all) => all.subarray(first, first + numbers.length));
        untouched.fill(0, first, first + numbers.length);
        add(tensor.name, relativeError(one as Float32Array, numbers));
        const doubled = numbers.map((n) => 2 * n);
        add(`${tensor.name}, accumulated`, relativeError(two as Float32Array, doubled));
      }
    }
    const overwritten = untouched.findIndex(
      (free, i) => free === 1 && (once[i] !== UNWRITTEN || twice[i] !== UNWRITTEN),
    );
    if (overwritten >= 0) throw new Error(`A kernel wrote between the gradients, at number ${overwritten}.`);
    return differences;
  } finally {
    runtime.destroy();
  }
}
