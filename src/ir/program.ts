// A program: tensors, and the ops that compute them in a valid order. Plain data, printed with one op per line.
import type { InitKind } from "./initial.js";
import type { Op } from "./op.js";
import type { Tensor, TensorId } from "./tensor.js";

/** A trained tensor: one or more copies (groups) stacked in its first dimension. */
export interface Parameter {
  readonly tensor: TensorId;
  /** Names in checkpoints, one for each group. */
  readonly names: readonly string[];
  /** Shape of one group's copy in checkpoints. */
  readonly shape: readonly number[];
  readonly initial: InitKind;
  /** Keys of its random stream besides the seed: the layer (−1 outside the stack) and the number of the part. */
  readonly layer: number;
  readonly part: number;
  /** Whether weight decay applies. */
  readonly decay: boolean;
  /** The group that each modality uses. Outside the blocks: 0 for modalities that use the parameter, −1 for others. */
  readonly of: readonly number[];
}

/** Parameters with the same update rule, in memory. */
export interface Arena {
  /** The names of the optimizer's state of each parameter, besides its value and gradient. */
  readonly slots: readonly string[];
  /** The parameters in memory order. A run is never split. */
  readonly runs: readonly (readonly Parameter[])[];
}

export interface Program {
  readonly name: string;
  /** Sequences, and positions per sequence. Their product is the number of rows. */
  readonly batch: number;
  readonly length: number;
  /** Positions in a chunk of the scan. */
  readonly chunk: number;
  readonly modalities: number;
  readonly tensors: readonly Tensor[];
  readonly parameters: readonly Parameter[];
  readonly ops: readonly Op[];
  /** The residual stream, [rows, d_model]: the input of each layer, and the output of the last. */
  readonly boundaries: readonly TensorId[];
  /** The modality of each position, [rows]. */
  readonly modality: TensorId;
  /** The names of the scalars that the optimizer needs for each step; the same in all programs of a model. */
  readonly scalars?: readonly string[];
  /** In the update program: the layout of the parameters in memory. */
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
