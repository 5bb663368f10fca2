// The memory plan: where every tensor of a compiled model is. `allocate` makes it, and `emit` turns it into bindings.
import type { BufferRange, Field, Plan, PlannedBuffer } from "./plan.js";
import type { Parameter } from "./program.js";
import type { Stretch, TensorId } from "./tensor.js";
import type { Piece } from "./too-large.js";

/** One group's copy of a parameter, by its name in checkpoints. */
export interface ParameterField {
  readonly name: string;
  readonly shape: readonly number[];
  /** The region of the arenas, and the byte offset in it: the same for values, gradients and optimizer state. */
  readonly part: number;
  readonly offset: number;
  readonly group: number;
  readonly source: Omit<Parameter, "tensor" | "names" | "shape">;
}

export interface Memory {
  readonly buffers: readonly PlannedBuffer[];
  readonly fields: readonly Field[];
  readonly parameters: readonly ParameterField[];
  /** The regions of the arenas. */
  readonly regions: readonly Stretch[];
  /** The buffers of the workspace, each with its largest user. */
  readonly slots: readonly Piece[];
  /** The storage of a tensor in a phase. */
  readonly tensor: (phase: number, id: TensorId) => BufferRange;
  /** The scratch of an op in a phase. */
  readonly scratch: (phase: number, op: number, slot: number) => BufferRange;
  /** A field by name. */
  readonly field: (name: string) => BufferRange;
  /** The buffer of a region of `parameters`, `gradients` or a slot. */
  readonly arena: (name: string, region: number) => number;
}

/** The slots of a plan's optimizer, by name. */
export const slotsOf = ({ buffers }: Pick<Plan, "buffers">): string[] => [
  ...new Set(buffers.flatMap(({ holds, role }) => (role === "optimizer" && holds ? holds.arena : []))),
];
