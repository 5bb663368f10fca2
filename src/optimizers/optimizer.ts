// What the compiler and the training loop know of an optimizer.
import type { Builder } from "../ir/builder.js";
import type { Arena, Parameter } from "../ir/program.js";
import type { Stretch, TensorId } from "../ir/tensor.js";

/** The learning rate of a step, from its peak. */
export type Rate = (peak: number) => number;

/** An arena in the program of the update. */
export interface Placed extends Arena {
  readonly whole: Stretch;
  /** Where each run stands. */
  readonly at: readonly Stretch[];
}

export interface Update {
  readonly builder: Builder;
  /** What tells an op whether the update happens, and by what its gradients are multiplied: operands of each of them. */
  readonly guard: { readonly norm: TensorId; readonly scale?: TensorId };
  /** A bit for each block of the arenas: whether weight decay applies. */
  readonly decay: TensorId;
}

export interface Optimizer<Fields> {
  /** How parameters stand in memory, and what is kept of each. An arena holds one parameter at least. */
  readonly arenas: (parameters: readonly Parameter[]) => readonly Arena[];
  /** What its ops read as `step.NAME` in update `step`, counted from 1. The names do not depend on the fields. */
  readonly scalars: (fields: Fields, rate: Rate, step: number) => Readonly<Record<string, number>>;
  /** Appends the ops that update the arenas, as they now stand. The gradient norm is known. */
  readonly update: (update: Update, arenas: readonly Placed[]) => void;
}
