// Builds a program op by op. Shapes come from the ops' rows, so a block reads like its formulas: `b.linear("y", x, w)`.
import { wholeName } from "./arena.js";
import { labelOf, type Meaning } from "./meaning.js";
import type { Activation, Op, OpKind, OpOf, Rows } from "./op.js";
import { ANY, type Call, opOf, type Shape } from "./ops/row.js";
import { rowOf } from "./ops/table.js";
import type { Parameter, Program } from "./program.js";
import type { FieldRole, Stretch, Tensor, TensorId, TensorRole } from "./tensor.js";

/** A trained tensor, and the copy of it that each row uses. */
export interface Weight {
  readonly id: TensorId;
  readonly rows: Rows;
}

type Names<K extends OpKind> = { readonly [Out in keyof OpOf<K>["out"]]: string | TensorId };

/** Names of values start with the builder's prefix. Tensors that the host reads and writes have a meaning. */
export interface Builder {
  readonly batch: number;
  readonly length: number;
  readonly rows: number;
  /** Chunks of the scan in one sequence. */
  readonly chunks: number;
  readonly modalities: number;
  /** The same program, with values named `PREFIX.NAME`. */
  within(prefix: string): Builder;

  tensor(role: Exclude<TensorRole, FieldRole>, name: string, shape: Shape, type?: Tensor["type"]): TensorId;
  /** A stretch of `parameters`, `gradients` or a slot, as a tensor of the given shape or of one dimension. */
  stretch(arena: string, stretch: Stretch, shape?: Shape): TensorId;
  /** A tensor that the host writes or reads, with its meaning. */
  field(role: FieldRole, means: Meaning, shape: Shape, type?: Tensor["type"]): TensorId;
  /** A tensor that the host writes and ops read, declared at its first use. */
  input(role: "batch" | "constant", means: Meaning, shape: Shape, type?: Tensor["type"]): TensorId;
  /** The gradient of the parameter of that name, declared at its first use. */
  gradient(name: string, shape: Shape): TensorId;
  parameter(description: Omit<Parameter, "tensor">): TensorId;
  /** Declares a parameter with a copy for each group in its `of`. Over items it has one copy. */
  weight(description: Omit<Parameter, "tensor">, over?: Rows["over"]): Weight;
  shape(id: TensorId): Shape;
  /** The last number of a shape. */
  columns(id: TensorId): number;

  /** Adds an op whose outputs already exist. */
  op(op: Op): void;
  /** Adds an op. Its outputs are existing tensors, or new values with the given names. */
  make<K extends OpKind>(kind: K, call: Call<K>, names: Names<K>): OpOf<K>["out"];
  /** x·weightᵀ + bias. x [R, K], weight [G, N, K], bias [G, N]; y [R, N]. */
  linear(name: string, x: TensorId, weight: Weight, bias?: Weight): TensorId;
  /** x / √(mean(x²) + eps)·scale, the value `NAME.out`; `NAME.rstd` [R] is 1 / √…. x, y [R, d], scale [G, d]. */
  norm(name: string, x: TensorId, scale: Weight, eps: number): TensorId;
  silu(name: string, x: TensorId): TensorId;
  softplus(name: string, x: TensorId): TensorId;
  sum(name: string, a: TensorId, b: TensorId): TensorId;
  difference(name: string, a: TensorId, b: TensorId): TensorId;
  product(name: string, a: TensorId, b: TensorId): TensorId;
  /** Blocks of columns of x from left to right: the width of each block, by name. */
  split<Name extends string>(x: TensorId, columns: Readonly<Record<Name, number>>): Record<Name, TensorId>;

  /** Turns a value into a result with that meaning. */
  publish(id: TensorId, means: Meaning): void;
  /** Records the residual stream: before the first layer, and after each layer. */
  boundary(id: TensorId): void;
  program(): Program;
}

export interface ProgramSize extends Pick<Program, "scalars" | "arenas"> {
  readonly batch: number;
  readonly length: number;
  readonly chunk: number;
  readonly modalities: number;
}

/** Roles of which a program has only one tensor of each name. */
const INPUTS: ReadonlySet<TensorRole> = new Set(["batch", "constant", "gradient"]);

type Formulas = Pick<Builder, "linear" | "norm" | "silu" | "softplus" | "sum" | "difference" | "product">;

/** Formulas: one or two ops, and the value that they compute. */
function formulas(make: Builder["make"]): Formulas {
  const activate = (label: string, x: TensorId, activation: Activation): TensorId =>
    make("activate", { in: { x }, activation }, { y: label }).y;
  return {
    linear: (label, x, { id: weight, rows }, bias) => {
      const operands = bias === undefined ? { x, weight } : { x, weight, bias: bias.id };
      return make("linear", { in: operands, rows }, { y: label }).y;
    },
    norm: (label, x, { id: scale, rows }, eps) => {
      const { rstd } = make("rms", { in: { x }, eps }, { rstd: `${label}.rstd` });
      return make("rescale", { in: { x, rstd, scale }, rows }, { y: `${label}.out` }).y;
    },
    silu: (label, x) => activate(label, x, "silu"),
    softplus: (label, x) => activate(label, x, "softplus"),
    sum: (label, a, b) => make("add", { in: { a, b } }, { y: label }).y,
    difference: (label, a, b) => make("subtract", { in: { a, b } }, { y: label }).y,
    product: (label, a, b) => make("multiply", { in: { a, b } }, { y: label }).y,
  };
}

