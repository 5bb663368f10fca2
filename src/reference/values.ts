// Numbers of a program in float64: one array for each tensor, row-major.
import type { Rows } from "../ir/op.js";
import { type Program, tensorOf } from "../ir/program.js";
import { count, type TensorId } from "../ir/tensor.js";

export interface Values {
  readonly program: Program;
  readonly of: Map<TensorId, Float64Array>;
}

/** Values to begin with: what the host gives (batch, constants, parameters), gradients at 0. */
export function values(program: Program, given: (name: string, size: number) => ArrayLike<number> | undefined): Values {
  const of = new Map<TensorId, Float64Array>();
  for (const tensor of program.tensors) {
    if (tensor.role === "value" || tensor.role === "result") continue;
    const size = count(tensor.shape);
    const numbers = tensor.role === "gradient" ? new Float64Array(size) : given(tensor.name, size);
    if (numbers) of.set(tensor.id, Float64Array.from(numbers));
  }
  return { program, of };
}

export function read(v: Values, id: TensorId): Float64Array {
  const numbers = v.of.get(id);
  if (!numbers) throw new Error(`the reference has no numbers for ${tensorOf(v.program, id).name}`);
  return numbers;
}

/** Zeros for an output; a gradient keeps what it has, since gradients add up. */
export function make(v: Values, id: TensorId): Float64Array {
  const tensor = tensorOf(v.program, id);
  const old = v.of.get(id);
  if (tensor.role === "gradient" && old) return old;
  const numbers = new Float64Array(count(tensor.shape));
  v.of.set(id, numbers);
  return numbers;
}

/** The last dimension of a tensor. */
export const columns = (v: Values, id: TensorId): number => tensorOf(v.program, id).shape.at(-1) as number;

/** The group of each row; −1 for none. */
export function groupOf(v: Values, rows: Rows): (row: number) => number {
  if (rows.over === "pictures") return () => 0;
  const modality = read(v, v.program.modality);
  return (row) => rows.of[modality[row] as number] as number;
}
