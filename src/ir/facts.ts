// Facts about programs that several stages need: the producer and the readers of a tensor, and whether two row sets
// agree.
import { inputsOf, type Op, outputsOf, type Rows } from "./op.js";
import { type Program, tensorOf } from "./program.js";
import type { Tensor, TensorId } from "./tensor.js";

/** The op that writes each tensor. */
export function producers(ops: readonly Op[]): Map<TensorId, Op> {
  const made = new Map<TensorId, Op>();
  for (const op of ops) for (const id of outputsOf(op)) made.set(id, op);
  return made;
}

/** The ops that read each tensor, in program order. */
export function consumers(ops: readonly Op[]): Map<TensorId, Op[]> {
  const readers = new Map<TensorId, Op[]>();
  for (const op of ops) {
    for (const id of inputsOf(op)) {
      const list = readers.get(id);
      if (list === undefined) readers.set(id, [op]);
      else if (list.at(-1) !== op) list.push(op);
    }
  }
  return readers;
}

/** The tensor whose memory this one uses: itself, or the tensor that it is a view of. */
export function storage(program: Program, id: TensorId): Tensor {
  let tensor = tensorOf(program, id);
  while (tensor.view) tensor = tensorOf(program, tensor.view.of);
  return tensor;
}

/** The layout of a tensor in its storage: its first column, and the numbers from one row to the next. */
export function layout(program: Program, id: TensorId): { column: number; stride: number } {
  let tensor = tensorOf(program, id);
  let column = 0;
  while (tensor.view) {
    column += tensor.view.column;
    tensor = tensorOf(program, tensor.view.of);
  }
  return { column, stride: tensor.shape.at(-1) ?? 1 };
}

export function sameRows(a: Rows, b: Rows): boolean {
  if (a.over === "items" || b.over === "items") return a.over === b.over;
  return a.of.length === b.of.length && a.of.every((group, m) => group === b.of[m]);
}

/** Whether every position uses group 0, so that no row table is needed. */
export const isUniform = (rows: Rows): boolean => rows.over === "items" || rows.of.every((group) => group === 0);
