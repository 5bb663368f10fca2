// The least time that a kernel can take on a device: what its FLOPs and its bytes take at the measured ceilings.
import { inputsOf, type Op, outputsOf } from "../ir/op.js";
import { rowOf } from "../ir/ops/table.js";
import { type Program, rowsOf, tensorOf } from "../ir/program.js";
import type { Reach } from "../ir/reach.js";
import { bytesIn, type TensorId } from "../ir/tensor.js";
import type { Ceilings } from "./ceilings.js";

export const LIMITS = ["f32 arithmetic", "matrix units", "memory", "cache"] as const;
/** What a bound is made of. */
export type Limit = (typeof LIMITS)[number];

/** What a kernel does at least, whatever it does twice. */
export interface Work {
  readonly variant: string;
  readonly flops: number;
  readonly bytes: number;
}

export interface Bound {
  readonly seconds: number;
  readonly limit: Limit;
}

/** Products that a variant makes on matrix units for each that is asked for. */
const UNIT_PRODUCTS: Readonly<Record<string, number>> = { matrix: 1, split: 3 };

/**
 * The largest of three times: of the FLOPs; of all bytes at the cache's rate; and, at the memory's, of the bytes that
 * the cache cannot hold. What the kernel before wrote may still be in the cache, so that those it can hold may be hits.
 */
export function boundOf({ variant, flops, bytes }: Work, ceilings: Ceilings): Bound {
  const { bytesPerSecond, cache } = ceilings;
  const products = UNIT_PRODUCTS[variant];
  const units = products === undefined ? undefined : ceilings.matrixFlopsPerSecond;
  const arithmetic: Bound =
    units === undefined
      ? { seconds: flops / ceilings.flopsPerSecond, limit: "f32 arithmetic" }
      : { seconds: (flops * (products as number)) / units, limit: "matrix units" };
  const memory: Bound = {
    seconds: Math.max(0, bytes - (cache?.bytes ?? 0)) / bytesPerSecond,
    limit: "memory",
  };
  const cached: Bound = { seconds: cache === undefined ? 0 : bytes / cache.bytesPerSecond, limit: "cache" };
  return [memory, cached, arithmetic].reduce((largest, one) => (one.seconds > largest.seconds ? one : largest));
}

/** Where an op works: rows of each modality in the batch, of positions or of pictures. */
export interface Rows {
  readonly positions: readonly number[];
  readonly pictures: readonly number[];
}

/**
 * Bytes that an op must read and write, each tensor once: of tensors with a row for each position, those of the
 * modalities that it reaches; of weights, the groups whose modalities are in the batch; of tables, the rows looked up.
 */
export function bytesOf(program: Program, op: Op, { modalities, over }: Reach, rows: Rows): number {
  const within = (counts: readonly number[]): number =>
    counts.reduce((sum, n, m) => sum + (modalities[m] === true ? n : 0), 0);
  const height = rowsOf(program);
  const made = outputsOf(op).map((id) => tensorOf(program, id));
  const madeHeight = made[0]?.shape[0];
  const bytesAt = (id: TensorId): number => {
    const tensor = tensorOf(program, id);
    const whole = bytesIn(tensor);
    const [first = 1] = tensor.shape;
    if (tensor.role === "parameter" || tensor.role === "gradient")
      return whole * presence(program, tensor.name, rows.positions);
    if (first === height) return (whole * within(rows.positions)) / height;
    if (over === "pictures" && first === madeHeight) return whole * Math.min(1, within(rows.pictures) / first);
    return whole;
  };
  const ids = new Set([...inputsOf(op), ...outputsOf(op)]);
  const looked = lookedUp(op);
  return [...ids].reduce((sum, id) => {
    const bytes = bytesAt(id);
    return sum + (looked?.table === id ? Math.min(bytes, bytesAt(looked.rows)) : bytes);
  }, 0);
}

/** Bytes that an op of the update reads and writes: what it changes in place is both. */
export function updateBytes(program: Program, op: Op): number {
  const bytes = (ids: readonly TensorId[]): number => ids.reduce((sum, id) => sum + bytesIn(tensorOf(program, id)), 0);
  return bytes(inputsOf(op)) + (rowOf(op.kind).inPlace ? 2 : 1) * bytes(outputsOf(op));
}

/** The table of which an op reads or writes rows alone, and a tensor with as many numbers as those rows have. */
function lookedUp(op: Op): { readonly table: TensorId; readonly rows: TensorId } | undefined {
  switch (op.kind) {
    case "embed":
      return { table: op.in.weight, rows: op.out.y };
    case "embed_grad":
      return { table: op.out.dweight, rows: op.in.dy };
    case "gather":
      return { table: op.in.table, rows: op.out.y };
    default:
      return undefined;
  }
}

/** Of a parameter's groups, or of its gradient's, the share whose modalities have positions in the batch. */
function presence({ parameters, tensors }: Program, name: string, positions: readonly number[]): number {
  const parameter = parameters.find(({ tensor }) => tensors[tensor]?.name === name);
  if (parameter === undefined) return 1;
  const groups = new Set(parameter.of.filter((group, m) => group >= 0 && (positions[m] ?? 0) > 0));
  return groups.size / parameter.names.length;
}
