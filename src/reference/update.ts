// The float64 meaning of the update: global-norm clipping as in PyTorch's clip_grad_norm_, the loss scale as in its
// GradScaler, then AdamW as in PyTorch; and Muon.
import { BLOCK } from "../ir/arena.js";
import type { OpOf } from "../ir/op.js";
import { strideOf } from "../ir/ops/update.js";
import { tensorOf } from "../ir/program.js";
import type { TensorId } from "../ir/tensor.js";
import { add, columns, kept, make, read, scalar, type Values } from "./values.js";

export function gradientNorm(v: Values, { in: { gradients }, out }: OpOf<"gradient_norm">): void {
  let sum = 0;
  for (const d of read(v, gradients)) sum += d * d;
  const norm = kept(v, out.norm);
  const bad = !Number.isFinite(sum);
  if (out.scale === undefined) {
    norm[0] = Math.sqrt(sum);
    if (bad) norm[1] = 1;
    return;
  }
  const scale = kept(v, out.scale);
  const [times = 1, good = 0] = scale;
  norm[0] = Math.sqrt(sum) / times;
  scale[1] = bad ? 0 : good + 1;
  scale[2] = bad ? 0 : 1 / times;
  if (bad && times <= 1) norm[1] = 1;
  if (bad) scale[0] = Math.max(1, times / 2);
  if (scale[1] >= 2000) {
    scale[0] = Math.min(2 ** 24, 2 * times);
    scale[1] = 0;
  }
}

/** The factor of the gradients; undefined if nothing is updated. */
function shareOf(
  v: Values,
  guard: { readonly norm: OpOf<"adamw">["in"]["norm"]; readonly scale?: OpOf<"adamw">["in"]["scale"] },
): number | undefined {
  const [norm = 0, stopped] = read(v, guard.norm);
  const factor = guard.scale === undefined ? 1 : (read(v, guard.scale)[2] as number);
  if (stopped !== 0 || factor === 0) return undefined;
  return Math.min(1, scalar(v, "clip") / (norm + 1e-6)) * factor;
}

/** 1 if weight decay applies to a number of an arena, else 0. */
function decaysAt(v: Values, { decay, gradients }: OpOf<"adamw">["in"]): (at: number) => number {
  const bits = read(v, decay);
  const first = tensorOf(v.program, gradients).stretch?.first ?? 0;
  return (at) => {
    const block = Math.floor((first + at) / BLOCK);
    return ((bits[block >>> 5] as number) >>> (block & 31)) & 1;
  };
}

export function adamw(v: Values, { in: i, out }: OpOf<"adamw">): void {
  const share = shareOf(v, i);
  if (share === undefined) return;
  const [lr, beta1, beta2, eps, weight_decay, correction1, correction2] = [
    "lr",
    "beta1",
    "beta2",
    "eps",
    "weight_decay",
    "correction1",
    "correction2",
  ].map((name) => scalar(v, name)) as [number, number, number, number, number, number, number];
  const gradients = read(v, i.gradients);
  const [parameters, m1, m2] = [read(v, out.parameters), read(v, out.m), read(v, out.v)];
  const decays = decaysAt(v, i);
  gradients.forEach((gradient, at) => {
    const d = gradient * share;
    const m = beta1 * (m1[at] as number) + (1 - beta1) * d;
    const square = beta2 * (m2[at] as number) + (1 - beta2) * d * d;
    m1[at] = m;
    m2[at] = square;
    const kept = (parameters[at] as number) * (1 - lr * weight_decay * decays(at));
    parameters[at] = kept - (lr * (m / correction1)) / (Math.sqrt(square / correction2) + eps);
  });
}

/** The offset of number `e` of matrix `i` of a stack, in its stretch of an arena. */
function placesIn(v: Values, id: TensorId, groups: number): (i: number, e: number) => number {
  const { shape } = tensorOf(v.program, id);
  const stride = strideOf(groups, shape);
  const size = (shape[1] as number) * (shape[2] as number);
  return (i, e) => Math.floor(i / groups) * stride + (i % groups) * size + e;
}

const lerp = (from: number, to: number, weight: number) => from + weight * (to - from);

/** The momentum after this step, and the resulting change u of the matrix; from the clipped gradient. */
function nesterov(v: Values, gradient: number, momentum: number): readonly [momentum: number, u: number] {
  const share = scalar(v, "muon_momentum");
  const next = lerp(momentum, gradient, 1 - share);
  return [next, lerp(gradient, next, share)];
}

