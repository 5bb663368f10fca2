// The product of rows with the weight of their group: a linear layer forward, or the gradient of its input.
import type { Rows } from "../ir/op.js";
import { type Program, tensorOf } from "../ir/program.js";
import type { TensorId } from "../ir/tensor.js";
import { bind, type DraftBinding, type DraftDispatch, height, type KernelSettings, scratch } from "./draft.js";
import {
  columnsOf,
  eights,
  fits,
  inEights,
  isWide,
  local,
  MATRIX_UNITS,
  type Matrix,
  matrix,
  type RowSource,
  rowsOfOperand,
  suitsWide,
  tableBinding,
  tableConstants,
  tileConstants,
  typeOf,
} from "./product-operands.js";
import {
  blocksOf,
  inRegisters,
  laneRowsOf,
  QUAD_OPERATIONS,
  type Shape,
  WIDE,
  worthSplitting,
} from "./product-shapes.js";
import { f16Matrix, factorBinding, normOf, operandOf, type SplitOperand, splitter, weightOperand } from "./split.js";
import { ROW_TILE } from "./tables.js";

export interface Product {
  readonly label: string;
  readonly x: Matrix;
  readonly weight: TensorId;
  readonly y: Matrix;
  /** Forward, the weight is [columns of y, columns of x]; otherwise it is the transpose. */
  readonly transposed: boolean;
  readonly bias?: TensorId | undefined;
  readonly rstd?: TensorId | undefined;
  readonly scale?: TensorId | undefined;
  /** The rows whose groups the scale has. */
  readonly rows?: Rows;
  readonly residual?: TensorId | undefined;
  /** The factors of the product and of the residual, if not 1. */
  readonly factors?: { readonly alpha: number; readonly beta: number };
  readonly softplus?: boolean;
  /** Operands that are already split. */
  readonly halves?: { readonly x?: SplitOperand | undefined; readonly weight?: SplitOperand | undefined };
}

export interface Made {
  readonly dispatches: readonly DraftDispatch[];
  /** Bytes of each scratch slot. */
  readonly scratch: readonly number[];
}

const tensor = (id: TensorId | undefined): Matrix | undefined => (id === undefined ? undefined : { tensor: id });

/** Whether the output, the residual and the reads of the weight suit matrix units. */
function suitsUnits(program: Program, p: Product): boolean {
  const across = columnsOf(program, p.transposed ? p.x : p.y);
  return across % 8 === 0 && [p.y, tensor(p.residual)].every((m) => m === undefined || fits(program, m));
}

const isF16 = (program: Program, p: Product): boolean =>
  inEights(program, p.x) && tensorOf(program, p.weight).type === "f16" && p.rstd === undefined;

/** A product of f32 on matrix units. Operands that are not split yet are split into `slot` and the slots after it. */
function splitProduct(
  program: Program,
  source: RowSource,
  p: Product,
  settings: KernelSettings,
  slot: number,
): Made | undefined {
  const columns = columnsOf(program, p.y);
  const depth = columnsOf(program, p.x);
  const suits =
    p.factors === undefined &&
    suitsUnits(program, p) &&
    typeOf(program, p.x) === "f32" &&
    fits(program, p.x) &&
    depth % 8 === 0 &&
    tensorOf(program, p.weight).type === "f32" &&
    (p.halves !== undefined || worthSplitting(settings, rowsOfOperand(source, p.x), depth, columns));
  if (!suits) return undefined;
  const { split, dispatches, scratch } = splitter(program, slot);
  const x = p.halves?.x ?? split({ ...operandOf(program, "x", p.x, source), norm: normOf(p) });
  const weight = p.halves?.weight ?? split(weightOperand(program, p.weight));
  return { dispatches: [...dispatches, matrixProduct(program, source, p, { x, weight })], scratch };
}

/** The flags that all templates of products have. */
export const flagsOf = (source: RowSource, p: Product) => ({
  TABLE: source.table !== undefined,
  STACKED: source.stackTiles !== undefined,
  FACTORS: p.factors !== undefined,
  TRANSPOSED: p.transposed,
  LOCAL_X: local(p.x),
  LOCAL_Y: local(p.y),
  BIAS: p.bias !== undefined,
  SOFTPLUS: p.softplus === true,
  RESIDUAL: p.residual !== undefined,
});

