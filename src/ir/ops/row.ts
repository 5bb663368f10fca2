// What the compiler knows of one kind of op. A row stands in its family's file; the table joins them all (table.ts).
// What an op computes is not here: its float64 meaning is in src/reference, its kernels in src/kernels.
import type { Op, OpKind, OpOf } from "../op.js";
import type { TensorId } from "../tensor.js";

export type Shape = readonly number[];
export type ShapeOf = (id: TensorId) => Shape;

/** Sequences, positions in one, positions in a chunk of the scan, and how many modalities there are. */
export interface Size {
  readonly batch: number;
  readonly length: number;
  readonly chunk: number;
  readonly modalities: number;
}

/** An op before its outputs exist. */
export type Call<K extends OpKind> = Omit<OpOf<K>, "kind" | "out">;

/** The op that a call and its outputs make. */
export const opOf = <K extends OpKind>(kind: K, call: Call<K>, out: Readonly<Record<string, TensorId>>): Op =>
  // The compiler cannot see that K's call and K's outputs are together an op of the union.
  ({ kind, ...call, out }) as unknown as Op;

/** Stands in a shape for a number that the inputs do not tell. */
export const ANY = -1;

type Made<K extends OpKind> = { readonly [Out in keyof OpOf<K>["out"]]-?: Shape };

/** Builds the backward pass: the gradient rules are written with it. */
export interface Gradients {
  /** The gradient by a tensor, once everything that reads it has been passed. */
  of(id: TensorId): TensorId | undefined;
  /** Says that `gradient` is one more term of the gradient by `to`. */
  contribute(to: TensorId, gradient: TensorId): void;
  /** Adds an op each of whose outputs is a term of the gradient by the tensor that `by` names. */
  make<K extends OpKind>(kind: K, call: Call<K>, by: OpOf<K>["out"]): void;
  /** Whether a tensor comes from the host. */
  given(id: TensorId): boolean;
}

/** Operands that may be halves under `precision: f16`; everything else stays in f32. */
export interface Halves {
  readonly in?: readonly string[];
  readonly out?: readonly string[];
}

export interface Row<K extends OpKind> {
  /** The shape of each output, from the inputs. */
  readonly makes: (call: Call<K>, shape: ShapeOf, size: Size) => Made<K>;
  /** Pairs of shapes that must be equal. */
  readonly fits?: (op: OpOf<K>, shape: ShapeOf, size: Size) => readonly (readonly [Shape, Shape])[];
  /**
   * Floating-point operations for one row, as people read them. d, K, N: columns; E channels, N states of the scan;
   * D channels, W taps of the convolution; V ids; H heads. What counts as one operation: cost.ts.
   */
  readonly formula: string;
  /** The same as a number; `columns` and `height` are the last and the first number of a shape. */
  readonly flops: (op: OpOf<K>, columns: Extent, height: Extent, batch: number) => number;
  /** Absent where losses never reach the op, or where the op itself carries a gradient. */
  readonly gradient?: (op: OpOf<K>, gradients: Gradients) => void;
  /** Whether making its output again costs little for the bytes saved: `recompute: cheap` asks. Absent: it does not. */
  readonly cheap?: true | ((op: OpOf<K>, columns: Extent) => boolean);
  readonly halves?: Halves;
  /** Whether it changes what it makes: that is there before, and may be a parameter. */
  readonly inPlace?: true;
}

type Extent = (id: TensorId) => number;

/** Rows of a family. */
export type Family<K extends OpKind> = { readonly [Kind in K]: Row<Kind> };

export const last = (shape: Shape): number => shape.at(-1) as number;
export const first = (shape: Shape): number => shape[0] as number;

/** Operations that are counted only where an optional operand is there. */
export const when = (id: TensorId | undefined, flops: number): number => (id === undefined ? 0 : flops);

/** A gradient rule that does nothing where no gradient reaches the op's one differentiable output. */
export function through<K extends OpKind>(
  output: (op: OpOf<K>) => TensorId,
  rule: (op: OpOf<K>, dy: TensorId, gradients: Gradients) => void,
): (op: OpOf<K>, gradients: Gradients) => void {
  return (op, gradients) => {
    const dy = gradients.of(output(op));
    if (dy !== undefined) rule(op, dy, gradients);
  };
}

/** Where shapes have to be equal all over, as pairs with the first. */
export const alike = (shape: ShapeOf, [model, ...others]: readonly TensorId[]): [Shape, Shape][] =>
  others.map((id) => [shape(id), shape(model as TensorId)]);
