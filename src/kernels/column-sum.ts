// Sums over rows or partial sums, in a fixed order: the last step of every gradient of a small parameter.
import type { Rows } from "../ir/op.js";
import { type Program, tensorOf } from "../ir/program.js";
import { count, type TensorId } from "../ir/tensor.js";
import {
  bind,
  type DraftDispatch,
  fitsVec4,
  grid,
  groupFunction,
  height,
  modalityFor,
  scratch,
  stepBinding,
  width,
} from "./draft.js";
import { factorBinding, type SplitOperand } from "./split.js";

/** From this many numbers on, there are enough invocations if each computes four. */
const VEC4_FROM = 2 ** 18;

export interface ColumnResult {
  readonly result: TensorId;
  /** The offset of its first partial sum, in numbers. */
  readonly offset: number;
}

export interface Partials {
  readonly slot: number;
  readonly offset: number;
  /** Numbers from one partial sum to the next. */
  readonly stride: number;
  readonly count: number;
  /** Numbers from one row of a partial sum to the next, if that is not the result's width. */
  readonly pitch?: number;
  readonly result: TensorId;
  /** Columns to sum, if they include tensors to the right of the result in its storage. */
  readonly columns?: number;
  /** Whether the result adds to the sums of earlier micro-batches. */
  readonly gradient: boolean;
  /** Adds to the result whatever `step.accumulate` is. */
  readonly add?: boolean;
  /** The factors of two split operands, which the sum undoes. */
  readonly factors?: { readonly x: SplitOperand; readonly dy: SplitOperand } | undefined;
}

export function sumPartials(program: Program, p: Partials): DraftDispatch {
  const columns = p.columns ?? width(program, p.result);
  const pitch = p.pitch ?? columns;
  const numbers = (count(tensorOf(program, p.result).shape) / width(program, p.result)) * columns;
  const vec4 =
    numbers >= VEC4_FROM && fitsVec4(program, p.result) && [pitch, p.offset, p.stride].every((n) => n % 4 === 0);
  const step = vec4 ? 4 : 1;
  const size = numbers / step;
  const { workgroups, GRID_X } = grid(size, 64);
  return {
    template: "sum_partials",
    label: "sum",
    flags: { GRADIENT: p.gradient && !p.add, ADD: p.add === true, FACTORS: p.factors !== undefined },
    constants: {
      SIZE: size,
      COLS: columns / step,
      PITCH: pitch / step,
      COUNT: p.count,
      OFFSET: p.offset / step,
      STRIDE: p.stride / step,
      NUMBER: vec4 ? "vec4<f32>" : "f32",
      GRID_X,
    },
    bindings: [
      scratch("partial", "read", p.slot, vec4 ? "array<vec4<f32>>" : "array<f32>"),
      bind(program, "result", "write", p.result, vec4),
      ...(p.factors ? [factorBinding("x_factor", p.factors.x), factorBinding("dy_factor", p.factors.dy)] : []),
      ...(p.gradient && !p.add ? [stepBinding(program)] : []),
    ],
    workgroups,
  };
}

export interface ColumnSum {
  readonly label: string;
  readonly dy: TensorId;
  readonly rows: Rows;
  readonly results: readonly ColumnResult[];
  readonly slot: number;
  /** Multiplies each term by x[r, c]·rstd[r]. */
  readonly times?: { readonly x: TensorId; readonly rstd: TensorId };
}

/** result[g, c] += Σ dy[r, c] (·x·rstd) over the rows of group g. */
export function columnSum(program: Program, s: ColumnSum): { dispatches: DraftDispatch[]; scratch: number[] } {
  const rows = height(program, s.dy);
  const columns = width(program, s.dy);
  const { groups } = s.rows;
  const splits = Math.max(1, Math.min(256, Math.ceil(rows / 64)));
  const excludes = s.rows.over === "positions" && s.rows.of.includes(-1);
  const counted = s.rows.over === "positions" ? s.rows.of.map((g) => g >= 0).join(", ") : "";
  const size = groups * columns;
  const first: DraftDispatch = {
    template: "column_sum",
    label: s.label,
    flags: { PRODUCT: s.times !== undefined, EXCLUDES: excludes },
    constants: {
      COLS: columns,
      ROWS: rows,
      SPLITS: splits,
      GROUPS: groups,
    },
    bindings: [
      bind(program, "dy", "read", s.dy),
      ...(s.times ? [bind(program, "x", "read", s.times.x), bind(program, "rstd", "read", s.times.rstd)] : []),
      ...modalityFor(program, s.rows),
      {
        ...scratch("partial", "write", s.slot),
        accessor: `${groupFunction("group", s.rows)}${
          excludes
            ? `\nconst counted = array<bool, ${program.modalities}>(${counted});\nfn counts(row: u32) -> bool { return counted[modality[row]]; }`
            : ""
        }`,
      },
    ],
    workgroups: [Math.ceil(columns / 64), splits, 1],
  };
  const sums = s.results.map(({ result, offset }) =>
    sumPartials(program, { slot: s.slot, offset, stride: size, count: splits, result, gradient: true }),
  );
  return { dispatches: [first, ...sums], scratch: [4 * splits * size] };
}
