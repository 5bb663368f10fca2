// Kernels of the causal convolution, forward and backward.
import type { OpOf } from "../ir/op.js";
import type { Requirement } from "../ir/plan.js";
import { type Program, tensorOf } from "../ir/program.js";
import { count } from "../ir/tensor.js";
import { sumPartials } from "./column-sum.js";
import {
  bind,
  CPU,
  type DraftBinding,
  type DraftChoice,
  type DraftDispatch,
  fitsVec4,
  rowFacts,
  scratch,
  width,
  withFunctions,
} from "./draft.js";

/** Positions per invocation of the convolution. */
const SPAN = 64;

type ConvOp = OpOf<"conv"> | OpOf<"conv_grad">;

interface Form {
  readonly variant: string;
  readonly requires: Requirement;
  readonly template: "conv" | "conv_registers";
  /** Whether an invocation computes four channels. */
  readonly vec4: boolean;
}
/**
 * For GPUs, forward only. Backward it needs too many registers: 0.46 ms instead of 0.14 on an H100, at 1536 channels.
 */
const VEC4: Form = { variant: "window-fours", requires: { kind: "gpu" }, template: "conv", vec4: true };
/** A single small copy of the weights stays in registers. CPU adapters keep it there only if loops are unrolled. */
const REGISTERS: Form = { variant: "registers", requires: CPU, template: "conv_registers", vec4: false };
const WINDOW: Form = { variant: "window", requires: {}, template: "conv", vec4: false };
const MOST_WEIGHTS = 8;

const inRegisters = (program: Program, { rows, in: { weight } }: ConvOp): boolean =>
  rows.groups === 1 && width(program, weight) <= MOST_WEIGHTS;

function convConstants(program: Program, op: ConvOp, { vec4 }: Form) {
  const runs = Math.ceil(program.length / SPAN);
  return {
    CHANNELS: width(program, op.in.x),
    COLS: width(program, op.in.x) / (vec4 ? 4 : 1),
    NUMBER: vec4 ? "vec4<f32>" : "f32",
    WIDTH: width(program, op.in.weight),
    LAST: width(program, op.in.weight) - 1,
    LENGTH: program.length,
    SPAN,
    RUNS: runs,
    GROUPS: op.rows.groups,
    TAPS: op.rows.groups * width(program, op.in.weight),
  };
}

const convFlags = (op: ConvOp, { vec4 }: Form) => ({
  VEC4: vec4,
  SILU: op.activation === "silu",
  TAIL: op.in.tail !== undefined,
  RESET: op.in.reset !== undefined,
  GRAD: op.kind === "conv_grad",
  TAIL_OUT: op.kind === "conv" && op.out.tail_out !== undefined,
});

const tailFor = (program: Program, { in: { tail } }: ConvOp, { vec4 }: Form): DraftBinding[] =>
  tail === undefined ? [] : [bind(program, "tail", "read", tail, vec4)];

/** Workgroups of 64 invocations over channels and runs. */
const workgroupsOver = (program: Program, { in: { x } }: ConvOp, { vec4 }: Form): DraftDispatch["workgroups"] => [
  Math.ceil(width(program, x) / (vec4 ? 256 : 64)),
  program.batch * Math.ceil(program.length / SPAN),
  1,
];

export function conv(program: Program, op: OpOf<"conv">): DraftChoice[] {
  const { x, tail } = op.in;
  const { y, tail_out } = op.out;
  const facts = rowFacts(program, op.in.reset, { group: op.rows });
  const draft = (form: Form): DraftDispatch => {
    const bindings = [
      bind(program, "x", "read", x, form.vec4),
      bind(program, "weight", "read", op.in.weight),
      bind(program, "bias", "read", op.in.bias),
      ...tailFor(program, op, form),
      ...facts.bindings,
      bind(program, "y", "write", y, form.vec4),
      ...(tail_out === undefined ? [] : [bind(program, "tail_out", "write", tail_out, form.vec4)]),
    ];
    return {
      template: form.template,
      label: "conv",
      flags: convFlags(op, form),
      constants: convConstants(program, op, form),
      bindings: withFunctions(bindings, ...facts.functions),
      workgroups: workgroupsOver(program, op, form),
    };
  };
  const inForm = [x, y, tail, tail_out].every((id) => id === undefined || fitsVec4(program, id));
  const forms = [...(inForm ? [VEC4] : []), ...(inRegisters(program, op) ? [REGISTERS] : []), WINDOW];
  return forms.map((form) => ({
    variant: form.variant,
    requires: form.requires,
    scratch: [],
    dispatches: [draft(form)],
  }));
}

export function convGrad(program: Program, op: OpOf<"conv_grad">): DraftChoice[] {
  const { x, dy } = op.in;
  const { dx } = op.out;
  const facts = rowFacts(program, op.in.reset, { group: op.rows });
  const runs = program.batch * Math.ceil(program.length / SPAN);
  const weights = count(tensorOf(program, op.in.weight).shape);
  const biases = count(tensorOf(program, op.in.bias).shape);
  const bindings = [
    bind(program, "dy", "read", dy),
    bind(program, "x", "read", x),
    bind(program, "weight", "read", op.in.weight),
    bind(program, "bias", "read", op.in.bias),
    ...tailFor(program, op, WINDOW),
    ...facts.bindings,
    scratch("partial", "write"),
    bind(program, "dx", "write", dx),
  ];
  const first = (template: Form["template"]): DraftDispatch => ({
    template,
    label: "conv_grad",
    flags: convFlags(op, WINDOW),
    constants: convConstants(program, op, WINDOW),
    bindings: withFunctions(bindings, ...facts.functions),
    workgroups: workgroupsOver(program, op, WINDOW),
  });
  const partial = { slot: 0, stride: weights + biases, count: runs, gradient: true };
  const sums = [
    sumPartials(program, { ...partial, offset: 0, result: op.out.dweight }),
    sumPartials(program, { ...partial, offset: weights, result: op.out.dbias }),
  ];
  return (inRegisters(program, op) ? [REGISTERS, WINDOW] : [WINDOW]).map(({ variant, requires, template }) => ({
    variant,
    requires,
    scratch: [4 * runs * (weights + biases)],
    dispatches: [first(template), ...sums],
  }));
}
