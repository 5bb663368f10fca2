// The numbers of a program in float64: one row-major array for each tensor.
import { stretches } from "../ir/arena.js";
import type { Rows } from "../ir/op.js";
import { type Program, tensorOf } from "../ir/program.js";
import type { StepScalars } from "../ir/step.js";
import { count, type TensorId } from "../ir/tensor.js";

export interface Values {
  readonly program: Program;
  readonly of: Map<TensorId, Float64Array>;
  /** What the host writes for the step, if there is an update. */
  readonly step?: StepScalars;
}

/** A scalar of the step. */
export function scalar({ step = {} }: Values, name: string): number {
  const value = step[name];
  if (value === undefined) throw new Error(`the step has no ${name}`);
  return value;
}

/** Initial values: those that the host gives (batch, constants, parameters, entire arenas), and gradients of 0. */
export function values(program: Program, given: (name: string, size: number) => ArrayLike<number> | undefined): Values {
  const of = new Map<TensorId, Float64Array>();
  const arenas = new Map<string, Float64Array>();
  for (const tensor of program.tensors) {
    if (tensor.role === "value" || tensor.role === "result") continue;
    if (tensor.stretch) {
      const { arena, first, size } = tensor.stretch;
      const whole = arenas.get(arena) ?? Float64Array.from(given(arena, arenaSize(program)) ?? []);
      arenas.set(arena, whole);
      of.set(tensor.id, whole.subarray(first, first + size));
      continue;
    }
    const size = count(tensor.shape);
    const numbers = tensor.role === "gradient" ? new Float64Array(size) : given(tensor.name, size);
    if (numbers) of.set(tensor.id, Float64Array.from(numbers));
  }
  return { program, of };
}

const arenaSize = ({ arenas = [] }: Program) => stretches(arenas).reduce((sum, { whole }) => sum + whole.size, 0);

export function read(v: Values, id: TensorId): Float64Array {
  const numbers = v.of.get(id);
  if (!numbers) throw new Error(`the reference has no numbers for ${tensorOf(v.program, id).name}`);
  return numbers;
}

/** Zeros for an output. A gradient keeps its numbers, because gradients accumulate. */
export function make(v: Values, id: TensorId): Float64Array {
  const tensor = tensorOf(v.program, id);
  const old = v.of.get(id);
  if (tensor.role === "gradient" && old) return old;
  const numbers = new Float64Array(count(tensor.shape));
  v.of.set(id, numbers);
  return numbers;
}

type NumbersOf<Ids> = { readonly [Name in keyof Ids]: Float64Array };

const numbersOf = <Ids>(ids: Ids, numbers: (id: TensorId) => Float64Array) =>
  Object.fromEntries(
    Object.entries(ids as Readonly<Record<string, TensorId | undefined>>).flatMap(([name, id]) =>
      id === undefined ? [] : [[name, numbers(id)]],
    ),
  ) as NumbersOf<Ids>;

/** The numbers of all inputs of an op, by name. */
export const inputs = <Some extends { readonly in: object }>(v: Values, op: Some) =>
  numbersOf<Some["in"]>(op.in, (id) => read(v, id));

/** All outputs of an op, by name, from `make`. */
export const outputs = <Some extends { readonly out: object }>(v: Values, op: Some) =>
  numbersOf<Some["out"]>(op.out, (id) => make(v, id));

export function add(numbers: Float64Array, at: number, value: number): void {
  numbers[at] = (numbers[at] as number) + value;
}

/** A tensor that an op changes in place: zeros if it does not exist yet. */
export const kept = (v: Values, id: TensorId): Float64Array => v.of.get(id) ?? make(v, id);

/** The last dimension of a tensor. */
export const columns = (v: Values, id: TensorId): number => tensorOf(v.program, id).shape.at(-1) as number;

/** The group of each row; −1 for none. */
export function groupOf(v: Values, rows: Rows): (row: number) => number {
  if (rows.over === "items") return () => 0;
  const modality = read(v, v.program.modality);
  return (row) => rows.of[modality[row] as number] as number;
}
