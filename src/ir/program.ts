// A program: tensors and the ops that make them, in an order that can be run. Plain data, printed an op a line.
import type { InitKind } from "./initial.js";
import type { Op } from "./op.js";
import type { Tensor, TensorId } from "./tensor.js";

/** A trained tensor: one or more copies (groups) stacked in its first dimension. */
export interface Parameter {
  readonly tensor: TensorId;
  /** Names in checkpoints, one for each group. */
  readonly names: readonly string[];
  /** Shape of one group's copy as checkpoints hold it. */
  readonly shape: readonly number[];
  readonly initial: InitKind;
  /** Keys of its random stream besides the seed: the layer (−1 outside the stack) and the part's number. */
  readonly layer: number;
  readonly part: number;
  /** Whether weight decay applies. */
  readonly decay: boolean;
  /** Which modalities use each group's copy; a parameter outside the blocks names those that reach it. */
  readonly of: readonly number[];
}

/** Parameters that one rule updates, in memory. */
export interface Arena {
  /** What is kept of each of them from one update to the next, by name; besides their values and gradients. */
  readonly slots: readonly string[];
  /** The parameters in the order of memory, in runs that are never torn apart. */
  readonly runs: readonly (readonly Parameter[])[];
}

export interface Program {
  readonly name: string;
  /** Sequences, positions in one, and both multiplied: rows. */
  readonly batch: number;
  readonly length: number;
  /** Positions in a chunk of the scan. */
  readonly chunk: number;
  readonly modalities: number;
  readonly tensors: readonly Tensor[];
  readonly parameters: readonly Parameter[];
  readonly ops: readonly Op[];
  /** The residual stream, [rows, d_model]: what enters each layer, and what leaves the last. */
  readonly boundaries: readonly TensorId[];
  /** The modality of each position, [rows]. */
  readonly modality: TensorId;
  /** What the optimizer asks of the host for each step, by name; the same in all programs of a model. */
  readonly scalars?: readonly string[];
  /** Of the program that updates the parameters: how they stand in memory. */
  readonly arenas?: readonly Arena[];
}

export const tensorOf = (program: Program, id: TensorId): Tensor => program.tensors[id] as Tensor;
export const rowsOf = (program: Program): number => program.batch * program.length;

function operand(program: Program, id: TensorId): string {
  const { name, shape, view, type } = tensorOf(program, id);
  const window = view ? ` in %${view.of}+${view.column}` : "";
  return `%${id}:${name}[${shape.join("×")}${type === "f16" ? " f16" : ""}]${window}`;
}

function attributes(op: Op): string {
  const shown = Object.entries(op).filter(([key]) => key !== "kind" && key !== "in" && key !== "out");
  if (shown.length === 0) return "";
  const text = shown.map(([key, value]) => {
    if (typeof value !== "object") return `${key}: ${value}`;
    return `${key}: ${value.over === "items" ? "items" : `[${value.of.join(" ")}]`}`;
  });
  return ` {${text.join(", ")}}`;
}

export function printProgram(program: Program): string {
  const { name, batch, length } = program;
  const lines = program.ops.map((op) => {
    const list = (side: Readonly<Record<string, TensorId>>): string =>
      Object.entries(side)
        .map(([key, id]) => `${key}=${operand(program, id)}`)
        .join(", ");
    return `  ${op.kind}${attributes(op)}(${list(op.in)}) → ${list(op.out)}`;
  });
  return [`program ${name}: batch ${batch}, length ${length}, ${program.ops.length} ops`, ...lines, ""].join("\n");
}
