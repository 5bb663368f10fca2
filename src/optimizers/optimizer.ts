// The interface of an optimizer for the compiler and the training loop.
import type { Builder } from "../ir/builder.js";
import type { Arena, Parameter } from "../ir/program.js";
import type { Stretch, TensorId } from "../ir/tensor.js";

/** The learning rate of a step, from its peak. */
export type Rate = (peak: number) => number;

/** An arena in the update program. */
export interface Placed extends Arena {
  readonly whole: Stretch;
  /** The position of each run. */
  readonly at: readonly Stretch[];
}

export interface Update {
  readonly builder: Builder;
  /** Operands of every op of the update: whether the update happens, and the factor of its gradients. */
  readonly guard: { readonly norm: TensorId; readonly scale?: TensorId };
  /** One bit for each block of the arenas: whether weight decay applies. */
  readonly decay: TensorId;
}

export interface Optimizer<Fields> {
  /** The layout of the parameters in memory, and their slots. An arena holds at least one parameter. */
  readonly arenas: (parameters: readonly Parameter[]) => readonly Arena[];
  /**
   * The scalars that its ops read as `step.NAME` in update `step`, counted from 1. The names do not depend on the
   * fields.
   */
  readonly scalars: (fields: Fields, rate: Rate, step: number) => Readonly<Record<string, number>>;
  /** Appends the ops that update the arenas in place. The gradient norm is already computed. */
  readonly update: (update: Update, arenas: readonly Placed[]) => void;
}
