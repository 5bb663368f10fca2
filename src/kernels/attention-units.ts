// The variants of attention on matrix units: their sizes, and what they require of a device and of tensors.
import type { Requirement } from "../ir/plan.js";
import { type Program, tensorOf } from "../ir/program.js";
import type { TensorId } from "../ir/tensor.js";
import { fitsVec4, height, type KernelSettings } from "./draft.js";
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

/**
 * A variant on matrix units: the rows of each of the four subgroups, 16 · blocks, against so many columns at a time. split:
 * for operands in f32, each of which is split into two f16 numbers.
 */
export interface Units {
  readonly blocks: number;
  readonly columns: number;
  readonly split: boolean;
}

/** Columns of a head up to which a subgroup has the registers for 32 rows, or for both gradients from split operands. */
const SLIM = 64;
/** Columns of a head up to which a subgroup has the registers for 16 rows. */
const MOST = 128;
/** In order of preference. Smaller ones need less workgroup memory, and fewer registers. */
const FORWARD: readonly Units[] = [
  { blocks: 2, columns: 64, split: false },
  { blocks: 2, columns: 32, split: false },
  { blocks: 1, columns: 64, split: false },
  { blocks: 1, columns: 32, split: false },
  { blocks: 2, columns: 16, split: true },
  { blocks: 1, columns: 32, split: true },
  { blocks: 1, columns: 16, split: true },
];
const GRADIENT: readonly Units[] = [
  { blocks: 1, columns: 32, split: false },
  { blocks: 1, columns: 16, split: false },
  { blocks: 1, columns: 16, split: true },
];
export const nameOf = ({ blocks, columns, split }: Units): string =>
  `${split ? "split" : "matrix"}-${ROWS * blocks}x${columns}`;

/** From one line of a panel or of a subgroup's area to the next, counted in `vec4`. The padding avoids bank conflicts. */
const pitch = (columns: number): number => (columns + 8) / 4;

export function unitConstants({ blocks, columns, split }: Units, { head }: Sizes) {
  const deep = Math.ceil(head / 16);
  const pitchFours = pitch(16 * deep);
  const parts = split ? 2 : 1;
  return {
    PARTS: parts,
    TERMS: split ? 3 : 1,
    FIRST_TERM: split ? 0 : 2,
    BLOCKS: blocks,
    ROWS: ROWS * blocks,
    COLUMNS: columns,
    DEEP: deep,
    EIGHTS: 2 * deep,
    HEAD_EIGHTS: head / 8,
    HEAD_FOURS: head / 4,
    PITCH_FOURS: pitchFours,
    PART_AT: columns * pitchFours,
    SECOND_AT: parts * columns * pitchFours,
    // The rows of a workgroup pass through them, 64 at a time.
    PANELS: Math.max(2 * parts * columns, ROWS) * pitchFours,
    LOADS: Math.ceil((columns * 2 * deep) / 128),
    SPAN: columns / 16,
    PAIRS: columns / 8,
    FOURS: columns / 4,
    AREA_FOURS: pitch(columns),
    AREAS: ROWS * pitch(columns),
    SHARES: parts * ROWS * pitch(columns),
  };
}

/** What a variant needs, with so many areas of f32 and of f16 for each subgroup and other bytes of workgroup memory. */
export function unitRequires(
  units: Units,
  sizes: Sizes,
  memory: { readonly f32: number; readonly f16: number; readonly other: number },
): Requirement {
  const { PANELS, AREAS, SHARES } = unitConstants(units, sizes);
  const workgroupBytes = 8 * PANELS + 16 * AREAS * memory.f32 + 8 * SHARES * memory.f16 + memory.other;
  return {
    kind: "gpu",
    workgroupBytes,
    invocations: 128,
    subgroup: 32,
    matrix: true,
    ...(units.split && { f16: true }),
  };
}

/** The variants of attention or of its gradient that suit the op's tensors, in order of preference. */
export function unitsFor(
  program: Program,
  sizes: Sizes,
  { splitFrom }: KernelSettings,
  { q, others, gradient }: { readonly q: TensorId; readonly others: readonly TensorId[]; readonly gradient: boolean },
): readonly Units[] {
  const { heads, head, keys } = sizes;
  const tensors = [q, ...others];
  const slim = head <= SLIM;
  const even = head % 8 === 0 && head <= MOST;
  const narrow = tensors.every((tensor) => inEights(program, { tensor }));
  const full = tensors.every((tensor) => tensorOf(program, tensor).type === "f32" && fitsVec4(program, tensor));
  const worth = height(program, q) * heads * keys * head >= splitFrom;
  return (gradient ? GRADIENT : FORWARD).filter(
    ({ blocks, split }) => even && (split ? full && worth : narrow) && (slim || (blocks === 1 && !(split && gradient))),
  );
}
