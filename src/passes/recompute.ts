// recompute: the backward pass makes activations anew instead of finding them kept. It works on fused programs: what is
// made again is the same op with other tensors, so it runs the same kernel on the same numbers, and gives the same bits.
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

/** Where the ops of the layers end, and which tensors are made again after that. */
interface Choice {
  readonly end: number;
  /** The ops that make a tensor, or columns of it, in program order. */
  readonly writers: ReadonlyMap<TensorId, readonly Op[]>;
  readonly again: (id: TensorId) => boolean;
}

/** What the last layer made is read right after it, so it is kept: the peak is the same, and the work is saved. */
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
  /** In the backward pass, without being kept for this alone. */
  const atHand = (id: TensorId): boolean =>
    storage(program, id).role !== "value" || kept.has(home(id)) || wanted.has(home(id)) || again(id);
  return { end: end as number, writers, again };
}

/**
 * The program with `how` much of its layers' activations made again, each right before the first op after the layers
 * that reads it. Tensors made again have names of their own, `NAME again`.
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
