// Kernels that reduce each row: the RMS norm and its gradient, cross-entropy, squared errors, dot products, loss sums.
import type { OpOf } from "../ir/op.js";
import { type Program, rowsOf, tensorOf } from "../ir/program.js";
import { count, type TensorId } from "../ir/tensor.js";
import { columnSum } from "./column-sum.js";
import {
  bind,
  type ConstantsOf,
  CPU,
  type DraftBinding,
  type DraftChoice,
  type DraftDispatch,
  type FlagsOf,
  grid,
  groupFunction,
  height,
  modalityFor,
  scratch,
  width,
} from "./draft.js";

/** Invocations per row on a GPU. */
const LANES = 64;

const OFF: FlagsOf<"rowwise"> = {
  SHARED: false,
  RMS: false,
  NORM_GRAD: false,
  RESIDUAL: false,
  SQUARED_ERROR: false,
  DOT: false,
  ENTROPY: false,
  WRITES_LSE: false,
  LOCAL: false,
  SLOPE: false,
  APART: false,
  VEC4: false,
};

/** A dispatch of the row template over `rows` rows. */
export function overRows(
  label: string,
  shared: boolean,
  rows: number,
  flags: Partial<FlagsOf<"rowwise">>,
  constants: Partial<ConstantsOf<"rowwise">>,
  bindings: readonly DraftBinding[],
): DraftDispatch {
  const { workgroups, GRID_X } = grid(rows, shared ? 1 : 64);
  return {
    template: "rowwise",
    label,
    flags: { ...OFF, ...flags, SHARED: shared },
    constants: { ...constants, LANES: shared ? LANES : 1, WORKGROUP: LANES, ROWS: rows, GRID_X },
    bindings,
    workgroups,
  };
}

/** Both variants of an op: a row per invocation for CPU adapters, a row per workgroup elsewhere. */
export const byRow = (draft: (shared: boolean) => Omit<DraftChoice, "variant" | "requires">): DraftChoice[] => [
  { variant: "row", requires: CPU, ...draft(false) },
  { variant: "shared-row", requires: {}, ...draft(true) },
];

export function rms(program: Program, op: OpOf<"rms">): DraftChoice[] {
  const constants = { COLS: width(program, op.in.x), EPS: op.eps };
  const bindings = [bind(program, "x", "read", op.in.x), bind(program, "rstd", "write", op.out.rstd)];
  return byRow((shared) => ({
    scratch: [],
    dispatches: [overRows("rms", shared, height(program, op.in.x), { RMS: true }, constants, bindings)],
  }));
}

export function normGrad(program: Program, op: OpOf<"norm_grad">): DraftChoice[] {
  const { dy, x, rstd, scale, residual } = op.in;
  const flags = { NORM_GRAD: true, RESIDUAL: residual !== undefined };
  const bindings = [
    bind(program, "dy", "read", dy),
    bind(program, "x", "read", x),
    bind(program, "rstd", "read", rstd),
    bind(program, "scale", "read", scale),
    ...(residual === undefined ? [] : [bind(program, "residual", "read", residual)]),
    ...modalityFor(program, op.rows),
    { ...bind(program, "dx", "write", op.out.dx) },
  ];
  const grouped = bindings.map((b) =>
    b.name === "dx" ? { ...b, accessor: `${b.accessor}\n${groupFunction("group", op.rows)}` } : b,
  );
  const sums = columnSum(program, {
    label: "norm_dscale",
    dy,
    rows: op.rows,
    results: [{ result: op.out.dscale, offset: 0 }],
    slot: 0,
    times: { x, rstd },
  });
  return byRow((shared) => ({
    scratch: sums.scratch,
    dispatches: [
      overRows("norm_grad", shared, height(program, x), flags, { COLS: width(program, x) }, grouped),
      ...sums.dispatches,
    ],
  }));
}

export function squaredError(program: Program, op: OpOf<"squared_error">): DraftChoice[] {
  const constants = { COLS: width(program, op.in.prediction) };
  const bindings = [
    bind(program, "prediction", "read", op.in.prediction),
    bind(program, "noise", "read", op.in.noise),
    bind(program, "item", "read", op.in.item),
    bind(program, "loss", "write", op.out.loss),
  ];
  return byRow((shared) => ({
    scratch: [],
    dispatches: [overRows("squared_error", shared, rowsOf(program), { SQUARED_ERROR: true }, constants, bindings)],
  }));
}

export function crossEntropy(program: Program, op: OpOf<"cross_entropy">): DraftChoice[] {
  const flags = { ENTROPY: true, WRITES_LSE: true };
  const constants = { LOGITS: width(program, op.in.logits) };
  const bindings = [
    bind(program, "logits", "read", op.in.logits),
    bind(program, "target_token", "read", op.in.target),
    bind(program, "loss", "write", op.out.loss),
    bind(program, "lse", "write", op.out.lse),
  ];
  return byRow((shared) => ({
    scratch: [],
    dispatches: [overRows("cross_entropy", shared, rowsOf(program), flags, constants, bindings)],
  }));
}

/** Ordered sums over rows, by class if `classes` is given. */
function sums(program: Program, rows: number, loss: DraftBinding, out: TensorId, classes?: TensorId): DraftDispatch {
  return {
    template: "sums",
    label: "loss_sum",
    flags: { CLASSES: classes !== undefined },
    constants: { COUNT: count(tensorOf(program, out).shape), ROWS: rows },
    bindings: [
      loss,
      ...(classes === undefined ? [] : [bind(program, "row_class", "read", classes)]),
      bind(program, "sums", "write", out),
    ],
    workgroups: [1, 1, 1],
  };
}

export function sumByClass(program: Program, op: OpOf<"sum_by_class">): DraftChoice[] {
  const loss = bind(program, "row_loss", "read", op.in.loss);
  const dispatches = [sums(program, rowsOf(program), loss, op.out.sums, op.in.class)];
  return [{ variant: "ordered", requires: {}, scratch: [], dispatches }];
}

export function dot(program: Program, op: OpOf<"dot">): DraftChoice[] {
  const rows = height(program, op.in.a);
  const constants = { COLS: width(program, op.in.a) };
  const bindings = [
    bind(program, "a", "read", op.in.a),
    bind(program, "b", "read", op.in.b),
    scratch("partial", "write"),
  ];
  return byRow((shared) => ({
    scratch: [4 * rows],
    dispatches: [
      overRows("dot", shared, rows, { DOT: true }, constants, bindings),
      sums(program, rows, scratch("row_loss", "read"), op.out.y),
    ],
  }));
}
