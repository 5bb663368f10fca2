// The operands of matrix products: rows in tiles of a table, and matrices as kernels read and write them.
import { isUniform, layout } from "../ir/facts.js";
import type { Rows } from "../ir/op.js";
import { type Program, tensorOf } from "../ir/program.js";
import type { TensorId } from "../ir/tensor.js";
import { bind, type DraftBinding, fitsVec4, height, scratch, width } from "./draft.js";
import { type Shape, WIDE } from "./product-shapes.js";
import { ROW_TILE, rowsTable, type Table, tilesOf } from "./tables.js";

/** The rows that a linear kernel works on: all of them, in tiles of a table, or some of the tiles. */
export interface RowSource {
  /** Undefined if slots are rows. */
  readonly table: (Table & { kind: "rows" | "targets" }) | undefined;
  readonly groups: number;
  readonly rows: number;
  readonly firstTile: number;
  readonly tiles: number;
  /** For a stack of matrices, one group after another: the tiles of each matrix. */
  readonly stackTiles?: number;
}

/** Whether tiles come in pairs, because matrix units multiply two at a time. */
export const inPairs = (program: Program, tensor: TensorId, shape: Shape): boolean =>
  shape === "split" || tensorOf(program, tensor).type === "f16";

export function rowSource(program: Program, rows: Rows, tensor: TensorId, shape: Shape): RowSource {
  const total = height(program, tensor);
  if (isUniform(rows)) {
    return { table: undefined, groups: 1, rows: total, firstTile: 0, tiles: Math.ceil(total / ROW_TILE) };
  }
  const table = rowsTable(program, rows, inPairs(program, tensor, shape));
  return { table, groups: rows.groups, rows: total, firstTile: 0, tiles: tilesOf(table) };
}

/** The rows of a stack of matrices [n, rows, columns]. `rows` is a multiple of the tile. */
export function stackSource(program: Program, tensor: TensorId): RowSource {
  const [groups = 0, rows = 0] = tensorOf(program, tensor).shape;
  const stackTiles = rows / ROW_TILE;
  return { table: undefined, groups, rows: groups * rows, firstTile: 0, tiles: groups * stackTiles, stackTiles };
}

export const tableBinding = (source: RowSource): DraftBinding[] =>
  source.table
    ? [{ name: "table", access: "read", type: "array<u32>", target: { kind: "table", table: source.table } }]
    : [];

export const tableConstants = (source: RowSource) => ({
  ...(source.stackTiles !== undefined && { STACK_TILES: source.stackTiles }),
  TILES: source.table ? tilesOf(source.table) : source.tiles,
  ROWS: source.rows,
  FIRST_TILE: source.firstTile,
});

/** A matrix x or y: a tensor, or scratch with a row for each slot. */
export type Matrix =
  | { readonly tensor: TensorId }
  | { readonly slot: number; readonly columns: number; readonly type: "f32" | "f16" };

export const local = (m: Matrix): m is Extract<Matrix, { readonly slot: number }> => "slot" in m;

export function matrix(
  program: Program,
  name: string,
  access: "read" | "write",
  m: Matrix,
  vec4: boolean,
): DraftBinding {
  if (!local(m)) return bind(program, name, access, m.tensor, vec4);
  const stride = vec4 ? m.columns / 4 : m.columns;
  return {
    ...scratch(name, access, m.slot, vec4 ? `array<vec4<${m.type}>>` : `array<${m.type}>`),
    accessor: `fn at_${name}(row: u32, column: u32) -> u32 { return row * ${stride}u + column; }`,
  };
}

/** An operand of a matrix kernel, with eight f16 numbers per element. */
export function eights(program: Program, name: string, m: Matrix): DraftBinding {
  const { column, stride } = local(m) ? { column: 0, stride: m.columns } : layout(program, m.tensor);
  return {
    ...matrix(program, name, "read", m, true),
    type: "array<vec4<u32>>",
    accessor: `fn at_${name}(row: u32, column: u32) -> u32 { return row * ${stride / 8}u + ${column / 8}u + column; }`,
  };
}

