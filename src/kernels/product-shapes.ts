// How products of matrices are cut up, and what each way asks of a device.
import type { Requirement } from "../ir/plan.js";
import { CPU, type DraftChoice, type KernelSettings, QUADS } from "./draft.js";

/**
 * How a product is cut up. block: in registers alone, for adapters that run on a CPU. quads: the same, by quads that
 * share what they load, where there are subgroups. tile: 64 × 64 in workgroup memory.
 * wide: 64 × 128, with twice the numbers an invocation in either direction; where sizes are no multiples of four, or
 * half of such a tile would be empty, it is a tile. matrix: 128 × 128 on matrix units; where an operand is not of halves
 * or sizes are no multiples of eight, it is wide. split: the same for operands of f32, each as two halves; where they are
 * small, it is wide.
 */
export type Shape = "block" | "quads" | "tile" | "wide" | "matrix" | "split";

/** Whether a shape does without workgroup memory. */
export const inRegisters = (shape: Shape): boolean => shape === "block" || shape === "quads";
const REQUIRES: Readonly<Record<Shape, Requirement>> = {
  matrix: { kind: "gpu", workgroupBytes: 24_576, invocations: 128, subgroup: 32, matrix: true },
  split: { kind: "gpu", workgroupBytes: 24_576, invocations: 256, subgroup: 32, matrix: true, f16: true },
  wide: { kind: "gpu", workgroupBytes: 12_800, invocations: 128 },
  quads: QUADS,
  block: CPU,
  tile: { workgroupBytes: 8192, invocations: 256 },
};
/** In the order of preference. */
const SHAPES: readonly Shape[] = ["matrix", "split", "wide", "quads", "block", "tile"];
/** Columns of a wide tile, of as many as 64 rows; rows and columns of one on matrix units. */
export const WIDE = 128;
/** Fours of numbers along one side of a quad's block: as many for each of the blocks that there are, 4 at most. */
export const blocksOf = (size: number): number => Math.ceil(Math.ceil(size / 4) / Math.ceil(size / 16));

/** Rows or depths of a quad at a time: more takes longer to compile, and is hardly faster. */
export const DEEP = 2;

/** The shorter side of a weight from which on its product saves more time than splitting what it is multiplied by takes. */
const SPLIT_SIDE = 192;
/** Whether a product of rows × depth by depth × columns is worth splitting its operands. */
export const worthSplitting = ({ splitFrom }: KernelSettings, rows: number, depth: number, columns: number): boolean =>
  splitFrom === 0 || (Math.min(depth, columns) >= SPLIT_SIDE && rows * depth * columns >= splitFrom);

/** The template that tells that a shape is more than a name. */
const TELLING: Partial<Readonly<Record<Shape, RegExp>>> = { wide: /_wide$/, matrix: /_matrix$/, split: /^halve$/ };

/** Without those that come to the same: a product that does not suit matrix units is wide, and a wide one a tile. */
export const inShapes = (draft: (shape: Shape) => Omit<DraftChoice, "variant" | "requires">): DraftChoice[] =>
  SHAPES.map((shape) => ({ shape, choice: { variant: shape, requires: REQUIRES[shape], ...draft(shape) } }))
    .filter(({ shape, choice }) => choice.dispatches.some(({ template }) => TELLING[shape]?.test(template) ?? true))
    .map(({ choice }) => choice);
