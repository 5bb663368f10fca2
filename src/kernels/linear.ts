// Kernels of the linear layer: forward, gradient by the input, gradient by weight and bias.
import { isUniform } from "../ir/facts.js";
import type { OpOf, Rows } from "../ir/op.js";
import type { Requirement } from "../ir/plan.js";
import { count, type Program, type TensorId, tensorOf } from "../ir/program.js";
import { columnSum, type Part, sumPartials } from "./column-sum.js";
import {
  bind,
  type DraftBinding,
  type DraftChoice,
  type DraftDispatch,
  height,
  inFours,
  STEP,
  scratch,
  width,
} from "./draft.js";
import { ROW_TILE, rowsTable, type Table, tilesOf } from "./tables.js";

/**
 * How a product is cut up. block: in registers alone, for adapters that run on a CPU. tile: 64 × 64 in workgroup memory.
 * wide: 64 × 128, with twice the numbers an invocation in either direction; where sizes are no multiples of four, or
 * half of such a tile would be empty, it is a tile.
 */
export type Shape = "block" | "tile" | "wide";

export const CPU: Requirement = { kind: "cpu" };
const REQUIRES: Readonly<Record<Shape, Requirement>> = {
  wide: { kind: "gpu", workgroupBytes: 12_800, invocations: 128 },
  block: CPU,
  tile: { workgroupBytes: 8192, invocations: 256 },
};
/** In the order of preference. */
const SHAPES: readonly Shape[] = ["wide", "block", "tile"];
/** Columns of a tile, of as many as 64 rows. */
const WIDE = 128;

/** The rows that a linear kernel works on: all of them, in tiles of a table, or some tiles of one. */
export interface RowSource {
  /** Undefined where slots are rows. */
  readonly table: (Table & { kind: "rows" | "targets" }) | undefined;
  readonly groups: number;
  readonly rows: number;
  readonly firstTile: number;
  readonly tiles: number;
}

export function rowSource(program: Program, rows: Rows, tensor: TensorId): RowSource {
  const total = height(program, tensor);
  if (isUniform(rows)) {
    return { table: undefined, groups: 1, rows: total, firstTile: 0, tiles: Math.ceil(total / ROW_TILE) };
  }
  const table = rowsTable(program, rows);
  return { table, groups: rows.groups, rows: total, firstTile: 0, tiles: tilesOf(table) };
}

export const tableBinding = (source: RowSource): DraftBinding[] =>
  source.table
    ? [{ name: "table", access: "read", type: "array<u32>", target: { kind: "table", table: source.table } }]
    : [];

export const tableConstants = (source: RowSource): Record<string, number | boolean> => ({
  TABLE: source.table !== undefined,
  TILES: source.table ? tilesOf(source.table) : source.tiles,
  ROWS: source.rows,
  FIRST_TILE: source.firstTile,
});

/** A matrix of x or y: a tensor, or rows of scratch indexed by slot. */
export type Matrix = { readonly tensor: TensorId } | { readonly slot: number; readonly columns: number };

const local = (m: Matrix): m is Extract<Matrix, { readonly slot: number }> => "slot" in m;

function matrix(program: Program, name: string, access: "read" | "write", m: Matrix, fours: boolean): DraftBinding {
  if (!local(m)) return bind(program, name, access, m.tensor, fours);
  const stride = fours ? m.columns / 4 : m.columns;
  return {
    ...scratch(name, access, m.slot, fours ? "array<vec4<f32>>" : "array<f32>"),
    accessor: `fn at_${name}(row: u32, column: u32) -> u32 { return row * ${stride}u + column; }`,
  };
}

const columnsOf = (program: Program, m: Matrix): number => (local(m) ? m.columns : width(program, m.tensor));
const fits = (program: Program, m: Matrix): boolean => (local(m) ? m.columns % 4 === 0 : inFours(program, m.tensor));

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

/** Whether wide tiles suit: everything in fours, and more than half of a tile's columns in use. */
function suitsWide(program: Program, columns: number, all: readonly (Matrix | undefined)[]): boolean {
  return columns > WIDE / 2 && all.every((m) => m === undefined || fits(program, m));
}

const tensor = (id: TensorId | undefined): Matrix | undefined => (id === undefined ? undefined : { tensor: id });

/** One dispatch of a linear template. */
export function product(program: Program, source: RowSource, p: Product, shape: Shape): DraftDispatch {
  const columns = columnsOf(program, p.y);
  const depth = columnsOf(program, p.x);
  const wide = shape === "wide" && suitsWide(program, columns, [p.x, p.y, tensor(p.residual)]);
  const tiled = shape !== "block" && !wide;
  const xFours = !tiled && fits(program, p.x);
  const wFours = !tiled && (p.transposed ? depth : columns) % 4 === 0;
  const optional = (name: string, id: TensorId | undefined, fours = wide): DraftBinding[] =>
    id === undefined ? [] : [bind(program, name, "read", id, fours)];
  return {
    template: wide ? "linear_wide" : "linear",
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
      RESIDUAL: p.residual !== undefined,
      TILED: tiled,
      X_FOURS: xFours,
      W_FOURS: wFours,
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
    workgroups: [Math.ceil(columns / (wide ? WIDE : tiled ? 64 : 32)), source.tiles, 1],
  };
}

export interface WeightGradient {
  readonly label: string;
  readonly dy: Matrix;
  readonly x: TensorId;
  readonly dweight: TensorId;
  readonly rstd?: TensorId | undefined;
  readonly scale?: TensorId | undefined;
  /** Adds to the gradient whatever the step says: a later chunk of the same micro-batch. */
  readonly add?: boolean;
}

