// Muon: weights of layers move by their momentum with its singular values brought near 1 (Jordan et al. 2024,
// https://kellerjordan.github.io/posts/muon/). Another optimizer updates all other parameters. Products are in f32.
import { paddedStack } from "../ir/ops/update.js";
import type { Parameter } from "../ir/program.js";
import type { Stretch, TensorId } from "../ir/tensor.js";
import { adamw } from "./adamw.js";
import type { MuonFields } from "./muon.fields.js";
import type { Optimizer, Update } from "./optimizer.js";

const MOMENTUM = "momentum";

/** X ← aX + (bS + cS²)X with S = XXᵀ, five times, brings singular values from (0, 1] to near 1. */
const NEWTON_SCHULZ = { times: 5, a: 3.4445, b: -4.775, c: 2.0315 } as const;

/** The largest stack in padded numbers. Larger ones would take more memory and save no time. */
const STACK = 2 ** 24;
const inStack = ({ names, shape }: Parameter): number => {
  const [n, height, width] = paddedStack([names.length, ...shape]);
  return n * height * Math.max(height, width);
};

/** Weights of linear maps: two dimensions and weight decay. A_log has no weight decay. */
const isMatrix = ({ layer, shape, decay }: Parameter): boolean => layer >= 0 && shape.length === 2 && decay;

/** Groups matrices of the same shape and number of groups, so that few dispatches compute their products. */
function stacks(parameters: readonly Parameter[]): Parameter[][] {
  const found: Parameter[][] = [];
  const open = new Map<string, Parameter[]>();
  for (const parameter of parameters) {
    const key = `${parameter.names.length} ${parameter.shape}`;
    const stack = open.get(key);
    if (stack !== undefined && (stack.length + 1) * inStack(parameter) <= STACK) stack.push(parameter);
    else {
      open.set(key, [parameter]);
      found.push(open.get(key) as Parameter[]);
    }
  }
  return found;
}

function updateStack({ builder, guard }: Update, [first, ...others]: readonly Parameter[], at: Stretch): void {
  const { names, shape } = first as Parameter;
  const groups = names.length;
  const size = [groups * (others.length + 1), ...shape];
  const [gradient, momentum, parameter] = ["gradients", MOMENTUM, "parameters"].map((name) =>
    builder.stretch(name, at, size),
  ) as [TensorId, TensorId, TensorId];
  const named = builder.within((names[0] as string).replace(/\.weight$/, ""));
  const { sums } = named.make("muon_sums", { in: { gradient, momentum, ...guard }, groups }, { sums: "sums" });
  let { x } = named.make("muon_begin", { in: { gradient, sums, ...guard }, groups }, { momentum, x: "x" });
  const { times, a, b, c } = NEWTON_SCHULZ;
  for (let i = 0; i < times; i++) {
    const S = named.make("matmul", { in: { a: x, b: x }, transposed: true, alpha: 1, beta: 0 }, { y: `S.${i}` }).y;
    const T = named.make(
      "matmul",
      { in: { a: S, b: S, c: S }, transposed: false, alpha: c, beta: b },
      { y: `T.${i}` },
    ).y;
    x = named.make("matmul", { in: { a: T, b: x, c: x }, transposed: false, alpha: 1, beta: a }, { y: `x.${i}` }).y;
  }
  builder.make("muon_end", { in: { x, sums, ...guard }, groups }, { parameter });
}

export const muon: Optimizer<MuonFields> = {
  arenas: (parameters) => {
    const matrices = { slots: [MOMENTUM], runs: stacks(parameters.filter(isMatrix)) };
    const rest = adamw.arenas(parameters.filter((parameter) => !isMatrix(parameter)));
    return matrices.runs.length === 0 ? rest : [...rest, matrices];
  },
  scalars: ({ lr, momentum, weight_decay, rest }, rate, step) => ({
    ...adamw.scalars(rest, rate, step),
    muon_lr: rate(lr),
    muon_momentum: momentum,
    // Subtracted in float64: near 1, f32 is too coarse for the momentum.
    muon_rest: 1 - momentum,
    muon_weight_decay: weight_decay,
  }),
  update: (update, arenas) => {
    const matrices = arenas.filter(({ slots }) => slots.includes(MOMENTUM));
    adamw.update(
      update,
      arenas.filter((arena) => !matrices.includes(arena)),
    );
    for (const { runs, at } of matrices) {
      for (const [i, run] of runs.entries()) updateStack(update, run, at[i] as Stretch);
    }
  },
};
