// The key of an op, independent of its tensors' names. Nodes with the same key run the same kernels in the same sizes.
import { digest } from "./digest.js";
import { layout, storage } from "./facts.js";
import { inputsOf, type Op, type OpKind, outputsOf } from "./op.js";
import { type Program, tensorOf } from "./program.js";
import type { TensorId } from "./tensor.js";

/** Older names of renamed things. Keys are digested with them, because checkpoints contain keys. */
const KEYED = {
  over: { items: "pictures" } as Readonly<Record<string, string>>,
  kind: { add_items: "add_pictures", sum_items: "sum_pictures" } as Readonly<Partial<Record<OpKind, string>>>,
  operand: { item: "picture" } as Readonly<Record<string, string>>,
  /** For the kinds above. */
  rows: { items: "pictures", ditems: "dpictures" } as Readonly<Record<string, string>>,
};

const keyedRows = (value: unknown): unknown =>
  typeof value === "object" && value !== null && "over" in value
    ? { ...value, over: KEYED.over[String(value.over)] ?? value.over }
    : value;

type Named = Readonly<Record<string, TensorId>>;

/**
 * Everything that determines an op's kernels, as plain data. `sizes: "columns"` leaves out what grows with the rows.
 */
export function described(program: Program, op: Op, sizes: "all" | "columns"): unknown {
  const { kind, in: reads, out: makes, ...given } = op;
  const attributes = Object.fromEntries(Object.entries(given).map(([key, value]) => [key, keyedRows(value)]));
  const operand = (name: string): string =>
    (kind in KEYED.kind ? KEYED.rows[name] : undefined) ?? KEYED.operand[name] ?? name;
  const homes = new Map<TensorId, number>();
  const tensor = (id: TensorId): unknown => {
    const { role, type, shape } = tensorOf(program, id);
    const home = storage(program, id).id;
    if (!homes.has(home)) homes.set(home, homes.size);
    const trained = role === "parameter" || role === "gradient";
    const kept = trained || sizes === "all" ? shape : shape.slice(1);
    return [type, kept, shape.length > 1 ? layout(program, id) : [], homes.get(home)];
  };
  const named = (ids: Named): unknown =>
    Object.entries(ids)
      .map(([name, id]) => [operand(name), id] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, id]) => [name, tensor(id)]);
  const { batch, length, chunk, modalities } = program;
  return [
    KEYED.kind[kind] ?? kind,
    attributes,
    named(reads as Named),
    named(makes as Named),
    modalities,
    sizes === "all" && [batch, length, chunk],
  ];
}

/** For display: the shapes of the first input, the weight and the first output. */
export function opShape(program: Program, op: Op): string {
  const shape = (id: TensorId): string => tensorOf(program, id).shape.join("×");
  const weight = "weight" in op.in ? ` · ${shape(op.in.weight as TensorId)}` : "";
  const [first] = inputsOf(op);
  return `${first === undefined ? "" : shape(first)}${weight} → ${outputsOf(op).map(shape)[0] ?? ""}`;
}

/** Equal for ops that run the same kernels in the same sizes, whatever program they are in. */
export const opKey = (program: Program, op: Op): string =>
  `${op.kind} ${opShape(program, op)} ${digest(JSON.stringify(described(program, op, "all")))}`;

/** Equal for ops that do the same to rows of the same widths, whatever the number of rows. */
export const widthKey = (program: Program, op: Op): string => JSON.stringify(described(program, op, "columns"));
