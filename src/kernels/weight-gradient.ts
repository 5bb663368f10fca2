// The gradient of a weight: sums over the rows of each group, split into runs whose sums are added in order.
import type { Rows } from "../ir/op.js";
import { type Program, tensorOf } from "../ir/program.js";
import { count, type TensorId } from "../ir/tensor.js";
import { sumPartials } from "./column-sum.js";
import {
  bind,
  type DraftDispatch,
  fitsVec4,
  height,
  type KernelSettings,
  scratch,
  stepBinding,
  type TemplateName,
  width,
} from "./draft.js";
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
import { blocksOf, laneColumnsOf, QUAD_OPERATIONS, type Shape, WIDE, worthSplitting } from "./product-shapes.js";
import { f16Matrix, normOf, operandOf, type SplitOperand, splitter } from "./split.js";

export interface WeightGradient {
  readonly label: string;
  readonly dy: Matrix;
  readonly x: TensorId;
  readonly dweight: TensorId;
  readonly rstd?: TensorId | undefined;
  readonly scale?: TensorId | undefined;
  /** The rows whose groups the scale has. */
  readonly rows?: Rows;
  /** Operands that are already split. */
  readonly halves?: { readonly x?: SplitOperand | undefined; readonly dy?: SplitOperand | undefined };
  /** Adds to the gradient whatever `step.accumulate` is: for later chunks of the same micro-batch. */
  readonly add?: boolean;
}

const TEMPLATES = {
  matrix: "weight_gradient_matrix",
  split: "weight_gradient_matrix",
  wide: "weight_gradient_wide",
  quads: "weight_gradient_quads",
  tile: "weight_gradient",
  block: "weight_gradient",
} as const satisfies Readonly<Record<Shape, TemplateName>>;
/**
 * The desired number of workgroups. Workgroups of wide tiles are small, and with several waves of them the last wave
 * wastes less. On CPU adapters, splitting rows into runs gains nothing.
 */
const WANTED: Readonly<Record<Shape, number>> = {
  matrix: 1056,
  split: 1056,
  wide: 2112,
  tile: 264,
  quads: 0,
  block: 0,
};

/** Rows and columns of an N × K gradient per workgroup. */
const tileOf = (form: Shape, nBlocks: number, kBlocks: number): readonly [number, number] =>
  ({
    matrix: [WIDE, WIDE] as const,
    split: [WIDE, WIDE] as const,
    wide: [64, WIDE] as const,
    tile: [64, 64] as const,
    quads: [8 * nBlocks, 4 * kBlocks] as const,
    block: [64, 32] as const,
  })[form];

/** The shape, or its fallback if sizes or operands do not suit it. */
function formOf(program: Program, source: RowSource, w: WeightGradient, shape: Shape, settings: KernelSettings): Shape {
  const operands: Matrix[] = [w.dy, { tensor: w.x }];
  const [N, K] = operands.map((m) => columnsOf(program, m)) as [number, number];
  const even = N % 16 === 0 && K % 16 === 0;
  if (shape === "matrix" && w.rstd === undefined && even && operands.every((m) => inEights(program, m)))
    return "matrix";
  const full = operands.every((m) => fits(program, m) && typeOf(program, m) === "f32");
  if (
    shape === "split" &&
    even &&
    full &&
    (w.halves !== undefined || worthSplitting(settings, rowsOfOperand(source, w.dy), N, K))
  )
    return "split";
  if (isWide(shape)) return suitsWide(program, width(program, w.x), operands) ? "wide" : "tile";
  return shape;
}

/** The number of runs into which rows are split to reach the desired number of workgroups. */
function splitsFor(tiles: number, rows: number, wanted: number): number {
  const splits = Math.ceil(wanted / tiles);
  return Math.max(1, Math.min(splits, Math.ceil(rows / 256), 64));
}

interface Split {
  readonly x: SplitOperand;
  readonly dy: SplitOperand;
  readonly dispatches: DraftDispatch[];
  readonly scratch: number[];
}

/** Splits the operands that are not split yet, into slots from `slot` on. */
function splitOperands(program: Program, source: RowSource, w: WeightGradient, slot: number): Split {
  const { split, dispatches, scratch } = splitter(program, slot);
  const x = w.halves?.x ?? split({ ...operandOf(program, "x", { tensor: w.x }, source), norm: normOf(w) });
  const dy = w.halves?.dy ?? split(operandOf(program, "dy", w.dy, source));
  return { x, dy, dispatches, scratch };
}

/** The numbers of dy and of x for each lane of a quad, and whether its operands and its result are read and written as vec4. */
function quadOf(program: Program, w: WeightGradient) {
  const [N, K] = [columnsOf(program, w.dy), width(program, w.x)];
  const dyVec4 = fits(program, w.dy);
  const kBlocks = blocksOf(K);
  return { dyVec4, nBlocks: laneColumnsOf(N, dyVec4), kBlocks, xVec4: kBlocks === 4 && fitsVec4(program, w.x) };
}

