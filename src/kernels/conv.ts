// Kernels of the causal convolution, forward and backward.
import type { OpOf } from "../ir/op.js";
import { count, type Program, tensorOf } from "../ir/program.js";
import { sumPartials } from "./column-sum.js";
import {
  bind,
  type DraftBinding,
  type DraftChoice,
  type DraftDispatch,
  rowFacts,
  scratch,
  width,
  withFunctions,
} from "./draft.js";

/** Positions that an invocation of the convolution goes through. */
const SPAN = 64;

function convConstants(program: Program, op: OpOf<"conv"> | OpOf<"conv_grad">): Record<string, number | boolean> {
  const runs = Math.ceil(program.length / SPAN);
  return {
    CHANNELS: width(program, op.in.x),
    WIDTH: width(program, op.in.weight),
    LENGTH: program.length,
    SPAN,
    RUNS: runs,
    GROUPS: op.rows.groups,
    TAPS: op.rows.groups * width(program, op.in.weight),
    SILU: op.activation === "silu",
    TAIL: op.in.tail !== undefined,
    RESET: op.in.reset !== undefined,
  };
}

const tailFor = (program: Program, { in: { tail } }: OpOf<"conv"> | OpOf<"conv_grad">): DraftBinding[] =>
  tail === undefined ? [] : [bind(program, "tail", "read", tail)];

export function conv(program: Program, op: OpOf<"conv">): DraftChoice[] {
  const { tail_out } = op.out;
  const facts = rowFacts(program, op.in.reset, { group: op.rows });
  const constants = { ...convConstants(program, op), TAIL_OUT: tail_out !== undefined };
  const bindings = [
    bind(program, "x", "read", op.in.x),
    bind(program, "weight", "read", op.in.weight),
    bind(program, "bias", "read", op.in.bias),
    ...tailFor(program, op),
    ...facts.bindings,
    bind(program, "y", "write", op.out.y),
    ...(tail_out === undefined ? [] : [bind(program, "tail_out", "write", tail_out)]),
  ];
  const dispatch: DraftDispatch = {
    template: "conv",
    label: "conv",
    constants,
    bindings: withFunctions(bindings, ...facts.functions),
    workgroups: [Math.ceil(width(program, op.in.x) / 64), program.batch * Math.ceil(program.length / SPAN), 1],
  };
  return [{ variant: "window", requires: {}, scratch: [], dispatches: [dispatch] }];
}

export function convGrad(program: Program, op: OpOf<"conv_grad">): DraftChoice[] {
  const channels = width(program, op.in.x);
  const facts = rowFacts(program, op.in.reset, { group: op.rows });
  const runs = program.batch * Math.ceil(program.length / SPAN);
  const weights = count(tensorOf(program, op.in.weight).shape);
  const biases = count(tensorOf(program, op.in.bias).shape);
  const bindings = [
    bind(program, "dy", "read", op.in.dy),
    bind(program, "x", "read", op.in.x),
    bind(program, "weight", "read", op.in.weight),
    bind(program, "bias", "read", op.in.bias),
    ...tailFor(program, op),
    ...facts.bindings,
    scratch("partial", "write"),
    bind(program, "dx", "write", op.out.dx),
  ];
  const first: DraftDispatch = {
    template: "conv",
    label: "conv_grad",
    constants: { ...convConstants(program, op), GRAD: true },
    bindings: withFunctions(bindings, ...facts.functions),
    workgroups: [Math.ceil(channels / 64), runs, 1],
  };
  const partial = { slot: 0, stride: weights + biases, count: runs, gradient: true };
  return [
    {
      variant: "window",
      requires: {},
      scratch: [4 * runs * (weights + biases)],
      dispatches: [
        first,
        sumPartials(program, { ...partial, offset: 0, result: op.out.dweight }),
        sumPartials(program, { ...partial, offset: weights, result: op.out.dbias }),
      ],
    },
  ];
}
