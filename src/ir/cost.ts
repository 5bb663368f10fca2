// cost: the floating-point operations of every op, for one of its rows.
//
// Every addition, multiplication, division, exponential, logarithm and square root counts as one; a matrix product of
// m × k by k × n counts 2·m·n·k. Copies, comparisons and whole numbers (random bits, table look-ups) count nothing, nor
// does what a kernel computes a second time to save memory. What is done once for each parameter, whatever the number
// of positions (A = −exp(A_log), clipping, AdamW), is not a token's work. The scaling of a norm counts for each product
// that it is fused into.
import type { Activation, Op, OpKind, OpOf } from "./op.js";
import { count, type Program, type TensorId, tensorOf } from "./program.js";

interface Cost<K extends OpKind> {
  /** For people: d, K, N: columns; E channels, N states of the scan; D channels, W taps of the convolution; V ids; H heads. */
  readonly formula: string;
  /** For one row of what it works on; `columns` and `height` are the last and the first number of a shape. */
  readonly flops: (
    op: OpOf<K>,
    columns: (id: TensorId) => number,
    height: (id: TensorId) => number,
    batch: number,
  ) => number;
}

/** silu: −x, exp, 1 +, x ÷; softplus: exp, 1 +, log. */
const ACTIVATION = { silu: 4, softplus: 3 } as const satisfies Readonly<Record<Activation, number>>;
/** dy·σ(1 + x(1 − σ)) with σ anew; dy·(1 − exp(−y)). */
const SLOPE = { silu: 9, softplus: 4 } as const satisfies Readonly<Record<Activation, number>>;

const entropy = (V: number): number => 3 * V + 2;
const entropySlope = (V: number): number => 3 * V + 1;
const meanKeys = (rows: number, batch: number): number => (rows / batch + 1) / 2;
const when = (id: TensorId | undefined, flops: number): number => (id === undefined ? 0 : flops);

