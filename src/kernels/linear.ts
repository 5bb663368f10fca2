// Kernels of the linear layer: forward, gradient of the input, gradients of weight and bias.
import type { OpOf } from "../ir/op.js";
import type { Program } from "../ir/program.js";
import { type ColumnResult, columnSum } from "./column-sum.js";
import type { DraftChoice, KernelSettings } from "./draft.js";
import { type Product, product } from "./product.js";
import { fewRows } from "./product-few.js";
import { rowSource } from "./product-operands.js";
import { inShapes } from "./product-shapes.js";
import { type WeightGradient, weightGradient } from "./weight-gradient.js";

export function linear(program: Program, op: OpOf<"linear">, settings: KernelSettings): DraftChoice[] {
  const { x, weight, bias, rstd, scale, residual } = op.in;
  const p: Product = {
    label: "linear",
    x: { tensor: x },
    weight,
    y: { tensor: op.out.y },
    transposed: true,
    bias,
    rstd,
    scale,
    rows: op.rows,
    residual,
    softplus: op.activation === "softplus",
  };
  return [
    ...fewRows(program, rowSource(program, op.rows, x, "tile"), p),
    ...inShapes((shape) => product(program, rowSource(program, op.rows, x, shape), p, shape, settings)),
  ];
}

export function linearDx(program: Program, op: OpOf<"linear_dx">, settings: KernelSettings): DraftChoice[] {
  const { dy, weight, residual } = op.in;
  const p: Product = {
    label: "linear_dx",
    x: { tensor: dy },
    weight,
    y: { tensor: op.out.dx },
    transposed: false,
    residual,
  };
  return inShapes((shape) => product(program, rowSource(program, op.rows, dy, shape), p, shape, settings));
}

export function linearDw(program: Program, op: OpOf<"linear_dw">, settings: KernelSettings): DraftChoice[] {
  const { dy, x, rstd, scale } = op.in;
  const { dweight, dbias } = op.out;
  const w: WeightGradient = { label: "linear_dw", dy: { tensor: dy }, x, dweight, rstd, scale, rows: op.rows };
  return inShapes((shape) => {
    const source = rowSource(program, op.rows, dy, shape);
    const made = weightGradient(program, source, w, shape, settings, 0);
    if (dbias === undefined) return made;
    const results: ColumnResult[] = [{ result: dbias, offset: 0 }];
    const bias = columnSum(program, { label: "linear_dbias", dy, rows: op.rows, results, slot: made.scratch.length });
    return {
      scratch: [...made.scratch, ...bias.scratch],
      dispatches: [...made.dispatches, ...bias.dispatches],
    };
  });
}
