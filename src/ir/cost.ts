// The floating-point operations of every op, for one of its rows.
//
// Every addition, multiplication, division, exponential, logarithm and square root counts as one operation. A matrix
// product of m × k by k × n counts 2·m·n·k. Copies, comparisons and integer work (random bits, table look-ups) count
// nothing, and neither do values that a kernel computes a second time to save memory. Work done once per parameter,
// whatever the number of positions (A = −exp(A_log), clipping, AdamW), does not count for a token. The scaling of a
// norm counts for each product that it is fused into.
import type { Op } from "./op.js";
import { rowOf } from "./ops/table.js";
import { type Program, tensorOf } from "./program.js";
import { count, type TensorId } from "./tensor.js";

/** The floating-point operations of an op for one row. */
export function flopsOf(program: Program, op: Op): number {
  const shape = (id: TensorId): readonly number[] => tensorOf(program, id).shape;
  const columns = (id: TensorId): number => shape(id).at(-1) as number;
  // A weight of one group is [1, rows, columns].
  const height = (id: TensorId): number => count(shape(id)) / columns(id);
  return rowOf(op.kind).flops(op, columns, height, program.batch);
}
