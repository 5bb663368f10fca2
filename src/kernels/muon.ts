// Kernels of Muon: the steps before and after its products, and the products of stacks of matrices.
import type { OpOf } from "../ir/op.js";
import { paddedStack, strideOf } from "../ir/ops/update.js";
import { type Program, tensorOf } from "../ir/program.js";
import { count, type TensorId } from "../ir/tensor.js";
import {
  type DraftChoice,
  type DraftDispatch,
  type FlagsOf,
  flat,
  grid,
  type KernelSettings,
  scratch,
  stepBinding,
} from "./draft.js";
import { product } from "./product.js";
import { stackSource } from "./product-operands.js";
import { inShapes } from "./product-shapes.js";

/** Numbers that one invocation squares and sums. */
const RUN = 64;

const OFF: FlagsOf<"muon"> = {
  SQUARES: false,
  SUMS: false,
  BEGIN: false,
  END: false,
  SCALED: false,
  TURNED: false,
  ELEMENTS: true,
  MOVES: false,
};

/** A stack of parameters in an arena, and the padded stack of their matrices. */
function stackOf(program: Program, tensor: TensorId, groups: number) {
  const { shape } = tensorOf(program, tensor);
  const [n = 0, rows = 0, columns = 0] = shape;
  const [, height, width] = paddedStack(shape);
  return {
    n,
    size: rows * columns,
    turned: rows > columns,
    constants: {
      COUNT: n,
      GROUPS: groups,
      STRIDE: strideOf(groups, shape),
      SIZE: rows * columns,
      ROWS: rows,
      COLS: columns,
      HEIGHT: height,
      WIDTH: width,
    },
    ratio: Math.sqrt(Math.max(1, rows / columns)),
  };
}

const plain = (dispatches: readonly DraftDispatch[], scratchBytes: readonly number[] = []): DraftChoice[] => [
  { variant: "plain", requires: {}, scratch: scratchBytes, dispatches },
];

const guard = (program: Program, { norm, scale }: { readonly norm: TensorId; readonly scale?: TensorId }) => [
  flat(program, "norm", "read", norm),
  ...(scale === undefined ? [] : [flat(program, "scale", "read", scale)]),
];

export function muonSums(program: Program, { in: i, out, groups }: OpOf<"muon_sums">): DraftChoice[] {
  const { n, size, constants } = stackOf(program, i.gradient, groups);
  const RUNS = 64 * Math.ceil(size / (64 * RUN));
  const squares = grid(n * RUNS, 64);
  const sums = grid(n, 1);
  const partial = (access: "read" | "write") => scratch("partial", access, 0, "array<vec2<f32>>");
  return plain(
    [
      {
        template: "muon",
        label: "muon_squares",
        flags: { ...OFF, SQUARES: true, MOVES: true, SCALED: i.scale !== undefined },
        constants: { ...constants, RUN, RUNS, GRID_X: squares.GRID_X },
        bindings: [
          flat(program, "gradient", "read", i.gradient),
          flat(program, "momentum", "read", i.momentum),
          ...guard(program, i),
          partial("write"),
          stepBinding(program),
        ],
        workgroups: squares.workgroups,
      },
      {
        template: "muon",
        label: "muon_sums",
        flags: { ...OFF, SUMS: true, ELEMENTS: false },
        constants: { COUNT: n, RUNS, GRID_X: sums.GRID_X },
        bindings: [partial("read"), flat(program, "sums", "write", out.sums)],
        workgroups: sums.workgroups,
      },
    ],
    [8 * n * RUNS],
  );
}

export function muonBegin(program: Program, { in: i, out, groups }: OpOf<"muon_begin">): DraftChoice[] {
  const { turned, constants } = stackOf(program, i.gradient, groups);
  const { workgroups, GRID_X } = grid(count(tensorOf(program, out.x).shape), 64);
  return plain([
    {
      template: "muon",
      label: "muon_begin",
      flags: { ...OFF, BEGIN: true, MOVES: true, SCALED: i.scale !== undefined, TURNED: turned },
      constants: { ...constants, GRID_X },
      bindings: [
        flat(program, "gradient", "read", i.gradient),
        flat(program, "sums", "read", i.sums),
        ...guard(program, i),
        flat(program, "momentum", "write", out.momentum),
        flat(program, "x", "write", out.x),
        stepBinding(program),
      ],
      workgroups,
    },
  ]);
}

export function muonEnd(program: Program, { in: i, out, groups }: OpOf<"muon_end">): DraftChoice[] {
  const { n, size, turned, constants, ratio } = stackOf(program, out.parameter, groups);
  const { workgroups, GRID_X } = grid(n * size, 64);
  return plain([
    {
      template: "muon",
      label: "muon_end",
      flags: { ...OFF, END: true, SCALED: i.scale !== undefined, TURNED: turned },
      constants: { ...constants, RATIO: ratio, GRID_X },
      bindings: [
        flat(program, "x", "read", i.x),
        flat(program, "sums", "read", i.sums),
        ...guard(program, i),
        flat(program, "parameter", "write", out.parameter),
        stepBinding(program),
      ],
      workgroups,
    },
  ]);
}

export function matmul(program: Program, op: OpOf<"matmul">, settings: KernelSettings): DraftChoice[] {
  const { transposed, alpha, beta } = op;
  const of = {
    label: "matmul",
    x: { tensor: op.in.a },
    weight: op.in.b,
    y: { tensor: op.out.y },
    transposed,
    residual: op.in.c,
    factors: { alpha, beta },
  };
  return inShapes((shape) => product(program, stackSource(program, op.in.a), of, shape, settings));
}
