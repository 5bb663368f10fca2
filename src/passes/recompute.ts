// recompute: the backward pass recomputes activations instead of keeping them. It works on fused programs: a recomputed
// op is the same op with other tensors, so it runs the same kernel on the same numbers and gives the same bits.
import type { Recompute } from "../front/spec.js";
import { storage } from "../ir/facts.js";
import { inputsOf, type Op, outputsOf } from "../ir/op.js";
import { rowOf } from "../ir/ops/table.js";
import { type Program, tensorOf } from "../ir/program.js";
import type { Tensor, TensorId } from "../ir/tensor.js";

function isCheap(program: Program, op: Op): boolean {
  const { cheap = false } = rowOf(op.kind);
  return typeof cheap === "boolean" ? cheap : cheap(op, (id) => tensorOf(program, id).shape.at(-1) as number);
}

/** The tensors to recompute, and the index at which the ops of the layers end. */
interface Choice {
  readonly end: number;
  /** The ops that write a tensor or some of its columns, in program order. */
  readonly writers: ReadonlyMap<TensorId, readonly Op[]>;
  readonly again: (id: TensorId) => boolean;
}

/**
 * The last layer's activations are kept: they are read right after it, so recomputing them would not lower the peak.
 */
function choose(program: Program, how: Exclude<Recompute, "none">): Choice {
  const { ops, boundaries } = program;
  const home = (id: TensorId): TensorId => storage(program, id).id;
  const makes = (id: TensorId | undefined): number => ops.findIndex((op) => outputsOf(op).some((made) => made === id));
  const [start, last, end] = [boundaries[0], boundaries.at(-2), boundaries.at(-1)].map((id) => makes(id) + 1);
  const kept = new Set(boundaries.map(home));
  const writers = new Map<TensorId, Op[]>();
  for (const op of ops.slice(start, last)) {
    for (const id of outputsOf(op)) {
      if (storage(program, id).role !== "value" || kept.has(home(id))) continue;
      writers.set(home(id), [...(writers.get(home(id)) ?? []), op]);
    }
  }
  const wanted = new Set(ops.slice(end).flatMap(inputsOf).map(home));
  const known = new Map<TensorId, boolean>();
  const again = (id: TensorId): boolean => {
    const made = writers.get(home(id));
    if (made === undefined) return false;
    const before = known.get(home(id));
    if (before !== undefined) return before;
    const found = made.every((op) => (how === "block" || isCheap(program, op)) && inputsOf(op).every(atHand));
    known.set(home(id), found);
    return found;
  };
  /** Whether the backward pass has a tensor that is not kept only for this purpose. */
  const atHand = (id: TensorId): boolean =>
    storage(program, id).role !== "value" || kept.has(home(id)) || wanted.has(home(id)) || again(id);
  return { end: end as number, writers, again };
}

/**
 * Recomputes the activations of the layers that `how` selects, each right before the first op after the layers that
 * reads it. Recomputed tensors are named `NAME again`.
 */
export function recompute(program: Program, how: Recompute): Program {
  if (how === "none" || program.boundaries.length === 0) return program;
  const { end, writers, again } = choose(program, how);
  const tensors: Tensor[] = [...program.tensors];
  const ops = program.ops.slice(0, end);
  const copies = new Map<TensorId, TensorId>();
  const done = new Set<Op>();

  const copyOf = (id: TensorId): TensorId => {
    const known = copies.get(id);
    if (known !== undefined) return known;
    const { view, ...tensor } = tensorOf(program, id);
    const window = view && { view: { of: copyOf(view.of), column: view.column } };
    const copy = tensors.length as TensorId;
    tensors.push({ ...tensor, id: copy, role: "value", name: `${tensor.name} again`, ...window });
    copies.set(id, copy);
    return copy;
  };
  const read = <T extends Op>(op: T): T => ({
    ...op,
    in: mapped(op.in, (id) => (again(id) ? copyOf(id) : id)),
  });
  const makeInputs = (op: Op): void => {
    for (const id of inputsOf(op).filter(again)) {
      for (const maker of writers.get(storage(program, id).id) ?? []) {
        if (done.has(maker)) continue;
        done.add(maker);
        makeInputs(maker);
        ops.push({ ...read(maker), out: mapped(maker.out, copyOf) } as Op);
      }
    }
  };
  for (const op of program.ops.slice(end)) {
    makeInputs(op);
    ops.push(read(op));
  }
  return { ...program, ops, tensors };
}

const mapped = (side: Op["in"] | Op["out"], to: (id: TensorId) => TensorId): Record<string, TensorId> =>
  Object.fromEntries(Object.entries(side as Record<string, TensorId>).map(([key, id]) => [key, to(id)]));
