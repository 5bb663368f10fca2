// The row of an op: what the compiler knows about its kind. Each family has a file of rows; table.ts joins them. The
// float64 meaning of an op is in src/reference, its kernels in src/kernels.
import type { Op, OpKind, OpOf } from "../op.js";
import type { TensorId } from "../tensor.js";

export type Shape = readonly number[];
export type ShapeOf = (id: TensorId) => Shape;

/** Sequences, positions per sequence, positions per chunk of the scan, and modalities. */
export interface Size {
  readonly batch: number;
  readonly length: number;
  readonly chunk: number;
  readonly modalities: number;
}

/** An op before its outputs exist. */
export type Call<K extends OpKind> = Omit<OpOf<K>, "kind" | "out">;

/** The op with this call and these outputs. */
export const opOf = <K extends OpKind>(kind: K, call: Call<K>, out: Readonly<Record<string, TensorId>>): Op =>
  // The type checker cannot see that a call and outputs of K together form an op of the union.
  ({ kind, ...call, out }) as unknown as Op;

/** Stands for a number of a shape that does not follow from the inputs. */
export const ANY = -1;

type Made<K extends OpKind> = { readonly [Out in keyof OpOf<K>["out"]]-?: Shape };

/** Builds the backward pass. The gradient rules use it. */
export interface Gradients {
  /** The gradient of a tensor, complete once all its readers have been processed. */
  of(id: TensorId): TensorId | undefined;
  /** Adds `gradient` to the terms of the gradient of `to`. */
  contribute(to: TensorId, gradient: TensorId): void;
  /** Adds an op. Each of its outputs is a term of the gradient of the tensor named in `by`. */
  make<K extends OpKind>(kind: K, call: Call<K>, by: OpOf<K>["out"]): void;
  /** Whether a tensor comes from the host. */
  given(id: TensorId): boolean;
}

/** Operands that may be f16 under `precision: f16`; everything else stays in f32. */
export interface F16Operands {
  readonly in?: readonly string[];
  readonly out?: readonly string[];
}

export interface Row<K extends OpKind> {
  /** The shape of each output, from the inputs. */
  readonly makes: (call: Call<K>, shape: ShapeOf, size: Size) => Made<K>;
  /** Pairs of shapes that must be equal. */
  readonly fits?: (op: OpOf<K>, shape: ShapeOf, size: Size) => readonly (readonly [Shape, Shape])[];
  /**
   * Floating-point operations for one row, for display. d, K, N: columns; E channels and N states of the scan; D
   * channels and W taps of the convolution; V ids; H heads. cost.ts defines what counts as one operation.
   */
  readonly formula: string;
  /** The same as a number. `columns` and `height` return the last and the first number of a shape. */
  readonly flops: (op: OpOf<K>, columns: Extent, height: Extent, batch: number) => number;
  /** Absent if losses never reach the op, or if the op itself is part of the backward pass. */
  readonly gradient?: (op: OpOf<K>, gradients: Gradients) => void;
  /** Whether recomputing its output is cheap for the bytes saved (`recompute: cheap`). False if absent. */
  readonly cheap?: true | ((op: OpOf<K>, columns: Extent) => boolean);
  readonly f16?: F16Operands;
  /** Whether it changes its outputs in place. They exist before the op and may be parameters. */
  readonly inPlace?: true;
}

type Extent = (id: TensorId) => number;

/** Rows of a family. */
export type Family<K extends OpKind> = { readonly [Kind in K]: Row<Kind> };

export const last = (shape: Shape): number => shape.at(-1) as number;
export const first = (shape: Shape): number => shape[0] as number;

/** Operations that count only if an optional operand is present. */
export const when = (id: TensorId | undefined, flops: number): number => (id === undefined ? 0 : flops);

/** A gradient rule that does nothing if no gradient reaches the op's only differentiable output. */
export function through<K extends OpKind>(
  output: (op: OpOf<K>) => TensorId,
  rule: (op: OpOf<K>, dy: TensorId, gradients: Gradients) => void,
): (op: OpOf<K>, gradients: Gradients) => void {
  return (op, gradients) => {
    const dy = gradients.of(output(op));
    if (dy !== undefined) rule(op, dy, gradients);
  };
}

/** Pairs the shape of each tensor with that of the first, to require that all are equal. */
export const alike = (shape: ShapeOf, [model, ...others]: readonly TensorId[]): [Shape, Shape][] =>
  others.map((id) => [shape(id), shape(model as TensorId)]);
