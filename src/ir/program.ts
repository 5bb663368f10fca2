// A program: tensors and the ops that make them, in an order that can be run. Plain data.
import type { InitKind } from "./initial.js";
import type { Op } from "./op.js";

export type TensorId = number & { readonly brand: "tensor" };

/**
 * Where a tensor's numbers come from.
 * parameter: trained. gradient: of the parameter of the same name, added up over micro-batches.
 * batch: written by the host for every run, by name. constant: written once, by name.
 * value: made by an op. result: made by an op and read by the host. state: what the update leaves for the next step.
 */
export type TensorRole = "parameter" | "gradient" | "batch" | "constant" | "value" | "result" | "state";

/** f16: half precision in memory; kernels compute in f32 all the same. */
export type NumberType = "f32" | "u32" | "i32" | "f16";

export interface Tensor {
  readonly id: TensorId;
  readonly name: string;
  readonly role: TensorRole;
  readonly type: NumberType;
  readonly shape: readonly number[];
  /** A window of columns in another tensor of two dimensions, from which it borrows its memory. */
  view?: { readonly of: TensorId; readonly column: number };
}

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
}

/** A program under construction; `program()` gives the finished data. */
export interface Builder {
  readonly batch: number;
  readonly length: number;
  readonly rows: number;
  /** Chunks that the scan cuts one sequence into. */
  readonly chunks: number;
  readonly modalities: number;
  tensor(role: TensorRole, name: string, shape: readonly number[], type?: Tensor["type"]): TensorId;
  /** The batch, constant or gradient tensor of that name, declared at its first use. */
  input(
    role: "batch" | "constant" | "gradient",
    name: string,
    shape: readonly number[],
    type?: Tensor["type"],
  ): TensorId;
  parameter(description: Omit<Parameter, "tensor">): TensorId;
  shape(id: TensorId): readonly number[];
  /** Makes a value a result of that name. */
  publish(id: TensorId, name: string): void;
  add(op: Op): void;
  /** Notes the residual stream: before the first layer, and after each. */
  boundary(id: TensorId): void;
  program(): Program;
}

export interface ProgramSize {
  readonly batch: number;
  readonly length: number;
  readonly chunk: number;
  readonly modalities: number;
}

/** Roles of tensors that are known by their names. */
const INPUTS: ReadonlySet<TensorRole> = new Set(["batch", "constant", "gradient"]);

/** A builder, empty or carrying on from a program. */
export function build(name: string, size: ProgramSize, from?: Program): Builder {
  const tensors: Tensor[] = [...(from?.tensors ?? [])];
  const parameters: Parameter[] = [...(from?.parameters ?? [])];
  const ops: Op[] = [...(from?.ops ?? [])];
  const boundaries: TensorId[] = [...(from?.boundaries ?? [])];
  const rows = size.batch * size.length;
  const tensor: Builder["tensor"] = (role, tensorName, shape, type = "f32") => {
    const id = tensors.length as TensorId;
    tensors.push({ id, name: tensorName, role, type, shape });
    declare(tensors[id] as Tensor);
    return id;
  };
  const inputs = new Map<string, TensorId>();
  const declare = ({ role, name: of, id }: Tensor): void => {
    if (INPUTS.has(role) && !inputs.has(`${role} ${of}`)) inputs.set(`${role} ${of}`, id);
  };
  tensors.forEach(declare);
  const input: Builder["input"] = (role, tensorName, shape, type) =>
    inputs.get(`${role} ${tensorName}`) ?? tensor(role, tensorName, shape, type);
  const modality = from?.modality ?? input("batch", "modality", [rows], "u32");
  return {
    batch: size.batch,
    length: size.length,
    rows,
    chunks: Math.ceil(size.length / size.chunk),
    modalities: size.modalities,
    tensor,
    input,
    parameter: (description) => {
      const name = description.names.length === 1 ? (description.names[0] as string) : `${description.names[0]}…`;
      const id = tensor("parameter", name, [description.names.length, ...description.shape]);
      parameters.push({ ...description, tensor: id });
      return id;
    },
    shape: (id) => (tensors[id] as Tensor).shape,
    publish: (id, resultName) => {
      tensors[id] = { ...(tensors[id] as Tensor), role: "result", name: resultName };
    },
    add: (op) => {
      ops.push(op);
    },
    boundary: (id) => {
      boundaries.push(id);
    },
    program: () => ({ name, ...size, tensors, parameters, ops, boundaries, modality }),
  };
}

export const tensorOf = (program: Program, id: TensorId): Tensor => program.tensors[id] as Tensor;
export const rowsOf = (program: Program): number => program.batch * program.length;

/** Bytes that the numbers of a tensor take, in whole words. */
export const bytesIn = ({ type, shape }: Pick<Tensor, "type" | "shape">): number =>
  type === "f16" ? 4 * Math.ceil(count(shape) / 2) : 4 * count(shape);

/** Numbers in a shape. */
export const count = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
