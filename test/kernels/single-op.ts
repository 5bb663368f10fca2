// Runs one op of a program on a device, by any of its variants, and returns how far it is from the reference.
import { assemble } from "../../src/compile.js";
import type { OpenDevice } from "../../src/gpu/dawn.js";
import { prepare } from "../../src/gpu/runtime.js";
import { storage } from "../../src/ir/facts.js";
import { inputsOf, type Op, outputsOf } from "../../src/ir/op.js";
import { count, type Program, type Tensor, type TensorId } from "../../src/ir/program.js";
import { realise } from "../../src/kernels/realise.js";
import { fillTable, tableName } from "../../src/kernels/tables.js";
import { STEP_BYTES } from "../../src/kernels/template.js";
import { evaluateOp } from "../../src/reference/evaluate.js";
import { read, type Values } from "../../src/reference/values.js";
import { relativeError } from "../support/fixtures.js";

/** The program of one op: what it reads comes from the batch, what it makes is a result. */
export function isolate(program: Program, op: Op): Program {
  const home = (id: TensorId): TensorId => storage(program, id).id;
  const reads = new Set([...inputsOf(op), program.modality].map(home));
  const writes = new Set(outputsOf(op).map(home));
  const tensors = program.tensors.map((tensor): Tensor => {
    const used = reads.has(tensor.id) || writes.has(tensor.id);
    if (tensor.role === "parameter" || tensor.role === "gradient") return tensor;
    const role = !used || tensor.view ? "value" : writes.has(tensor.id) ? "result" : "batch";
    // Sources of tables keep their names; others may share one and need their own.
    return { ...tensor, role, name: tensor.role === "value" ? `${tensor.name} ${tensor.id}` : tensor.name };
  });
  return { ...program, name: op.kind, tensors, ops: [op] };
}

export const variantsOf = (program: Program, op: Op): string[] => realise(program, op).map(({ variant }) => variant);

const typed = (type: Tensor["type"], numbers: ArrayLike<number>): Float32Array | Uint32Array | Int32Array => {
  if (type === "f32") return Float32Array.from(numbers);
  return type === "u32" ? Uint32Array.from(numbers) : Int32Array.from(numbers);
};

export interface Difference {
  readonly tensor: string;
  readonly error: number;
}

/** Relative L2 errors of everything that the op makes. `known` holds numbers for all tensors of the program. */
export async function compare(
  { device, profile }: OpenDevice,
  whole: Program,
  known: Values,
  op: Op,
  variant: string,
): Promise<Difference[]> {
  const program = isolate(whole, op);
  const assembled = assemble([program], true, { profile, variants: "first", force: variant });
  const runtime = await prepare(device, profile, assembled.plan);
  const of = new Map<TensorId, Float64Array>();
  for (const [id, numbers] of known.of) of.set(id, Float64Array.from(numbers, Math.fround));
  const expected: Values = { program, of };
  for (const id of outputsOf(op)) of.delete(id);
  for (const id of outputsOf(op)) of.delete(storage(program, id).id);
  const batch = new Map<string, ArrayLike<number>>();
  for (const tensor of program.tensors) {
    if (tensor.role !== "batch") continue;
    const numbers = read(expected, tensor.id);
    batch.set(tensor.name, numbers);
    runtime.write(tensor.name, typed(tensor.type, numbers) as Float32Array<ArrayBuffer>);
  }
  for (const table of assembled.tables) {
    const filled = fillTable(table, (name) => batch.get(name) ?? named(program, expected, name));
    runtime.write(tableName(table), filled as Uint32Array<ArrayBuffer>);
  }
  runtime.write("step", new Uint32Array(STEP_BYTES / 4));
  const parts = (role: string, part: number): number =>
    assembled.plan.buffers.findIndex((b) => b.name === `${role}.${part}`);
  for (const { name, shape, part, offset, group } of assembled.parameters) {
    const parameter = program.parameters.find((p) => p.names.includes(name));
    const numbers = read(expected, parameter?.tensor as TensorId);
    const size = count(shape);
    const copy = Float32Array.from(numbers.subarray(group * size, (group + 1) * size));
    runtime.write({ buffer: parts("parameters", part), offset, bytes: 4 * size }, copy);
  }
  runtime.run([op.kind]);
  evaluateOp(expected, op);
  const differences: Difference[] = [];
  for (const id of new Set(outputsOf(op).map((out) => storage(program, out).id))) {
    const tensor = program.tensors[id] as Tensor;
    let got: Float32Array;
    if (tensor.role === "gradient") {
      const parameter = program.parameters.find((p) => program.tensors[p.tensor]?.name === tensor.name);
      const field = assembled.parameters.find((p) => p.name === parameter?.names[0]);
      const bytes = 4 * count(tensor.shape);
      const place = { buffer: parts("gradients", field?.part as number), offset: field?.offset as number, bytes };
      got = new Float32Array(await runtime.read(place));
    } else {
      got = new Float32Array(await runtime.read(tensor.name));
    }
    differences.push({ tensor: tensor.name, error: relativeError(got, read(expected, id)) });
  }
  runtime.destroy();
  return differences;
}

function named(program: Program, v: Values, name: string): ArrayLike<number> {
  const tensor = program.tensors.find((t) => t.name === name);
  if (!tensor) throw new Error(`no tensor ${name}`);
  return read(v, tensor.id);
}
