// Whose fields what phases read and leave are: phases of one batch and length share theirs, a phase of its own size has
// its own scope. States of sequences are shared by all phases: what one leaves, another goes on from.
import { labelOf, type Meaning } from "./meaning.js";
import type { Program } from "./program.js";
import type { Tensor } from "./tensor.js";

const isState = ({ is }: Meaning): boolean => is === "state" || is === "next";

/** The program with all that the host writes for a run or reads after it in a scope of its own. */
export function scoped(program: Program, scope: string): Program {
  const tensors = program.tensors.map((tensor): Tensor => {
    const { role, means } = tensor;
    const own = means !== undefined && (role === "batch" || role === "result") && !isState(means);
    return own ? { ...tensor, scope, name: labelOf(means, scope) } : tensor;
  });
  return { ...program, tensors };
}

/** Whether what is written in a scope (none: that of the phases that share one size) is written into a field. */
export const isWithin = (
  scope: string | undefined,
  field: { readonly means: Meaning; readonly scope?: string },
): boolean => field.scope === scope || isState(field.means);