/** A product on matrix units. */
function matrixProduct(
  program: Program,
  source: RowSource,
  p: Product,
  halves?: { readonly x: SplitOperand; readonly weight: SplitOperand },
): DraftDispatch {
  const columns = columnsOf(program, p.y);
  const depth = columnsOf(program, p.x);
  const right = p.transposed ? "byRow" : "byDepth";
  const tiles = tileConstants("byRow", right, halves !== undefined);
  const ragged = depth % tiles.PANEL !== 0;
  const optional = (name: string, id: TensorId | undefined): DraftBinding[] =>
    id === undefined ? [] : [bind(program, name, "read", id, true)];
  return {
    template: "linear_matrix",
    label: p.label,
    ...MATRIX_UNITS,
    flags: {
      ...flagsOf(source, p),
      SPLIT: halves !== undefined,
      RAGGED_DEPTH: ragged,
      // Lines of split operands end with zeros.
      RAGGED_LINES: ragged && halves === undefined,
    },
    constants: {
      ...tableConstants(source),
      ...tiles,
      COLS: columns,
      DEPTH: depth,
      PANELS: Math.ceil(depth / tiles.PANEL),
      W_LINE: halves ? halves.weight.columns : p.transposed ? depth : columns,
      NUMBER: "vec4<f32>",
    },
    bindings: [
      eights(program, "x", halves ? f16Matrix(halves.x) : p.x),
      halves
        ? scratch("weight", "read", halves.weight.slot, "array<vec4<u32>>")
        : { ...bind(program, "weight", "read", p.weight), type: "array<vec4<u32>>" },
      ...(halves ? [factorBinding("x_factor", halves.x), factorBinding("weight_factor", halves.weight)] : []),
      ...tableBinding(source),
      ...optional("bias", p.bias),
      ...optional("residual", p.residual),
      matrix(program, "y", "write", p.y, true),
    ],
    workgroups: [Math.ceil(columns / WIDE), Math.ceil(source.tiles / 2), 1],
  };
}

/** A product in a shape or its fallback. Its scratch starts at `slot`. */
export function product(
  program: Program,
  source: RowSource,
  p: Product,
  shape: Shape,
  settings: KernelSettings,
  slot = 0,
): Made {
  if (shape === "split") {
    const made = splitProduct(program, source, p, settings, slot);
    if (made) return made;
  }
  const units = shape === "matrix" && isF16(program, p) && suitsUnits(program, p);
  return {
    dispatches: [units ? matrixProduct(program, source, p) : plainProduct(program, source, p, shape)],
    scratch: [],
  };
}

/** A product without matrix units, entirely in f32. */
function plainProduct(program: Program, source: RowSource, p: Product, shape: Shape): DraftDispatch {
  const columns = columnsOf(program, p.y);
  const depth = columnsOf(program, p.x);
  const wide = isWide(shape) && suitsWide(program, columns, [p.x, p.y, tensor(p.residual)]);
  const quads = shape === "quads";
  const tiled = !inRegisters(shape) && !wide;
  const blocks = blocksOf(columns);
  const laneRows = laneRowsOf(rowsOfOperand(source, p.x));
  const fourColumns = quads && blocks === 4 && columns % 4 === 0;
  const yVec4 = wide || (fourColumns && [p.y, tensor(p.residual)].every((m) => m === undefined || fits(program, m)));
  const xVec4 = !tiled && fits(program, p.x);
  const wVec4 = !tiled && (p.transposed ? depth % 4 === 0 : quads ? fourColumns : columns % 4 === 0);
  const optional = (name: string, id: TensorId | undefined, vec4 = yVec4): DraftBinding[] =>
    id === undefined ? [] : [bind(program, name, "read", id, vec4)];
  const flags = {
    ...flagsOf(source, p),
    NORM: p.rstd !== undefined,
    TILED: tiled,
    X_VEC4: xVec4,
    W_VEC4: wVec4,
    Y_VEC4: yVec4,
    EVEN: columns % (4 * blocks) === 0,
    RAGGED: depth % 4 !== 0,
  };
  const constants = {
    ...tableConstants(source),
    COLS: columns,
    ...(p.factors && { ALPHA: p.factors.alpha, BETA: p.factors.beta }),
    LAST_BLOCK: 4 * Math.floor((columns - 1) / 4),
    DEPTH: depth,
    SCALE_GROUPS: p.scale === undefined ? 1 : height(program, p.scale),
    DEPTH_VEC4S: Math.ceil(depth / 4),
    COL_VEC4S: columns / 4,
    NUMBER: yVec4 ? "vec4<f32>" : "f32",
    COL_NUMBERS: yVec4 ? columns / 4 : columns,
    BLOCKS: blocks,
    BLOCK_VEC4S: laneRows * blocks,
    LANE_ROWS: laneRows,
  };
  return {
    template: wide ? "linear_wide" : quads ? "linear_quads" : "linear",
    label: p.label,
    ...(quads && QUAD_OPERATIONS),
    flags,
    constants,
    bindings: [
      matrix(program, "x", "read", p.x, xVec4),
      bind(program, "weight", "read", p.weight, wVec4),
      ...tableBinding(source),
      ...optional("bias", p.bias),
      ...optional("rstd", p.rstd, false),
      ...optional("scale", p.scale, wide),
      ...optional("residual", p.residual),
      matrix(program, "y", "write", p.y, yVec4),
    ],
    workgroups: quads
      ? [Math.ceil(columns / (4 * blocks)), source.tiles, ROW_TILE / (8 * laneRows)]
      : [Math.ceil(columns / (wide ? WIDE : tiled ? 64 : 32)), source.tiles, 1],
  };
}