export function muonSums(v: Values, { in: i, out, groups }: OpOf<"muon_sums">): void {
  const share = shareOf(v, i) ?? 0;
  const sums = make(v, out.sums);
  const [gradient, momentum] = [read(v, i.gradient), read(v, i.momentum)];
  const at = placesIn(v, i.gradient, groups);
  const [n = 0, rows = 0, columns = 0] = tensorOf(v.program, i.gradient).shape;
  for (let matrix = 0; matrix < n; matrix++) {
    for (let e = 0; e < rows * columns; e++) {
      const [g, m] = [gradient[at(matrix, e)] as number, momentum[at(matrix, e)] as number];
      const [, u] = nesterov(v, share * g, m);
      add(sums, 2 * matrix, u * u);
      if (g !== 0) sums[2 * matrix + 1] = 1;
    }
  }
}

/** The index of a number of a matrix in its padded stack, whose matrices have the shorter side first. */
function turned(
  [, rows = 0, columns = 0]: readonly number[],
  padded: readonly number[],
): (i: number, e: number) => number {
  const [, height = 0, width = 0] = padded;
  return (i, e) => {
    const [row, column] = [Math.floor(e / columns), e % columns];
    return i * height * width + (rows > columns ? column * width + row : row * width + column);
  };
}

export function muonBegin(v: Values, { in: i, out, groups }: OpOf<"muon_begin">): void {
  const x = make(v, out.x);
  const share = shareOf(v, i);
  if (share === undefined) return;
  const [gradient, momentum, sums] = [read(v, i.gradient), read(v, out.momentum), read(v, i.sums)];
  const { shape } = tensorOf(v.program, i.gradient);
  const [n = 0, rows = 0, columns = 0] = shape;
  const at = placesIn(v, i.gradient, groups);
  const to = turned(shape, tensorOf(v.program, out.x).shape);
  for (let matrix = 0; matrix < n; matrix++) {
    if (sums[2 * matrix + 1] === 0) continue;
    const norm = Math.sqrt(sums[2 * matrix] as number) + 1e-7;
    for (let e = 0; e < rows * columns; e++) {
      const place = at(matrix, e);
      const [m, u] = nesterov(v, share * (gradient[place] as number), momentum[place] as number);
      momentum[place] = m;
      x[to(matrix, e)] = u / norm;
    }
  }
}

export function muonEnd(v: Values, { in: i, out, groups }: OpOf<"muon_end">): void {
  if (shareOf(v, i) === undefined) return;
  const [x, sums, parameter] = [read(v, i.x), read(v, i.sums), read(v, out.parameter)];
  const { shape } = tensorOf(v.program, out.parameter);
  const [n = 0, rows = 0, columns = 0] = shape;
  const [lr, decay] = [scalar(v, "muon_lr"), scalar(v, "muon_weight_decay")];
  const at = placesIn(v, out.parameter, groups);
  const from = turned(shape, tensorOf(v.program, i.x).shape);
  for (let matrix = 0; matrix < n; matrix++) {
    if (sums[2 * matrix + 1] === 0) continue;
    for (let e = 0; e < rows * columns; e++) {
      const place = at(matrix, e);
      const step = lr * Math.sqrt(Math.max(1, rows / columns)) * (x[from(matrix, e)] as number);
      parameter[place] = (parameter[place] as number) * (1 - lr * decay) - step;
    }
  }
}

export function matmul(v: Values, { in: i, out, transposed, alpha, beta }: OpOf<"matmul">): void {
  const [a, b] = [read(v, i.a), read(v, i.b)];
  const c = i.c === undefined ? undefined : read(v, i.c);
  const y = make(v, out.y);
  const [, rows = 0, K = 0] = tensorOf(v.program, i.a).shape;
  const N = columns(v, out.y);
  for (let row = 0; row < y.length / N; row++) {
    const first = Math.floor(row / rows) * K * N;
    for (let column = 0; column < N; column++) {
      let sum = 0;
      for (let k = 0; k < K; k++)
        sum += (a[row * K + k] as number) * (b[first + (transposed ? column * K + k : k * N + column)] as number);
      const at = row * N + column;
      y[at] = alpha * sum + (c === undefined ? 0 : beta * (c[at] as number));
    }
  }
}