interface Tensors
  extends Pick<Builder, "tensor" | "stretch" | "field" | "input" | "gradient" | "shape" | "columns" | "publish"> {
  readonly tensors: readonly Tensor[];
}

/** The tensors of a program under construction: those of `from`, then those declared here. */
function tensorsAfter(from: readonly Tensor[]): Tensors {
  const tensors = [...from];
  const inputs = new Map<string, TensorId>();
  const note = ({ role, name, id }: Tensor): void => {
    if (INPUTS.has(role) && !inputs.has(`${role} ${name}`)) inputs.set(`${role} ${name}`, id);
  };
  tensors.forEach(note);
  const add = (made: Omit<Tensor, "id">): TensorId => {
    const declared: Tensor = { ...made, id: tensors.length as TensorId };
    tensors.push(declared);
    note(declared);
    return declared.id;
  };
  const tensor: Builder["tensor"] = (role, name, shape, type = "f32") => add({ name, role, type, shape });
  const field: Builder["field"] = (role, means, shape, type = "f32") =>
    add({ name: labelOf(means), means, role, type, shape });
  const shape = (id: TensorId): Shape => (tensors[id] as Tensor).shape;
  return {
    tensors,
    tensor,
    stretch: (arena, stretch, dimensions = [stretch.size]) =>
      add({ name: arena, role: "arena", type: "f32", shape: dimensions, stretch: { ...stretch, arena } }),
    field,
    input: (role, means, dimensions, type) =>
      inputs.get(`${role} ${labelOf(means)}`) ?? field(role, means, dimensions, type),
    gradient: (of, dimensions) => inputs.get(`gradient ${of}`) ?? tensor("gradient", of, dimensions),
    shape,
    columns: (id) => shape(id).at(-1) as number,
    publish: (id, means) => {
      tensors[id] = { ...(tensors[id] as Tensor), role: "result", means, name: labelOf(means) };
    },
  };
}

/** A builder of a new program, or one that extends the program `from`. */
export function build(name: string, size: ProgramSize, from?: Program): Builder {
  const declared = tensorsAfter(from?.tensors ?? []);
  const { tensors, tensor, input, shape } = declared;
  const parameters: Parameter[] = [...(from?.parameters ?? [])];
  const ops: Op[] = [...(from?.ops ?? [])];
  const boundaries: TensorId[] = [...(from?.boundaries ?? [])];
  const parameter: Builder["parameter"] = (description) => {
    const id = tensor("parameter", wholeName(description), [description.names.length, ...description.shape]);
    parameters.push({ ...description, tensor: id });
    return id;
  };
  const modality = from?.modality ?? input("batch", { is: "modality" }, [size.batch * size.length], "u32");

  const prefixed = (prefix: string): Builder => {
    const value = (label: string, dimensions: Shape): TensorId => tensor("value", `${prefix}${label}`, dimensions);
    const make: Builder["make"] = (kind, call, names) => {
      const shapes = rowOf(kind).makes(call, shape, size) as Readonly<Record<string, Shape>>;
      const out = Object.fromEntries(
        Object.entries<string | TensorId>(names).map(([key, label]): [string, TensorId] => {
          if (typeof label !== "string") return [key, label];
          const made = shapes[key];
          if (made === undefined || made.includes(ANY))
            throw new Error(`the inputs of ${kind} do not define the shape of ${key}`);
          return [key, value(label, made)];
        }),
      );
      ops.push(opOf(kind, call, out));
      return out as OpOf<typeof kind>["out"];
    };
    return {
      batch: size.batch,
      length: size.length,
      rows: size.batch * size.length,
      chunks: Math.ceil(size.length / size.chunk),
      modalities: size.modalities,
      ...declared,
      within: (inner) => prefixed(`${prefix}${inner}.`),
      parameter,
      weight: (description, over = "positions") => {
        const { of, names } = description;
        const rows: Rows = over === "items" ? { over, groups: 1 } : { over, groups: names.length, of };
        return { id: parameter(description), rows };
      },
      op: (op) => {
        ops.push(op);
      },
      make,
      ...formulas(make),
      split: <Name extends string>(x: TensorId, columns: Readonly<Record<Name, number>>) => {
        const height = shape(x)[0] as number;
        const entries = Object.entries<number>(columns);
        const parts = entries.map(([label, width]) => [label, value(label, [height, width])] as const);
        ops.push({ kind: "split", in: { x }, out: Object.fromEntries(parts.map(([, id], at) => [String(at), id])) });
        return Object.fromEntries(parts) as Record<Name, TensorId>;
      },
      boundary: (id) => {
        boundaries.push(id);
      },
      program: () => ({ name, ...size, tensors, parameters, ops, boundaries, modality }),
    };
  };
  return prefixed("");
}
