// Kernels of the linear layer: forward, gradient by the input, gradient by weight and bias.
import { isUniform, layout } from "../ir/facts.js";
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
 * How a product is cut up. block: in registers alone, for adapters that run on a CPU. quads: the same, by quads that
 * share what they load, where there are subgroups. tile: 64 × 64 in workgroup memory.
 * wide: 64 × 128, with twice the numbers an invocation in either direction; where sizes are no multiples of four, or
 * half of such a tile would be empty, it is a tile. matrix: 128 × 128 on matrix units; where an operand is not of halves
 * or sizes are no multiples of eight, it is wide.
 */
export type Shape = "block" | "quads" | "tile" | "wide" | "matrix";

export const CPU: Requirement = { kind: "cpu" };
/** Where passing on what a lane has loaded costs nothing beside loading it. */
export const QUADS: Requirement = { kind: "cpu", quads: true };
/** Whether a shape does without workgroup memory. */
export const inRegisters = (shape: Shape): boolean => shape === "block" || shape === "quads";
const REQUIRES: Readonly<Record<Shape, Requirement>> = {
  matrix: { kind: "gpu", workgroupBytes: 24_576, invocations: 128, subgroup: 32, matrix: true },
  wide: { kind: "gpu", workgroupBytes: 12_800, invocations: 128 },
  quads: QUADS,
  block: CPU,
  tile: { workgroupBytes: 8192, invocations: 256 },
};
/** In the order of preference. */
const SHAPES: readonly Shape[] = ["matrix", "wide", "quads", "block", "tile"];
/** Columns of a wide tile, of as many as 64 rows; rows and columns of one on matrix units. */
const WIDE = 128;
/** Halves from one line of a matrix kernel's tile to the next: 32 or 128, and eight against bank conflicts. */
const PANEL = { deep: 40, wide: 136 } as const;
/** How the tiles of a matrix kernel lie: by row (or column) with the depth running fastest, or by depth. */
const LYING = {
  byRow: { ROW: PANEL.deep, DEPTH: 1, STRIDE: PANEL.deep / 4 },
  byDepth: { ROW: 1, DEPTH: PANEL.wide, STRIDE: PANEL.wide / 4 },
} as const;

/** What the part `matrix_multiply` is told of its two tiles. */
function lying(left: keyof typeof LYING, right: keyof typeof LYING): Record<string, string | number> {
  const [a, b] = [LYING[left], LYING[right]];
  return {
    LEFT_ROW: a.ROW,
    LEFT_DEPTH: a.DEPTH,
    LEFT_STRIDE: a.STRIDE,
    LEFT_ORDER: left === "byRow" ? "row_major" : "col_major",
    RIGHT_COLUMN: b.ROW,
    RIGHT_DEPTH: b.DEPTH,
    RIGHT_STRIDE: b.STRIDE,
    RIGHT_ORDER: right === "byRow" ? "col_major" : "row_major",
    ENABLE: "f16, subgroups, chromium_experimental_subgroup_matrix",
    // Which invocations branch follows from their workgroup alone.
    DIAGNOSTIC: "off, chromium.subgroup_matrix_uniformity",
  };
}

/** The rows that a linear kernel works on: all of them, in tiles of a table, or some tiles of one. */
export interface RowSource {
  /** Undefined where slots are rows. */
  readonly table: (Table & { kind: "rows" | "targets" }) | undefined;
  readonly groups: number;
  readonly rows: number;
  readonly firstTile: number;
  readonly tiles: number;
}

/** Halves are multiplied two tiles at a time. */
export const inPairs = (program: Program, tensor: TensorId): boolean => tensorOf(program, tensor).type === "f16";

