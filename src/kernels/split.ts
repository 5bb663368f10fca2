// f32 on matrix units: each operand of a product as two halves, what rounds it and what that leaves.
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

/** Partial maxima of an operand, an invocation each of the workgroup that looks at them. */
const MAXIMA = 512;
/** Invocations of a workgroup, and eights of numbers that each of them splits. */
const WORKGROUP = 256;
const EIGHTS_EACH = 8;

/** An operand in scratch: a plane of rounded halves, then one of what rounding left, both dense; and one factor for all. */
export interface Halves {
  readonly slot: number;
  /** Numbers in a plane. */
  readonly plane: number;
  readonly factorSlot: number;
}

export interface Operand {
  /** What it is in the product, for the kernel's name. */
  readonly label: string;
  readonly of: Matrix;
  readonly rows: number;
  readonly columns: number;
  /** Where rows of scratch are those of slots: which of these have a row. */
  readonly source?: RowSource | undefined;
  /** Multiplied by rstd of the row and by the scale of its group. */
  readonly norm?: { readonly rstd: TensorId; readonly scale: TensorId; readonly rows: Rows } | undefined;
}

/** What a product reads by row as an operand; rows of scratch are those of the source's slots. */
export const operandOf = (program: Program, label: string, of: Matrix, source: RowSource): Operand =>
  local(of)
    ? { label, of, rows: rowsOfOperand(source, of), columns: of.columns, source }
    : { label, of, rows: height(program, of.tensor), columns: width(program, of.tensor) };

/** The norm that a product's operand is read through, if it is. */
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

/** A weight as an operand, whatever its groups. */
export function weightOperand(program: Program, weight: TensorId): Operand {
  const { shape } = tensorOf(program, weight);
  const columns = shape.at(-1) as number;
  return { label: "weight", of: { tensor: weight }, rows: count(shape) / columns, columns };
}

/**
 * Dispatches that split an operand into three slots of scratch from `slot` on, whose bytes are returned too. All numbers
 * are first multiplied by one power of two, so that the largest is just below 2^14: then the two halves hold 22 bits of a
 * number, or 2^-38 of the largest where that is more.
 */
export function halve(
  program: Program,
  operand: Operand,
  slot: number,
): { halves: Halves; dispatches: DraftDispatch[]; scratch: number[] } {
  const { label, of, rows, columns, norm } = operand;
  const source = local(of) ? operand.source : undefined;
  const plane = rows * columns;
  const [maxima, factorSlot] = [slot + 1, slot + 2];
  const maximaOf = (access: "read" | "write"): DraftBinding => scratch("maxima", access, maxima);
  const constants = {
    ...(source && tableConstants(source)),
    SCALE_GROUPS: norm === undefined ? 1 : height(program, norm.scale),
    ROW_FOURS: columns / 4,
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
  const split = grid(plane / 8 / EIGHTS_EACH, WORKGROUP);
  return {
    halves: { slot, plane, factorSlot },
    scratch: [4 * plane, 4 * MAXIMA, 4],
    dispatches: [
      {
        template: "largest",
        label: `${label}_largest`,
        flags,
        constants: { ...constants, FOURS: plane / 4 },
        bindings: read(maximaOf("write")),
        workgroups: [MAXIMA, 1, 1],
      },
      {
        template: "halve",
        label: `${label}_halves`,
        flags,
        enables: ["f16"],
        constants: { ...constants, EIGHTS: plane / 8, EIGHTS_EACH, GRID_X: split.GRID_X },
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

/** Splits one operand after the other, into slots of scratch from `slot` on. */
export function splitter(program: Program, slot: number) {
  const dispatches: DraftDispatch[] = [];
  const scratch: number[] = [];
  return {
    dispatches,
    scratch,
    split(operand: Operand): Halves {
      const made = halve(program, operand, slot + scratch.length);
      dispatches.push(...made.dispatches);
      scratch.push(...made.scratch);
      return made.halves;
    },
  };
}

/** The halves of an operand as a matrix kernel reads them. */
export const halvesMatrix = ({ slot }: Halves, columns: number): Matrix => ({ slot, columns, type: "f16" });

/** What undoes the factor of an operand. */
export const factorBinding = (name: string, { factorSlot }: Halves): DraftBinding => scratch(name, "read", factorSlot);
