// Layers repeat: the kernels of ops that differ only in which tensors they read and make are drafted once.
import type { Op } from "../ir/op.js";
import { described, opKey } from "../ir/op-key.js";
import { type Program, tensorOf } from "../ir/program.js";
import type { TensorId } from "../ir/tensor.js";
import type { DraftChoice } from "./draft.js";

export interface Drafted {
  /** The op's key (ir/op-key.ts). */
  readonly key: string;
  /** What the first op that is equal to this one runs; the same object for each of them. */
  readonly choices: readonly DraftChoice[];
  /** The op that the drafts were made for: where they name its tensors, this op has its own of the same names. */
  readonly madeFor: Op;
}

/** Drafts the ops of one program, in whatever order they come. */
export function sharedDrafts(
  program: Program,
  draft: (op: Op, key: string) => readonly DraftChoice[],
): (op: Op) => Drafted {
  const known = new Map<string, Drafted>();
  return (op) => {
    const description = JSON.stringify([described(program, op, "all"), identities(program, op)]);
    const before = known.get(description);
    if (before !== undefined) return before;
    const key = opKey(program, op);
    const drafted = { key, choices: draft(op, key), madeFor: op };
    known.set(description, drafted);
    return drafted;
  };
}

type Named = Readonly<Record<string, TensorId>>;

/**
 * By the names of an op's inputs and outputs. What the host writes is meant by name: tables are made from it; so are
 * arenas, which stand in parts.
 */
function identities(program: Program, op: Op): unknown {
  const seen: TensorId[] = [];
  const identity = ([name, id]: [string, TensorId]): unknown => {
    const { role } = tensorOf(program, id);
    const own = role === "batch" || role === "constant" || role === "arena";
    if (!seen.includes(id)) seen.push(id);
    return [name, role, own ? id : seen.indexOf(id)];
  };
  return [Object.entries(op.in as Named).map(identity), Object.entries(op.out as Named).map(identity)];
}

/** The tensor of `op` that stands where `madeFor`, an op equal to it, has `id`; any other tensor is meant as it is. */
export function tensorInPlace(madeFor: Op, op: Op, id: TensorId): TensorId {
  if (madeFor === op) return id;
  for (const side of ["in", "out"] as const) {
    for (const [name, tensor] of Object.entries(madeFor[side] as Named)) {
      if (tensor === id) return (op[side] as Named)[name] as TensorId;
    }
  }
  return id;
}
