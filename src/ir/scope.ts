// Scopes of fields. Phases of the same batch and length share their fields; a phase with its own size has its own
// scope. All phases share the states of sequences: one phase continues from the state that another left.
import { labelOf, type Meaning } from "./meaning.js";
import type { Program } from "./program.js";
import type { Tensor } from "./tensor.js";

const isState = ({ is }: Meaning): boolean => is === "state" || is === "next";

/** The program with the fields of a run (host inputs and results) in a scope of their own. */
export function scoped(program: Program, scope: string): Program {
  const tensors = program.tensors.map((tensor): Tensor => {
    const { role, means } = tensor;
    const own = means !== undefined && (role === "batch" || role === "result") && !isState(means);
    return own ? { ...tensor, scope, name: labelOf(means, scope) } : tensor;
  });
  return { ...program, tensors };
}

/** Whether a field belongs to a scope. No scope means the phases that share one size. */
export const isWithin = (
  scope: string | undefined,
  field: { readonly means: Meaning; readonly scope?: string },
): boolean => field.scope === scope || isState(field.means);
