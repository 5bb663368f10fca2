// Layers repeat, so ops that differ only in their tensors share their drafts.
import type { Op } from "../ir/op.js";
import { described, opKey } from "../ir/op-key.js";
import { type Program, tensorOf } from "../ir/program.js";
import type { TensorId } from "../ir/tensor.js";
import type { DraftChoice } from "./draft.js";

export interface Drafted {
  /** The op's key (ir/op-key.ts). */
  readonly key: string;
  /** The choices of the first op equal to this one; the same object for all of them. */
  readonly choices: readonly DraftChoice[];
  /**
   * The op for which the drafts were made. Where they name its tensors, this op uses its own operands of the same
   * names.
   */
  readonly madeFor: Op;
}

/** Drafts the ops of one program, in any order. */
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
 * The operands of an op by name, so that equal ops have equal results. Tensors that the host writes keep their ids,
 * because tables are made from them; so do arenas, which have regions.
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

/**
 * The tensor of `op` that corresponds to `id` of `madeFor`, an op equal to it. Other tensors are returned unchanged.
 */
export function tensorInPlace(madeFor: Op, op: Op, id: TensorId): TensorId {
  if (madeFor === op) return id;
  for (const side of ["in", "out"] as const) {
    for (const [name, tensor] of Object.entries(madeFor[side] as Named)) {
      if (tensor === id) return (op[side] as Named)[name] as TensorId;
    }
  }
  return id;
}