export const COSTS: { readonly [K in OpKind]: Cost<K> } = {
  embed: { formula: "0", flops: () => 0 },
  embed_grad: { formula: "d", flops: ({ in: i }, n) => n(i.dy) },
  gather: { formula: "0", flops: () => 0 },
  add_pictures: { formula: "d", flops: ({ in: i }, n) => n(i.x) },
  sum_pictures: { formula: "d", flops: ({ in: i }, n) => n(i.dy) },
  noise: { formula: "3p; drawing the noise is not counted", flops: ({ in: i }, n) => 3 * n(i.clean) },
  linear: {
    formula: "2·N·K + N with a bias + 3N with softplus + N with a residual + 2K with a norm",
    flops: ({ in: i, out, activation }, n) => {
      const N = n(out.y);
      const K = n(i.x);
      const epilogue = when(i.bias, N) + (activation ? ACTIVATION[activation] * N : 0) + when(i.residual, N);
      return 2 * N * K + epilogue + when(i.rstd, 2 * K);
    },
  },
  linear_dx: {
    formula: "2·N·K + K with a residual",
    flops: ({ in: i, out }, n) => 2 * n(i.dy) * n(out.dx) + when(i.residual, n(out.dx)),
  },
  linear_dw: {
    formula: "2·N·K + N with a bias",
    flops: ({ in: i, out }, n) => 2 * n(i.dy) * n(i.x) + when(out.dbias, n(i.dy)),
  },
  rms: { formula: "2d + 4", flops: ({ in: i }, n) => 2 * n(i.x) + 4 },
  rescale: { formula: "2d", flops: ({ in: i }, n) => 2 * n(i.x) },
  norm_grad: {
    formula: "9d + 3 + d with a residual",
    flops: ({ in: i }, n) => 9 * n(i.x) + 3 + when(i.residual, n(i.x)),
  },
  conv: {
    formula: "D·(2W + 4 with SiLU)",
    flops: ({ in: i, activation }, n) => n(i.x) * (2 * n(i.weight) + (activation ? ACTIVATION.silu : 0)),
  },
  conv_grad: {
    formula: "D·(4W + 1 + 9 with SiLU)",
    flops: ({ in: i, activation }, n) => n(i.x) * (4 * n(i.weight) + 1 + (activation ? SLOPE.silu : 0)),
  },
  scan: {
    // By state: Δ·A, exp, ·h, (Δu)·B, +, C·h, +. By channel: Δ·u, D·u, +.
    formula: "E·(7N + 3 + 5 with a gate)",
    flops: ({ in: i }, n) => n(i.u) * (7 * n(i.B) + 3 + when(i.z, ACTIVATION.silu + 1)),
  },
  scan_grad: {
    // By state: Δ·A and exp; g = g·decay + dy·C; dB, dC, Σ g·B: 2 each; dΔ: ·h, ·A, +; dA_log: ·Δ, +.
    // By channel: Δ·u, D·dy, + to du, dD (2), du = Δ·Σ (2), dΔ += u·Σ (2). Gate: dy·silu(z), and dz.
    formula: "E·(16N + 9 + 11 with a gate)",
    flops: ({ in: i }, n) => n(i.u) * (16 * n(i.B) + 9 + when(i.z, 2 + SLOPE.silu)),
  },
  rotate: { formula: "3d", flops: ({ in: i }, n) => 3 * n(i.x) },
  attention: {
    // By key: q·k (2·dh) and its scale, − the largest, exp, + to the sum, p·v (2·dh). By head: ÷ (dh), log, +.
    formula: "n·(4d + 4H) + d + 2H, where a row sees n = (L + 1) / 2 keys on average, as if all were causal",
    flops: ({ in: i, heads }, n, height, batch) =>
      meanKeys(height(i.k), batch) * (4 * n(i.q) + 4 * heads) + n(i.q) + 2 * heads,
  },
  attention_grad: {
    // By key: dy·v, dv, dq, dk (2·dh each); dp − Σ dy·y, ·p, ·scale. By head: Σ dy·y (2·dh).
    formula: "n·(8d + 3H) + 2d, with the n of attention",
    flops: ({ in: i, heads }, n, height, batch) => meanKeys(height(i.k), batch) * (8 * n(i.q) + 3 * heads) + 2 * n(i.q),
  },
  append: { formula: "0", flops: () => 0 },
  cast: { formula: "0", flops: () => 0 },
  // By the loss scale, as the losses' other factors: no token's work.
  amplify: { formula: "0", flops: () => 0 },
  activate: {
    formula: "4d for SiLU, 3d for softplus",
    flops: ({ in: i, activation }, n) => ACTIVATION[activation] * n(i.x),
  },
  activate_grad: {
    formula: "9d for SiLU, 4d for softplus",
    flops: ({ in: i, activation }, n) => SLOPE[activation] * n(i.x),
  },
  swiglu: { formula: "5d", flops: ({ in: i }, n) => (ACTIVATION.silu + 1) * n(i.a) },
  swiglu_grad: { formula: "11d", flops: ({ in: i }, n) => (SLOPE.silu + 2) * n(i.a) },
  add: { formula: "d", flops: ({ in: i }, n) => n(i.a) },
  multiply: { formula: "d", flops: ({ in: i }, n) => n(i.a) },
  split: { formula: "0", flops: () => 0 },
  concat: { formula: "0", flops: () => 0 },
  cross_entropy: { formula: "3V + 2", flops: ({ in: i }, n) => entropy(n(i.logits)) },
  cross_entropy_grad: { formula: "3V + 1", flops: ({ in: i }, n) => entropySlope(n(i.logits)) },
  token_loss: {
    formula: "2·V·d + 3V + 2; with gradients 2·V·d + 3V + 1 for dx, and 2·V·d for dweight",
    flops: ({ in: i, out }, n, height) => {
      const d = n(i.x);
      const V = height(i.weight);
      const slope = out.dx === undefined && out.dweight === undefined ? 0 : entropySlope(V);
      return 2 * V * d + entropy(V) + slope + when(out.dx, 2 * V * d) + when(out.dweight, 2 * V * d);
    },
  },
  squared_error: { formula: "3p + 1", flops: ({ in: i }, n) => 3 * n(i.prediction) + 1 },
  squared_error_grad: { formula: "2p + 2", flops: ({ in: i }, n) => 2 * n(i.prediction) + 2 },
  sum_by_class: { formula: "1", flops: () => 1 },
  dot: { formula: "2d", flops: ({ in: i }, n) => 2 * n(i.a) },
};

/** Floating-point operations of an op for one row. */
export function flopsOf(program: Program, op: Op): number {
  const shape = (id: TensorId): readonly number[] => tensorOf(program, id).shape;
  const columns = (id: TensorId): number => shape(id).at(-1) as number;
  // A weight of one group is [1, rows, columns].
  const height = (id: TensorId): number => count(shape(id)) / columns(id);
  return (COSTS[op.kind] as Cost<OpKind>).flops(op as never, columns, height, program.batch);
}
