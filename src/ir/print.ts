// Prints a program as text, one op a line, for people and for --dump.
import type { Op } from "./op.js";
import { type Program, tensorOf } from "./program.js";
import type { TensorId } from "./tensor.js";

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
    return `${key}: ${value.over === "pictures" ? "pictures" : `[${value.of.join(" ")}]`}`;
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