/** The constants for the operands' sizes and layout. */
function sizesOf(program: Program, w: WeightGradient, split: Split | undefined) {
  const [N, K] = [columnsOf(program, w.dy), width(program, w.x)];
  const { nBlocks, kBlocks } = quadOf(program, w);
  return {
    NS: N,
    KS: K,
    LAST_BLOCK: 4 * Math.floor((K - 1) / 4),
    SCALE_GROUPS: w.scale === undefined ? 1 : height(program, w.scale),
    ...tileConstants("byDepth", "byDepth", split !== undefined),
    N_BLOCKS: nBlocks,
    N_VEC4S: nBlocks / 4,
    K_BLOCKS: kBlocks,
    BLOCK_VEC4S: nBlocks * kBlocks,
  };
}

/** The operands in the form that matrix units read. */
const unitOperands = (program: Program, w: WeightGradient, split: Split | undefined) => [
  eights(program, "dy", split ? f16Matrix(split.dy) : w.dy),
  eights(program, "x", split ? f16Matrix(split.x) : { tensor: w.x }),
];

const normBindings = (program: Program, { rstd, scale }: WeightGradient, wide: boolean) => [
  ...(rstd === undefined ? [] : [bind(program, "rstd", "read", rstd)]),
  ...(scale === undefined ? [] : [bind(program, "scale", "read", scale, wide)]),
];

/** Dispatches that compute a weight's gradient. Scratch for partial sums starts at `slot`; its bytes are returned. */
export function weightGradient(
  program: Program,
  source: RowSource,
  w: WeightGradient,
  shape: Shape,
  settings: KernelSettings,
  slot: number,
): { dispatches: DraftDispatch[]; scratch: number[] } {
  const [N, K, groups] = [columnsOf(program, w.dy), width(program, w.x), source.groups];
  const chunked = local(w.dy);
  const form = formOf(program, source, w, shape, settings);
  const split = form === "split" ? splitOperands(program, source, w, slot) : undefined;
  const [wide, quads, tiled] = [form === "wide", form === "quads", form === "tile"];
  const units = form === "matrix" || split !== undefined;
  const partial = slot + (split?.scratch.length ?? 0);
  const quad = quadOf(program, w);
  const [tileN, tileK] = tileOf(form, quad.nBlocks, quad.kBlocks);
  const across = [Math.ceil(K / tileK), Math.ceil(N / tileN)] as const;
  const splits =
    chunked && !split ? 1 : splitsFor(across[0] * across[1] * groups, rowsOfOperand(source, w.dy), WANTED[form]);
  // The factors of split operands are undone when partial sums are added.
  const direct = splits === 1 && !split;
  const dyVec4 = !tiled && fits(program, w.dy);
  const xVec4 = !tiled && (quads ? quad.xVec4 : fitsVec4(program, w.x));
  const storesVec4 = wide || (quads && xVec4);
  const constants = {
    ...tableConstants(source),
    ...sizesOf(program, w, split),
    END_TILE: source.firstTile + source.tiles,
    GROUPS: groups,
    SPLITS: splits,
    SUMS: direct ? "dweight" : "partial",
    NUMBER: storesVec4 ? "vec4<f32>" : "f32",
    K_NUMBERS: storesVec4 ? K / 4 : K,
  };
  const flags = {
    TABLE: source.table !== undefined,
    LOCAL_DY: chunked,
    NORM: w.rstd !== undefined,
    TILED: tiled,
    DY_VEC4: dyVec4,
    X_VEC4: xVec4,
    SPLIT: split !== undefined,
    DIRECT: direct,
    GROWS: direct,
    ADD: w.add === true,
  };
  const dispatch: DraftDispatch = {
    template: TEMPLATES[form],
    label: w.label,
    ...(units && MATRIX_UNITS),
    ...(quads && QUAD_OPERATIONS),
    flags,
    constants,
    bindings: [
      ...(units
        ? unitOperands(program, w, split)
        : [matrix(program, "dy", "read", w.dy, dyVec4), bind(program, "x", "read", w.x, xVec4)]),
      ...tableBinding(source),
      ...(split ? [] : normBindings(program, w, wide)),
      direct
        ? bind(program, "dweight", "write", w.dweight, storesVec4)
        : scratch("partial", "write", partial, storesVec4 ? "array<vec4<f32>>" : "array<f32>"),
      ...(direct && !w.add ? [stepBinding(program)] : []),
    ],
    workgroups: [across[0], across[1], groups * splits],
  };
  if (direct) return { dispatches: [dispatch], scratch: [] };
  const size = count(tensorOf(program, w.dweight).shape);
  const sum = sumPartials(program, {
    slot: partial,
    offset: 0,
    stride: size,
    count: splits,
    result: w.dweight,
    gradient: true,
    add: w.add === true,
    factors: split,
  });
  return {
    dispatches: [...(split?.dispatches ?? []), dispatch, sum],
    scratch: [...(split?.scratch ?? []), 4 * splits * size],
  };
}