/** Whether rows of an operand are f16 and can be read eight numbers at a time. */
export function inEights(program: Program, m: Matrix): boolean {
  if (local(m)) return m.type === "f16" && m.columns % 8 === 0;
  const { column, stride } = layout(program, m.tensor);
  const { type } = tensorOf(program, m.tensor);
  return type === "f16" && column % 8 === 0 && stride % 8 === 0 && width(program, m.tensor) % 8 === 0;
}

export const typeOf = (program: Program, m: Matrix): "f32" | "f16" | "i32" | "u32" =>
  local(m) ? m.type : tensorOf(program, m.tensor).type;
/** The rows of an operand: all rows of the source for a tensor, all slots for scratch. */
export const rowsOfOperand = (source: RowSource, m: Matrix): number =>
  local(m) ? source.tiles * ROW_TILE : source.rows;
export const columnsOf = (program: Program, m: Matrix): number => (local(m) ? m.columns : width(program, m.tensor));
export const fits = (program: Program, m: Matrix): boolean =>
  local(m) ? m.columns % 4 === 0 : fitsVec4(program, m.tensor);

/** Whether wide tiles apply: all matrices can be read as vec4, and more than half of a tile's columns are used. */
export function suitsWide(program: Program, columns: number, all: readonly (Matrix | undefined)[]): boolean {
  return columns > WIDE / 2 && all.every((m) => m === undefined || fits(program, m));
}

/** Whether a product in this shape may use wide tiles, also as the fallback from matrix units. */
export const isWide = (shape: Shape): boolean => shape === "wide" || shape === "matrix" || shape === "split";

/** The layouts of a matrix kernel's tiles: by row (or column), with the depth contiguous, or by depth. */
export type Lying = "byRow" | "byDepth";

/**
 * A tile of 128 rows or columns, counted in f16. By row, a line is 32 deep, or 16 deep with two numbers each. Lines are padded
 * by eight against bank conflicts.
 */
function tileOf(lying: Lying, deep: number, parts: number) {
  const [numbers, lines] = lying === "byRow" ? [parts * deep, WIDE] : [parts * WIDE, deep];
  const line = numbers + 8;
  const [row, depth] = lying === "byRow" ? [line, 1] : [parts, line];
  return { row, depth, line, size: line * lines, eights: numbers / 8 };
}

/** The constants of a matrix kernel for the layouts of its two tiles. A tile of split operands is half as deep. */
export function tileConstants(left: Lying, right: Lying, split: boolean) {
  const [deep, parts] = split ? [16, 2] : [32, 1];
  const [a, b] = [tileOf(left, deep, parts), tileOf(right, deep, parts)];
  return {
    PANEL: deep,
    PARTS: parts,
    TERMS: split ? 3 : 1,
    FIRST_TERM: split ? 0 : 2,
    LEFT_TILE: a.size / 4,
    LEFT_ROW: a.row,
    LEFT_DEPTH: a.depth,
    LEFT_STRIDE: a.line / 4,
    // What an invocation loads of each part, if 16 of them share a line.
    LOADS: deep / 8,
    LEFT_ORDER: left === "byRow" ? "row_major" : "col_major",
    RIGHT_TILE: b.size / 4,
    RIGHT_COLUMN: b.row,
    RIGHT_DEPTH: b.depth,
    RIGHT_STRIDE: b.line / 4,
    RIGHT_EIGHTS: b.eights,
    // The lines that 128 invocations load at a time.
    RIGHT_LINES: 128 / b.eights,
    RIGHT_ORDER: right === "byRow" ? "col_major" : "row_major",
  };
}

/** The WGSL extensions of kernels on matrix units. */
export const MATRIX_UNITS = {
  enables: ["f16", "subgroups", "chromium_experimental_subgroup_matrix"],
  // Branches depend only on the workgroup, which the uniformity analysis cannot see.
  diagnostic: "off, chromium.subgroup_matrix_uniformity",
} as const;
