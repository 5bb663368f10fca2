// States that enter and leave a program. Gradients do not flow through them.
import type { TensorId } from "../tensor.js";
import type { Gradients } from "./row.js";

/** Checks that a state that enters comes from the host, and that no loss depends on the one that leaves. */
export function stateIsConstant(g: Gradients, enters: TensorId | undefined, leaves: TensorId | undefined): void {
  if (enters !== undefined && !g.given(enters))
    throw new Error("an incoming state has no gradient, and this one needs one");
  if (leaves !== undefined && g.of(leaves) !== undefined) {
    throw new Error("an outgoing state has a gradient, which cannot be passed on");
  }
}