/**
 * Runs of rows that a weight gradient is cut into, so that a GPU has workgroups enough: those of `wide` are small, and
 * several waves of them leave the last one less to waste.
 */
function splitsFor(tiles: number, rows: number, wide: boolean): number {
  const wanted = Math.ceil((wide ? 2112 : 264) / tiles);
  return Math.max(1, Math.min(wanted, Math.ceil(rows / 256), 64));
}

/** Dispatches that make a weight's gradient; `slot` is free scratch for partial sums, whose bytes are returned too. */
export function weightGradient(
  program: Program,
  source: RowSource,
  w: WeightGradient,
  shape: Shape,
  slot: number,
): { dispatches: DraftDispatch[]; scratch: number[] } {
  const N = columnsOf(program, w.dy);
  const K = width(program, w.x);
  const chunked = local(w.dy);
  const { groups } = source;
  const wide = shape === "wide" && suitsWide(program, K, [w.dy, { tensor: w.x }]);
  const tiled = shape !== "block" && !wide;
  const [tileN, tileK] = wide ? [64, WIDE] : tiled ? [64, 64] : [64, 32];
  const across = [Math.ceil(K / tileK), Math.ceil(N / tileN)] as const;
  const splits = shape !== "block" && !chunked ? splitsFor(across[0] * across[1] * groups, source.rows, wide) : 1;
  const direct = splits === 1;
  const dyFours = !tiled && fits(program, w.dy);
  const xFours = !tiled && inFours(program, w.x);
  const constants = {
    ...tableConstants(source),
    END_TILE: source.firstTile + source.tiles,
    NS: N,
    KS: K,
    LAST_BLOCK: 4 * Math.floor((K - 1) / 4),
    GROUPS: groups,
    SPLITS: splits,
    DIRECT: direct,
    ADD: w.add === true,
    LOCAL_DY: chunked,
    NORM: w.rstd !== undefined,
    SCALE_GROUPS: w.scale === undefined ? 1 : height(program, w.scale),
    TILED: tiled,
    DY_FOURS: dyFours,
    X_FOURS: xFours,
  };
  const dispatch: DraftDispatch = {
    template: wide ? "weight_gradient_wide" : "weight_gradient",
    label: w.label,
    constants,
    bindings: [
      matrix(program, "dy", "read", w.dy, dyFours),
      bind(program, "x", "read", w.x, xFours),
      ...tableBinding(source),
      ...(w.rstd === undefined ? [] : [bind(program, "rstd", "read", w.rstd)]),
      ...(w.scale === undefined ? [] : [bind(program, "scale", "read", w.scale, wide)]),
      direct
        ? bind(program, "dweight", "write", w.dweight, wide)
        : scratch("partial", "write", slot, wide ? "array<vec4<f32>>" : "array<f32>"),
      ...(direct && !w.add ? [STEP] : []),
    ],
    workgroups: [across[0], across[1], groups * splits],
  };
  if (direct) return { dispatches: [dispatch], scratch: [] };
  const size = count(tensorOf(program, w.dweight).shape);
  const sum = sumPartials(program, { slot, offset: 0, stride: size, count: splits, result: w.dweight, gradient: true });
  return { dispatches: [dispatch, sum], scratch: [4 * splits * size] };
}

/** Without those that come to the same: a wide product that suits nowhere is a tile. */
export const inShapes = (draft: (shape: Shape) => Omit<DraftChoice, "variant" | "requires">): DraftChoice[] =>
  SHAPES.map((shape) => ({ variant: shape, requires: REQUIRES[shape], ...draft(shape) })).filter(
    ({ variant, dispatches }) => variant !== "wide" || dispatches.some(({ template }) => template.endsWith("_wide")),
  );

export function linear(program: Program, op: OpOf<"linear">): DraftChoice[] {
  const { x, weight, bias, rstd, scale, residual } = op.in;
  const source = rowSource(program, op.rows, x);
  const p: Product = {
    label: "linear",
    x: { tensor: x },
    weight,
    y: { tensor: op.out.y },
    transposed: true,
    bias,
    rstd,
    scale,
    residual,
    softplus: op.activation === "softplus",
  };
  return inShapes((shape) => ({ scratch: [], dispatches: [product(program, source, p, shape)] }));
}

export function linearDx(program: Program, op: OpOf<"linear_dx">): DraftChoice[] {
  const { dy, weight, residual } = op.in;
  const source = rowSource(program, op.rows, dy);
  const p: Product = {
    label: "linear_dx",
    x: { tensor: dy },
    weight,
    y: { tensor: op.out.dx },
    transposed: false,
    residual,
  };
  return inShapes((shape) => ({ scratch: [], dispatches: [product(program, source, p, shape)] }));
}

export function linearDw(program: Program, op: OpOf<"linear_dw">): DraftChoice[] {
  const { dy, x, rstd, scale } = op.in;
  const source = rowSource(program, op.rows, dy);
  const { dweight, dbias } = op.out;
  const w: WeightGradient = { label: "linear_dw", dy: { tensor: dy }, x, dweight, rstd, scale };
  return inShapes((shape) => {
    const made = weightGradient(program, source, w, shape, 0);
    if (dbias === undefined) return made;
    const parts: Part[] = [{ result: dbias, offset: 0 }];
    const bias = columnSum(program, { label: "linear_dbias", dy, rows: op.rows, parts, slot: made.scratch.length });
    return {
      scratch: [...made.scratch, ...bias.scratch],
      dispatches: [...made.dispatches, ...bias.dispatches],
    };
  });
}
