// narrow: half precision. A tensor that moves between kernels becomes f16 if neither its producer nor its readers need
// f32. Matrix products get f16 copies of their other operands. The gradients of the losses are scaled, or they would
// underflow. The rows of the ops (ir/ops) list which tensors may be f16: operands of products and the elementwise
// results between them. The residual stream, norms, recurrent states with their B and C, losses, parameters and their
// gradients stay in f32.
import { storage } from "../ir/facts.js";
import { LOSS_SCALE } from "../ir/loss-scale.js";
import { labelOf } from "../ir/meaning.js";
import { type Op, outputsOf } from "../ir/op.js";
import { rowOf } from "../ir/ops/table.js";
import { type Program, tensorOf } from "../ir/program.js";
import type { Tensor, TensorId } from "../ir/tensor.js";

/** Whether an op multiplies matrices over positions. Items have too few rows to matter. */
const multiplies = (op: Op): boolean =>
  op.kind === "token_loss" ||
  ((op.kind === "linear" || op.kind === "linear_dx" || op.kind === "linear_dw") && op.rows.over === "positions");

const OPERANDS: readonly string[] = ["x", "dy", "weight"];

/** Tensors with storage of their own that may be f16 in all their uses. */
function narrowable(program: Program): Set<TensorId> {
  const home = (id: TensorId): TensorId => storage(program, id).id;
  const refused = new Set<TensorId>();
  const used = new Set<TensorId>();
  for (const op of program.ops) {
    const allowed = "rows" in op && op.rows.over === "items" ? {} : (rowOf(op.kind).f16 ?? {});
    for (const side of ["in", "out"] as const) {
      for (const [key, id] of Object.entries(op[side] as Readonly<Record<string, TensorId>>)) {
        used.add(home(id));
        if (!allowed[side]?.includes(key)) refused.add(home(id));
      }
    }
  }
  const fits = ({ id, role, type }: Tensor): boolean => role === "value" && type === "f32" && !refused.has(id);
  return new Set([...used].filter((id) => fits(tensorOf(program, id))));
}

/** @returns the program with f16 tensors, the casts to them, and gradients times the loss scale */
export function narrow(program: Program): Program {
  const narrowed = narrowable(program);
  const tensors: Tensor[] = program.tensors.map((tensor) =>
    narrowed.has(storage(program, tensor.id).id) ? { ...tensor, type: "f16" } : tensor,
  );
  const ops: Op[] = [];
  const tensor = (from: Omit<Tensor, "id">): TensorId => {
    const id = tensors.length as TensorId;
    tensors.push({ ...from, id });
    return id;
  };
  const copies = new Map<TensorId, TensorId>();
  const asF16 = (id: TensorId): TensorId => {
    const { name, type, shape } = tensors[id] as Tensor;
    if (type !== "f32") return id;
    const copy = copies.get(id) ?? tensor({ name: `${name} in halves`, role: "value", type: "f16", shape });
    if (!copies.has(id)) ops.push({ kind: "cast", in: { x: id }, out: { y: copy } });
    copies.set(id, copy);
    return copy;
  };
  let factor: TensorId | undefined;
  const scaled = new Map<TensorId, TensorId>();
  const times = (scale: TensorId): TensorId => {
    factor ??= tensor({ ...LOSS_SCALE, name: labelOf(LOSS_SCALE.means), role: "state", type: "f32" });
    const { name, shape } = tensors[scale] as Tensor;
    const y = scaled.get(scale) ?? tensor({ name: `${name} scaled`, role: "value", type: "f32", shape });
    if (!scaled.has(scale)) ops.push({ kind: "amplify", in: { x: scale, factor }, out: { y } });
    scaled.set(scale, y);
    return y;
  };
  for (const op of program.ops) {
    let made = op;
    if (made.kind === "cross_entropy_grad") made = { ...made, in: { ...made.in, scale: times(made.in.scale) } };
    if (made.kind === "squared_error_grad") made = { ...made, in: { ...made.in, scale: times(made.in.scale) } };
    if (made.kind === "token_loss" && outputsOf(made).length > 1) {
      made = { ...made, in: { ...made.in, scale: times(made.in.scale) } };
    }
    if (multiplies(made)) {
      const given = Object.entries(made.in as Readonly<Record<string, TensorId>>);
      const operands = given.map(([key, id]) => [key, OPERANDS.includes(key) ? asF16(id) : id]);
      made = { ...made, in: Object.fromEntries(operands) } as Op;
    }
    ops.push(made);
  }
  return { ...program, tensors, ops };
}