export function rowSource(program: Program, rows: Rows, tensor: TensorId): RowSource {
  const total = height(program, tensor);
  if (isUniform(rows)) {
    return { table: undefined, groups: 1, rows: total, firstTile: 0, tiles: Math.ceil(total / ROW_TILE) };
  }
  const table = rowsTable(program, rows, inPairs(program, tensor));
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
export type Matrix =
  | { readonly tensor: TensorId }
  | { readonly slot: number; readonly columns: number; readonly type: "f32" | "f16" };

const local = (m: Matrix): m is Extract<Matrix, { readonly slot: number }> => "slot" in m;

function matrix(program: Program, name: string, access: "read" | "write", m: Matrix, fours: boolean): DraftBinding {
  if (!local(m)) return bind(program, name, access, m.tensor, fours);
  const stride = fours ? m.columns / 4 : m.columns;
  return {
    ...scratch(name, access, m.slot, fours ? `array<vec4<${m.type}>>` : `array<${m.type}>`),
    accessor: `fn at_${name}(row: u32, column: u32) -> u32 { return row * ${stride}u + column; }`,
  };
}

/** An operand of a matrix kernel, eight halves an element. */
function eights(program: Program, name: string, m: Matrix): DraftBinding {
  const { column, stride } = local(m) ? { column: 0, stride: m.columns } : layout(program, m.tensor);
  return {
    ...matrix(program, name, "read", m, true),
    type: "array<vec4<u32>>",
    accessor: `fn at_${name}(row: u32, column: u32) -> u32 { return row * ${stride / 8}u + ${column / 8}u + column; }`,
  };
}

/** Whether rows of an operand are halves that can be read eight at a time. */
function inEights(program: Program, m: Matrix): boolean {
  if (local(m)) return m.type === "f16" && m.columns % 8 === 0;
  const { column, stride } = layout(program, m.tensor);
  const { type } = tensorOf(program, m.tensor);
  return type === "f16" && column % 8 === 0 && stride % 8 === 0 && width(program, m.tensor) % 8 === 0;
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

/** Fours of numbers along one side of a quad's block: as many for each of the blocks that there are, 4 at most. */
const blocksOf = (size: number): number => Math.ceil(Math.ceil(size / 4) / Math.ceil(size / 16));

/** Rows or depths of a quad at a time: more takes longer to compile, and is hardly faster. */
const DEEP = 2;

/** Whether wide tiles suit: everything in fours, and more than half of a tile's columns in use. */
function suitsWide(program: Program, columns: number, all: readonly (Matrix | undefined)[]): boolean {
  return columns > WIDE / 2 && all.every((m) => m === undefined || fits(program, m));
}

/** What does not suit matrix units may suit wide tiles. */
const isWide = (shape: Shape): boolean => shape === "wide" || shape === "matrix";

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
function splitsFor(tiles: number, rows: number, wanted: number): number {
  const splits = Math.ceil(wanted / tiles);
  return Math.max(1, Math.min(splits, Math.ceil(rows / 256), 64));
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
  const units =
    shape === "matrix" &&
    w.rstd === undefined &&
    [w.dy, { tensor: w.x }].every((m) => inEights(program, m) && columnsOf(program, m) % 16 === 0);
  const wide = isWide(shape) && !units && suitsWide(program, K, [w.dy, { tensor: w.x }]);
  const quads = shape === "quads";
  const tiled = !inRegisters(shape) && !wide && !units;
  const [blocksN, blocksK] = [blocksOf(N), blocksOf(K)];
  const [tileN, tileK] = units
    ? [WIDE, WIDE]
    : wide
      ? [64, WIDE]
      : tiled
        ? [64, 64]
        : quads
          ? [8 * blocksN, 4 * blocksK]
          : [64, 32];
  const across = [Math.ceil(K / tileK), Math.ceil(N / tileN)] as const;
  const wanted = units ? 1056 : wide ? 2112 : 264;
  const splits = !inRegisters(shape) && !chunked ? splitsFor(across[0] * across[1] * groups, source.rows, wanted) : 1;
  const direct = splits === 1;
  const dyFours = !quads && !tiled && fits(program, w.dy);
  const xFours = !quads && !tiled && inFours(program, w.x);
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
    ...(units && { ...lying("byDepth", "byDepth"), GROWS: direct, SUMS: direct ? "dweight" : "partial" }),
    ...(quads && {
      ENABLE: "subgroups",
      N_BLOCKS: blocksN,
      K_BLOCKS: blocksK,
      BLOCK_FOURS: blocksN * blocksK,
      DEEP,
    }),
  };
  const dispatch: DraftDispatch = {
    template: units
      ? "weight_gradient_matrix"
      : wide
        ? "weight_gradient_wide"
        : quads
          ? "weight_gradient_quads"
          : "weight_gradient",
    label: w.label,
    constants,
    bindings: [
      ...(units
        ? [eights(program, "dy", w.dy), eights(program, "x", { tensor: w.x })]
        : [matrix(program, "dy", "read", w.dy, dyFours), bind(program, "x", "read", w.x, xFours)]),
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

/** Without those that come to the same: a matrix product that suits nowhere is wide, and a wide one a tile. */
export const inShapes = (draft: (shape: Shape) => Omit<DraftChoice, "variant" | "requires">): DraftChoice[] =>
  SHAPES.map((shape) => ({ variant: shape, requires: REQUIRES[shape], ...draft(shape) })).filter(
    ({ variant, dispatches }) =>
      (variant !== "wide" && variant !== "matrix") ||
      dispatches.some(({ template }) => template.endsWith(`_${variant}`)),
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
