// A tensor of a program: its role, type and shape. Plain data.
import type { Meaning } from "./meaning.js";

export type TensorId = number & { readonly brand: "tensor" };

/**
 * The source of a tensor's numbers.
 * parameter: trained. gradient: of the parameter of the same name, accumulated over micro-batches.
 * batch: written by the host for every run. constant: written once.
 * value: computed by an op. result: computed by an op and read by the host. state: left by the update for the next
 * step. arena: a stretch of an arena.
 */
export type TensorRole = FieldRole | "parameter" | "gradient" | "value" | "arena";
/** The roles of tensors that the host writes or reads. */
export type FieldRole = "batch" | "constant" | "result" | "state";

const FIELD_ROLES: ReadonlySet<TensorRole> = new Set<FieldRole>(["batch", "constant", "result", "state"]);
export const isField = (role: TensorRole): role is FieldRole => FIELD_ROLES.has(role);

/** f16 is half precision in memory; kernels still compute in f32. */
export type NumberType = "f32" | "u32" | "i32" | "f16";

/** A stretch of the arenas. Positions and sizes are in numbers, counted through all arenas. */
export interface Stretch {
  readonly first: number;
  readonly size: number;
}

/** A stretch of `parameters`, of `gradients`, or of a slot of the optimizer. */
export interface ArenaStretch extends Stretch {
  readonly arena: string;
}

export interface Tensor {
  readonly id: TensorId;
  /** For display. A field's name is its label; the name of a parameter and its gradient is that in checkpoints. */
  readonly name: string;
  readonly role: TensorRole;
  readonly type: NumberType;
  readonly shape: readonly number[];
  /** For fields. */
  readonly means?: Meaning;
  /** The phase of a field, if it has a size of its own (ir/scope.ts). */
  readonly scope?: string;
  /** A window of columns in another two-dimensional tensor, whose memory it uses. */
  view?: { readonly of: TensorId; readonly column: number };
  /** For arenas: the range. The shape may exclude the padding of blocks. */
  readonly stretch?: ArenaStretch;
}

/** The bytes of a tensor, rounded up to whole words. */
export const bytesIn = ({ type, shape }: Pick<Tensor, "type" | "shape">): number =>
  type === "f16" ? 4 * Math.ceil(count(shape) / 2) : 4 * count(shape);

/** The product of a shape. */
export const count = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
