// The shapes of matrix products, and what each requires of a device.
import type { Requirement } from "../ir/plan.js";
import { CPU, type DraftChoice, type KernelSettings, QUADS } from "./draft.js";

/**
 * How a product is divided among invocations.
 * block: registers only, for CPU adapters. quads: the same, but the invocations of a quad share their loads; needs
 * subgroups. tile: 64 × 64 in workgroup memory. wide: 64 × 128, with twice the numbers per invocation in each
 * direction; it falls back to tile if sizes are not multiples of four, or if half of a tile would be empty. matrix: 128
 * × 128 on matrix units; it falls back to wide unless operands are f16 and sizes are multiples of eight. split: the
 * same for f32 operands, each split into two f16 numbers; it falls back to wide for small operands.
 */
export type Shape = "block" | "quads" | "tile" | "wide" | "matrix" | "split";

/** Whether a shape uses no workgroup memory. */
export const inRegisters = (shape: Shape): boolean => shape === "block" || shape === "quads";
/** With the invocations of the shapes that they fall back to. */
const REQUIRES: Readonly<Record<Shape, Requirement>> = {
  matrix: { kind: "gpu", workgroupBytes: 24_576, invocations: 256, subgroup: 32, matrix: true },
  split: { kind: "gpu", workgroupBytes: 24_576, invocations: 256, subgroup: 32, matrix: true, f16: true },
  wide: { kind: "gpu", workgroupBytes: 12_800, invocations: 256 },
  quads: QUADS,
  block: CPU,
  tile: { workgroupBytes: 8192, invocations: 256 },
};
/** In order of preference. */
const SHAPES: readonly Shape[] = ["matrix", "split", "wide", "quads", "block", "tile"];
/** Columns of a wide tile, which has 64 rows. Also the rows and columns of a tile on matrix units. */
export const WIDE = 128;
/** Groups of four numbers along one side of a quad's block, divided evenly among the blocks; at most 4. */
export const blocksOf = (size: number): number => Math.ceil(Math.ceil(size / 4) / Math.ceil(size / 16));

/**
 * Rows for each lane of a quad, at most 4. On SwiftShader a step with 8 is hardly faster, and starts four seconds later, because
 * kernels take longer to compile.
 */
export const laneRowsOf = (rows: number): number => [1, 2].find((some) => rows <= 4 * some) ?? 4;

/** What kernels with quad operations need. A quad returns early or stays, which the uniformity analysis cannot see. */
export const QUAD_OPERATIONS = { enables: ["subgroups"], diagnostic: "off, subgroup_uniformity" } as const;

/** Columns of dy for each lane of a quad, at most 8: a multiple of four if they are read as vec4. */
export const laneColumnsOf = (columns: number, vec4: boolean): number => {
  if (!vec4) return Math.ceil(Math.ceil(columns / 4) / Math.ceil(columns / 32));
  const beyond = columns % 32;
  return columns > 64 || beyond === 0 || beyond > 16 ? 8 : 4;
};

/** The shorter side of a weight from which on a split product saves more time than splitting its operands takes. */
const SPLIT_SIDE = 192;
/** Whether a product of rows × depth by depth × columns is worth splitting its operands. */
export const worthSplitting = ({ splitFrom }: KernelSettings, rows: number, depth: number, columns: number): boolean =>
  splitFrom === 0 || (Math.min(depth, columns) >= SPLIT_SIDE && rows * depth * columns >= splitFrom);

/** The templates that prove that a shape did not fall back to another. */
const DISTINCTIVE: Partial<Readonly<Record<Shape, RegExp>>> = {
  wide: /_wide$/,
  matrix: /_matrix$/,
  split: /^split_f16$/,
};

/** The choices without shapes that fell back to another one. */
export const inShapes = (draft: (shape: Shape) => Omit<DraftChoice, "variant" | "requires">): DraftChoice[] =>
  SHAPES.map((shape) => ({ shape, choice: { variant: shape, requires: REQUIRES[shape], ...draft(shape) } }))
    .filter(({ shape, choice }) => choice.dispatches.some(({ template }) => DISTINCTIVE[shape]?.test(template) ?? true))
    .map(({ choice }) => choice);
