// The variants of attention on matrix units: their sizes, and what they require of a device and of tensors.
import type { Requirement } from "../ir/plan.js";
import type { Program } from "../ir/program.js";
import type { TensorId } from "../ir/tensor.js";
import { inEights } from "./product-operands.js";

/** Queries or keys per workgroup. */
export const ROWS = 64;

export interface Sizes {
  readonly heads: number;
  readonly kv_heads: number;
  /** Columns of a head. */
  readonly head: number;
  readonly queries: number;
  readonly keys: number;
}

/** A variant on matrix units: the rows of each of the four subgroups, 16 · blocks, against so many columns at a time. */
export interface Units {
  readonly blocks: number;
  readonly columns: number;
}

/** Columns of a head up to which a subgroup has the registers for the sums of 32 queries. */
export const SLIM = 64;
/** Columns of a head up to which a subgroup has the registers for 16 rows. */
const MOST = 128;
/** In order of preference. Smaller ones need less workgroup memory, and fewer registers. */
export const FORWARD: readonly Units[] = [
  { blocks: 2, columns: 64 },
  { blocks: 2, columns: 32 },
  { blocks: 1, columns: 64 },
  { blocks: 1, columns: 32 },
];
export const GRADIENT: readonly Units[] = [
  { blocks: 1, columns: 32 },
  { blocks: 1, columns: 16 },
];
export const nameOf = ({ blocks, columns }: Units): string => `matrix-${ROWS * blocks}x${columns}`;

/** From one line of a panel or of a subgroup's area to the next, counted in `vec4`. The padding avoids bank conflicts. */
const pitch = (columns: number): number => (columns + 8) / 4;

export function unitConstants({ blocks, columns }: Units, { head }: Sizes) {
  const deep = Math.ceil(head / 16);
  const pitchFours = pitch(16 * deep);
  return {
    BLOCKS: blocks,
    ROWS: ROWS * blocks,
    COLUMNS: columns,
    DEEP: deep,
    EIGHTS: 2 * deep,
    HEAD_EIGHTS: head / 8,
    HEAD_FOURS: head / 4,
    PITCH_FOURS: pitchFours,
    SECOND_AT: columns * pitchFours,
    // The rows of a workgroup pass through them, 64 at a time.
    PANELS: Math.max(2 * columns, ROWS) * pitchFours,
    LOADS: Math.ceil((columns * 2 * deep) / 128),
    SPAN: columns / 16,
    PAIRS: columns / 8,
    FOURS: columns / 4,
    AREA_FOURS: pitch(columns),
    AREAS: ROWS * pitch(columns),
  };
}

/** What a variant needs, with so many areas of f32 and of f16 for each subgroup and other bytes of workgroup memory. */
export function unitRequires(
  units: Units,
  sizes: Sizes,
  memory: { readonly f32: number; readonly f16: number; readonly other: number },
): Requirement {
  const { PANELS, AREAS } = unitConstants(units, sizes);
  const workgroupBytes = 8 * PANELS + 16 * AREAS * memory.f32 + 8 * AREAS * memory.f16 + memory.other;
  return { kind: "gpu", workgroupBytes, invocations: 128, subgroup: 32, matrix: true };
}

/** Whether matrix units can read the tensors: f16, eight columns at a time. */
export const suitsUnits = (program: Program, { head }: Sizes, tensors: readonly TensorId[]): boolean =>
  head % 8 === 0 && head <= MOST && tensors.every((tensor) => inEights(program, { tensor }));
