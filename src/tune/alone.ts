// Isolates one op in a program of its own: the host writes all its inputs and can read all its outputs.
import { storage } from "../ir/facts.js";
import { inputsOf, type Op, outputsOf } from "../ir/op.js";
import { type Program, tensorOf } from "../ir/program.js";
import type { Tensor, TensorId } from "../ir/tensor.js";

/**
 * The op that computes some of another op's inputs. A backward scan, for example, reads states that the forward scan
 * wrote; random numbers would not be valid states.
 */
export interface Before {
  readonly op: Op;
  /** The inputs that it computes. */
  readonly makes: readonly TensorId[];
  /** The program with its additional outputs. */
  readonly program: Program;
}

export function before(program: Program, op: Op): Before | undefined {
  switch (op.kind) {
    case "scan_grad": {
      const { u, delta, B, C, A_log, D, z, reset, carry } = op.in;
      const y = program.tensors.length as TensorId;
      const { type, shape } = tensorOf(program, u);
      const whole: Tensor = { id: y, name: "y", role: "value", type, shape };
      const reads = { u, delta, B, C, A_log, D, ...(z !== undefined && { z }), ...(reset !== undefined && { reset }) };
      return {
        op: { kind: "scan", in: reads, out: { y, carry }, rowsA: op.rowsA, rowsD: op.rowsD },
        makes: [carry],
        program: { ...program, tensors: [...program.tensors, whole] },
      };
    }
    case "attention_grad": {
      const { q, k, v, keys, y, lse } = op.in;
      const { heads, kv_heads } = op;
      return {
        op: { kind: "attention", in: { q, k, v, keys }, out: { y, lse }, heads, kv_heads },
        makes: [y, lse],
        program,
      };
    }
    default:
      return undefined;
  }
}

/** Full tensors (not views) that the ops read but do not compute. */
export function readBy(program: Program, ops: readonly Op[]): Tensor[] {
  const home = (id: TensorId) => storage(program, id).id;
  const made = new Set(ops.flatMap(outputsOf).map(home));
  const read = new Set([...ops.flatMap(inputsOf), program.modality].map(home));
  return [...read].filter((id) => !made.has(id)).map((id) => tensorOf(program, id));
}

/** A program with only these ops. Each tensor that they use has its own buffer of the original size. */
export function alone(program: Program, ops: readonly Op[]): Program {
  const home = (id: TensorId) => storage(program, id).id;
  const touched = new Set([...ops.flatMap(inputsOf), ...ops.flatMap(outputsOf), program.modality].map(home));
  const names = new Set([...touched].map((id) => tensorOf(program, id).name));
  const tensors = program.tensors.map((tensor): Tensor => {
    if (tensor.role === "parameter" || tensor.role === "gradient" || tensor.view) return tensor;
    if (!touched.has(tensor.id)) return { ...tensor, role: "value" };
    if (tensor.role === "batch" || tensor.role === "constant") return tensor;
    const name = `${tensor.id} ${tensor.name}`;
    return { ...tensor, role: "result", name, means: { is: "named", name } };
  });
  const parameters = program.parameters.filter(({ tensor }) => names.has(tensorOf(program, tensor).name));
  const { arenas: _, ...rest } = program;
  return { ...rest, name: "alone", tensors, parameters, ops };
}

/** Copies a matrix out of a wider one. It begins at `column`, and its rows are `stride` elements apart. */
export function columnsIn<T extends Float32Array | Float64Array>(
  place: { readonly rows: number; readonly columns: number; readonly column: number; readonly stride: number },
  whole: T,
): T {
  const { rows, columns, column, stride } = place;
  if (column === 0 && stride === columns) return whole;
  const copy = whole.slice(0, rows * columns) as T;
  for (let r = 0; r < rows; r++) {
    const from = r * stride + column;
    copy.set(whole.subarray(from, from + columns), r * columns);
  }
  return copy;
}
