// What an op is, whatever its tensors are called: nodes of one key run the same kernels in the same sizes.
import { digest } from "./digest.js";
import { layout, storage } from "./facts.js";
import { inputsOf, type Op, outputsOf } from "./op.js";
import { type Program, tensorOf } from "./program.js";
import type { TensorId } from "./tensor.js";

type Named = Readonly<Record<string, TensorId>>;

/** Everything that kernels are made from, as plain data; with `sizes: "columns"` without what grows with the rows. */
export function described(program: Program, op: Op, sizes: "all" | "columns"): unknown {
  const { kind, in: reads, out: makes, ...attributes } = op;
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
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, id]) => [name, tensor(id)]);
  const { batch, length, chunk, modalities } = program;
  return [
    kind,
    attributes,
    named(reads as Named),
    named(makes as Named),
    modalities,
    sizes === "all" && [batch, length, chunk],
  ];
}

/** For people: the shape of its first input and of its weight, and that of its first output. */
export function opShape(program: Program, op: Op): string {
  const shape = (id: TensorId): string => tensorOf(program, id).shape.join("×");
  const weight = "weight" in op.in ? ` · ${shape(op.in.weight as TensorId)}` : "";
  const [first] = inputsOf(op);
  return `${first === undefined ? "" : shape(first)}${weight} → ${outputsOf(op).map(shape)[0] ?? ""}`;
}

/** The same for ops that run the same kernels in the same sizes, in whatever program they stand. */
export const opKey = (program: Program, op: Op): string =>
  `${op.kind} ${opShape(program, op)} ${digest(JSON.stringify(described(program, op, "all")))}`;

/** The same for ops that do the same to rows of the same widths, however many rows there are. */
export const widthKey = (program: Program, op: Op): string => JSON.stringify(described(program, op, "columns"));
