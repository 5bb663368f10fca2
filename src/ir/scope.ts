// Names in a plan of what phases read and leave: phases of one batch and length share their fields, a phase of its own
// size has its own, `PHASE/name`. States of sequences (`state.…`, `next.…`) are shared by all phases: what one leaves,
// another goes on from.
import type { Program } from "./program.js";
import type { Tensor } from "./tensor.js";

const isState = (name: string): boolean => name.startsWith("state.") || name.startsWith("next.");

/** The program with all that the host writes for a run or reads after it under names of its own. */
export function scoped(program: Program, scope: string): Program {
  const tensors = program.tensors.map((tensor): Tensor => {
    const fields = tensor.role === "batch" || tensor.role === "result";
    return fields && !isState(tensor.name) ? { ...tensor, name: `${scope}/${tensor.name}` } : tensor;
  });
  return { ...program, tensors };
}

/** What a field of the plan is called within a scope (none: that of the phases that share one size), if it is of it. */
export function nameWithin(scope: string | undefined, field: string): string | undefined {
  const end = field.indexOf("/");
  if (end < 0) return scope === undefined || isState(field) ? field : undefined;
  return field.slice(0, end) === scope ? field.slice(end + 1) : undefined;
}
