// Where every tensor of a compiled model lives: data that `plan` makes and `emit` turns into bindings.
import type { BufferRange, Field, PlannedBuffer } from "./plan.js";
import type { Parameter } from "./program.js";
import type { Stretch, TensorId } from "./tensor.js";
import type { Piece } from "./too-large.js";

/** One group's copy of a parameter, by the name that checkpoints give it. */
export interface ParameterField {
  readonly name: string;
  readonly shape: readonly number[];
  /** Which part of the arenas, and where in it, in bytes: the same for values, gradients and what the optimizer keeps. */
  readonly part: number;
  readonly offset: number;
  readonly group: number;
  readonly source: Omit<Parameter, "tensor" | "names" | "shape">;
}

export interface Memory {
  readonly buffers: readonly PlannedBuffer[];
  readonly fields: readonly Field[];
  readonly parameters: readonly ParameterField[];
  /** The parts of the arenas. */
  readonly parts: readonly Stretch[];
  /** The workspace's buffers by their largest tenant. */
  readonly slots: readonly Piece[];
  /** Storage of a tensor of a phase: a whole tensor, never a view. */
  readonly tensor: (phase: number, id: TensorId) => BufferRange;
  /** Scratch of an op of a phase. */
  readonly scratch: (phase: number, op: number, slot: number) => BufferRange;
  /** A field by name. */
  readonly field: (name: string) => BufferRange;
  /** The buffer of a part: of `parameters`, `gradients` or a slot. */
  readonly arena: (name: string, part: number) => number;
}
