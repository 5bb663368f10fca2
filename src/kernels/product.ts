// A product of rows with the weight of their group: a linear layer forward, or its gradient by what it read.
import { type Program, type TensorId, tensorOf } from "../ir/program.js";
import { bind, type DraftBinding, type DraftDispatch, height } from "./draft.js";
import {
  columnsOf,
  eights,
  fits,
  inEights,
  isWide,
  local,
  lying,
  type Matrix,
  matrix,
  type RowSource,
  suitsWide,
  tableBinding,
  tableConstants,
} from "./product-operands.js";
import { blocksOf, DEEP, inRegisters, type Shape, WIDE } from "./product-shapes.js";
import { ROW_TILE } from "./tables.js";

export interface Product {
  readonly label: string;
  readonly x: Matrix;
  readonly weight: TensorId;
  readonly y: Matrix;
  /** Forward: the weight is [columns of y, columns of x]; else the other way round. */
  readonly transposed: boolean;
  readonly bias?: TensorId | undefined;
  readonly rstd?: TensorId | undefined;
  readonly scale?: TensorId | undefined;
  readonly residual?: TensorId | undefined;
  readonly softplus?: boolean;
}

const tensor = (id: TensorId | undefined): Matrix | undefined => (id === undefined ? undefined : { tensor: id });

/** A product on matrix units, where that suits it. */
function matrixProduct(program: Program, source: RowSource, p: Product): DraftDispatch | undefined {
  const columns = columnsOf(program, p.y);
  const depth = columnsOf(program, p.x);
  const across = p.transposed ? depth : columns;
  const suits =
    inEights(program, p.x) &&
    tensorOf(program, p.weight).type === "f16" &&
    across % 8 === 0 &&
    p.rstd === undefined &&
    [p.y, tensor(p.residual)].every((m) => m === undefined || fits(program, m));
  if (!suits) return undefined;
  const optional = (name: string, id: TensorId | undefined): DraftBinding[] =>
    id === undefined ? [] : [bind(program, name, "read", id, true)];
  return {
    template: "linear_matrix",
    label: p.label,
    constants: {
      ...tableConstants(source),
      ...lying("byRow", p.transposed ? "byRow" : "byDepth"),
      COLS: columns,
      DEPTH: depth,
      LAST_PANEL: 32 * Math.floor((depth - 1) / 32),
      RAGGED_DEPTH: depth % 32 !== 0,
      TRANSPOSED: p.transposed,
      LOCAL_X: local(p.x),
      LOCAL_Y: local(p.y),
      BIAS: p.bias !== undefined,
      SOFTPLUS: p.softplus === true,
      NUMBER: "vec4<f32>",
      RESIDUAL: p.residual !== undefined,
    },
    bindings: [
      eights(program, "x", p.x),
      { ...bind(program, "weight", "read", p.weight), type: "array<vec4<u32>>" },
      ...tableBinding(source),
      ...optional("bias", p.bias),
      ...optional("residual", p.residual),
      matrix(program, "y", "write", p.y, true),
    ],
    workgroups: [Math.ceil(columns / WIDE), Math.ceil(source.tiles / 2), 1],
  };
}

/** One dispatch of a linear template. */
export function product(program: Program, source: RowSource, p: Product, shape: Shape): DraftDispatch {
  const made = shape === "matrix" ? matrixProduct(program, source, p) : undefined;
  if (made) return made;
  const columns = columnsOf(program, p.y);
  const depth = columnsOf(program, p.x);
  const wide = isWide(shape) && suitsWide(program, columns, [p.x, p.y, tensor(p.residual)]);
  const quads = shape === "quads";
  const tiled = !inRegisters(shape) && !wide;
  const blocks = blocksOf(columns);
  const xFours = !quads && !tiled && fits(program, p.x);
  const wFours = !quads && !tiled && (p.transposed ? depth : columns) % 4 === 0;
  const optional = (name: string, id: TensorId | undefined, fours = wide): DraftBinding[] =>
    id === undefined ? [] : [bind(program, name, "read", id, fours)];
  return {
    template: wide ? "linear_wide" : quads ? "linear_quads" : "linear",
    label: p.label,
    constants: {
      ...tableConstants(source),
      COLS: columns,
      LAST_BLOCK: 4 * Math.floor((columns - 1) / 4),
      DEPTH: depth,
      TRANSPOSED: p.transposed,
      LOCAL_X: local(p.x),
      LOCAL_Y: local(p.y),
      NORM: p.rstd !== undefined,
      SCALE_GROUPS: p.scale === undefined ? 1 : height(program, p.scale),
      BIAS: p.bias !== undefined,
      SOFTPLUS: p.softplus === true,
      NUMBER: wide ? "vec4<f32>" : "f32",
      RESIDUAL: p.residual !== undefined,
      TILED: tiled,
      X_FOURS: xFours,
      W_FOURS: wFours,
      ...(quads && {
        ENABLE: "subgroups",
        BLOCKS: blocks,
        W_STRIDE: p.transposed ? 1 : columns,
        EVEN: columns % (4 * blocks) === 0,
        DEEP: depth % DEEP === 0 ? DEEP : 1,
      }),
    },
    bindings: [
      matrix(program, "x", "read", p.x, xFours),
      bind(program, "weight", "read", p.weight, wFours),
      ...tableBinding(source),
      ...optional("bias", p.bias),
      ...optional("rstd", p.rstd, false),
      ...optional("scale", p.scale),
      ...optional("residual", p.residual),
      matrix(program, "y", "write", p.y, wide),
    ],
    workgroups: quads
      ? [Math.ceil(columns / (4 * blocks)), source.tiles, ROW_TILE / 32]
      : [Math.ceil(columns / (wide ? WIDE : tiled ? 64 : 32)), source.tiles, 1],
  };
}
