// f32 on matrix units: each operand of a product as two f16 numbers, the rounded value and the rounding error.
import type { Rows } from "../ir/op.js";
import { type Program, tensorOf } from "../ir/program.js";
import { count, type TensorId } from "../ir/tensor.js";
import {
  bind,
  type DraftBinding,
  type DraftDispatch,
  grid,
  groupFunction,
  height,
  modalityFor,
  scratch,
  width,
  withFunctions,
} from "./draft.js";
import {
  local,
  type Matrix,
  matrix,
  type RowSource,
  rowsOfOperand,
  tableBinding,
  tableConstants,
} from "./product-operands.js";

/** Partial maxima of an operand, one per workgroup. The workgroups that split it read all of them. */
const MAXIMA = 512;
/** Invocations per workgroup, and groups of eight numbers that each of them splits. */
const WORKGROUP = 256;
const EIGHTS_EACH = 8;

/**
 * An operand in scratch: in each row, 16 rounded f16 numbers are followed by the 16 rounding errors. Where a row has no 16
 * numbers left, there are zeros. One factor is for all.
 */
export interface SplitOperand {
  readonly slot: number;
  /** The f16 numbers in a row. */
  readonly columns: number;
  readonly factorSlot: number;
}

export interface Operand {
  /** Its role in the product, for the kernel's name. */
  readonly label: string;
  readonly of: Matrix;
  readonly rows: number;
  readonly columns: number;
  /** For scratch with a row for each slot: the source, which has the list of slots with a row. */
  readonly source?: RowSource | undefined;
  /** The operand is multiplied by the row's rstd and its group's scale. */
  readonly norm?: { readonly rstd: TensorId; readonly scale: TensorId; readonly rows: Rows } | undefined;
}

/** An operand that a product reads by row. Rows of scratch are the slots of the source. */
export const operandOf = (program: Program, label: string, of: Matrix, source: RowSource): Operand =>
  local(of)
    ? { label, of, rows: rowsOfOperand(source, of), columns: of.columns, source }
    : { label, of, rows: height(program, of.tensor), columns: width(program, of.tensor) };

/** The norm of a product's operand, if there is one. */
export const normOf = ({
  rstd,
  scale,
  rows,
}: {
  readonly rstd?: TensorId | undefined;
  readonly scale?: TensorId | undefined;
  readonly rows?: Rows;
}): Operand["norm"] =>
  rstd === undefined || scale === undefined || rows === undefined ? undefined : { rstd, scale, rows };

/** A weight with all its groups as an operand. */
export function weightOperand(program: Program, weight: TensorId): Operand {
  const { shape } = tensorOf(program, weight);
  const columns = shape.at(-1) as number;
  return { label: "weight", of: { tensor: weight }, rows: count(shape) / columns, columns };
}

/**
 * Dispatches that split an operand into three scratch slots from `slot` on, and the bytes of those slots. All numbers
 * are first multiplied by one power of two, so that the largest is just below 2^14. The two f16 numbers then hold 22
 * bits of a number, or 2^-38 of the largest number if that is more.
 */
export function splitToF16(
  program: Program,
  operand: Operand,
  slot: number,
): { operand: SplitOperand; dispatches: DraftDispatch[]; scratch: number[] } {
  const { label, of, rows, columns, norm } = operand;
  const source = local(of) ? operand.source : undefined;
  const padded = 16 * Math.ceil(columns / 16);
  const [maxima, factorSlot] = [slot + 1, slot + 2];
  const maximaOf = (access: "read" | "write"): DraftBinding => scratch("maxima", access, maxima);
  const constants = {
    ...(source && tableConstants(source)),
    SCALE_GROUPS: norm === undefined ? 1 : height(program, norm.scale),
    ROW_VEC4S: columns / 4,
    MAXIMA,
    WORKGROUP,
  };
  const flags = { TABLE: source?.table !== undefined, SLOTS: source !== undefined, NORM: norm !== undefined };
  const read = (last: DraftBinding): DraftBinding[] => {
    const bindings: DraftBinding[] = [
      matrix(program, "x", "read", of, true),
      ...(source ? tableBinding(source) : []),
      ...(norm
        ? [
            bind(program, "rstd", "read", norm.rstd),
            bind(program, "scale", "read", norm.scale, true),
            ...modalityFor(program, norm.rows),
          ]
        : []),
      last,
    ];
    return norm ? withFunctions(bindings, groupFunction("group", norm.rows)) : bindings;
  };
  const split = grid((rows * padded) / 8 / EIGHTS_EACH, WORKGROUP);
  return {
    operand: { slot, columns: 2 * padded, factorSlot },
    scratch: [4 * rows * padded, 4 * MAXIMA, 4],
    dispatches: [
      {
        template: "largest",
        label: `${label}_largest`,
        flags,
        constants: { ...constants, VEC4S: (rows * columns) / 4 },
        bindings: read(maximaOf("write")),
        workgroups: [MAXIMA, 1, 1],
      },
      {
        template: "split_f16",
        label: `${label}_halves`,
        flags,
        enables: ["f16"],
        constants: {
          ...constants,
          ROW_EIGHTS: padded / 8,
          EIGHTS: (rows * padded) / 8,
          EIGHTS_EACH,
          GRID_X: split.GRID_X,
        },
        bindings: [
          ...read(maximaOf("read")),
          scratch("halves", "write", slot, "array<vec4<u32>>"),
          scratch("factor", "write", factorSlot),
        ],
        workgroups: split.workgroups,
      },
    ],
  };
}

/** Splits operands one after the other, into scratch slots from `slot` on. */
export function splitter(program: Program, slot: number) {
  const dispatches: DraftDispatch[] = [];
  const scratch: number[] = [];
  return {
    dispatches,
    scratch,
    split(operand: Operand): SplitOperand {
      const made = splitToF16(program, operand, slot + scratch.length);
      dispatches.push(...made.dispatches);
      scratch.push(...made.scratch);
      return made.operand;
    },
  };
}

/** A split operand as the matrix that a matrix kernel reads. */
export const f16Matrix = ({ slot, columns }: SplitOperand): Matrix => ({ slot, columns, type: "f16" });

/** The factor of a split operand, which the kernel undoes. */
export const factorBinding = (name: string, { factorSlot }: SplitOperand): DraftBinding =>
  scratch(name, "read", factorSlot);
