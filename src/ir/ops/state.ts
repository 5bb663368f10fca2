// States that enter and leave a program: nothing flows back through them.
import type { TensorId } from "../tensor.js";
import type { Gradients } from "./row.js";

/** A state that enters comes from outside the program, and no loss depends on the one that leaves. */
export function stateIsConstant(g: Gradients, enters: TensorId | undefined, leaves: TensorId | undefined): void {
  if (enters !== undefined && !g.given(enters)) throw new Error("the state that enters would need a gradient");
  if (leaves !== undefined && g.of(leaves) !== undefined) {
    throw new Error("the state that leaves has a gradient, which goes no further");
  }
}
