// How products of matrices are cut up, and what each way asks of a device.
import type { Requirement } from "../ir/plan.js";
import { CPU, type DraftChoice, QUADS } from "./draft.js";

/**
 * How a product is cut up. block: in registers alone, for adapters that run on a CPU. quads: the same, by quads that
 * share what they load, where there are subgroups. tile: 64 × 64 in workgroup memory.
 * wide: 64 × 128, with twice the numbers an invocation in either direction; where sizes are no multiples of four, or
 * half of such a tile would be empty, it is a tile. matrix: 128 × 128 on matrix units; where an operand is not of halves
 * or sizes are no multiples of eight, it is wide.
 */
export type Shape = "block" | "quads" | "tile" | "wide" | "matrix";

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
export const WIDE = 128;
/** Fours of numbers along one side of a quad's block: as many for each of the blocks that there are, 4 at most. */
export const blocksOf = (size: number): number => Math.ceil(Math.ceil(size / 4) / Math.ceil(size / 16));

/** Rows or depths of a quad at a time: more takes longer to compile, and is hardly faster. */
export const DEEP = 2;

/** Without those that come to the same: a matrix product that suits nowhere is wide, and a wide one a tile. */
export const inShapes = (draft: (shape: Shape) => Omit<DraftChoice, "variant" | "requires">): DraftChoice[] =>
  SHAPES.map((shape) => ({ variant: shape, requires: REQUIRES[shape], ...draft(shape) })).filter(
    ({ variant, dispatches }) =>
      (variant !== "wide" && variant !== "matrix") ||
      dispatches.some(({ template }) => template.endsWith(`_${variant}`)),
  );
