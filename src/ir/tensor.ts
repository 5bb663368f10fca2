// A tensor of a program: where its numbers come from, their type and their shape. Plain data.
import type { Meaning } from "./meaning.js";

export type TensorId = number & { readonly brand: "tensor" };

/**
 * Where a tensor's numbers come from.
 * parameter: trained. gradient: of the parameter of the same name, added up over micro-batches.
 * batch: written by the host for every run. constant: written once.
 * value: made by an op. result: made by an op and read by the host. state: what the update leaves for the next step.
 * arena: a stretch of an arena.
 */
export type TensorRole = FieldRole | "parameter" | "gradient" | "value" | "arena";
/** What the host writes or reads: tensors that mean something to it. */
export type FieldRole = "batch" | "constant" | "result" | "state";

const FIELD_ROLES: ReadonlySet<TensorRole> = new Set<FieldRole>(["batch", "constant", "result", "state"]);
export const isField = (role: TensorRole): role is FieldRole => FIELD_ROLES.has(role);

/** f16: half precision in memory; kernels compute in f32 all the same. */
export type NumberType = "f32" | "u32" | "i32" | "f16";

/** A stretch of the arenas in numbers, counted through all of them. */
export interface Stretch {
  readonly first: number;
  readonly size: number;
}

/** A stretch of one of them: of `parameters`, of `gradients`, or of a slot of the optimizer. */
export interface ArenaStretch extends Stretch {
  readonly arena: string;
}

export interface Tensor {
  readonly id: TensorId;
  /** For people; of a field its label, of a parameter and its gradient what checkpoints call it. */
  readonly name: string;
  readonly role: TensorRole;
  readonly type: NumberType;
  readonly shape: readonly number[];
  /** Of what the host writes or reads. */
  readonly means?: Meaning;
  /** Of a phase whose size is its own (ir/scope.ts): the phase. */
  readonly scope?: string;
  /** A window of columns in another tensor of two dimensions, from which it borrows its memory. */
  view?: { readonly of: TensorId; readonly column: number };
  /** Of an arena: where it stands. Its shape may leave out what fills blocks. */
  readonly stretch?: ArenaStretch;
}

/** Bytes that the numbers of a tensor take, in whole words. */
export const bytesIn = ({ type, shape }: Pick<Tensor, "type" | "shape">): number =>
  type === "f16" ? 4 * Math.ceil(count(shape) / 2) : 4 * count(shape);

/** Numbers in a shape. */
export const count = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
