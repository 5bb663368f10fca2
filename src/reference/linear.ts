// The float64 meaning of the linear layer, its gradients, and the RMS norm.
import type { OpOf } from "../ir/op.js";
import { add, columns, groupOf, inputs, make, outputs, read, type Values } from "./values.js";

export const softplus = (s: number): number => (s > 0 ? s + Math.log1p(Math.exp(-s)) : Math.log1p(Math.exp(s)));

/** x, or x·rstd·scale if the norm is fused in. */
function normalised(v: Values, op: OpOf<"linear"> | OpOf<"linear_dw">): Float64Array {
  const { x, rstd, scale } = inputs(v, op);
  if (rstd === undefined || scale === undefined) return x;
  const K = columns(v, op.in.x);
  const group = groupOf(v, op.rows);
  const groups = scale.length / K;
  return x.map((value, i) => {
    const r = Math.floor(i / K);
    const g = groups === 1 ? 0 : Math.max(group(r), 0);
    return value * (rstd[r] as number) * (scale[g * K + (i % K)] as number);
  });
}

export function linear(v: Values, op: OpOf<"linear">): void {
  const x = normalised(v, op);
  const { weight, bias, residual } = inputs(v, op);
  const y = make(v, op.out.y);
  const K = columns(v, op.in.x);
  const N = columns(v, op.out.y);
  const group = groupOf(v, op.rows);
  for (let r = 0; r < y.length / N; r++) {
    const g = group(r);
    for (let n = 0; n < N; n++) {
      let sum = 0;
      if (g >= 0) {
        sum = bias ? (bias[g * N + n] as number) : 0;
        for (let k = 0; k < K; k++) sum += (x[r * K + k] as number) * (weight[(g * N + n) * K + k] as number);
        if (op.activation === "softplus") sum = softplus(sum);
      }
      y[r * N + n] = sum + (residual ? (residual[r * N + n] as number) : 0);
    }
  }
}

export function linearDx(v: Values, op: OpOf<"linear_dx">): void {
  const { dy, weight, residual } = inputs(v, op);
  const dx = make(v, op.out.dx);
  const K = columns(v, op.out.dx);
  const N = columns(v, op.in.dy);
  const group = groupOf(v, op.rows);
  for (let r = 0; r < dx.length / K; r++) {
    const g = group(r);
    for (let k = 0; k < K; k++) {
      let sum = 0;
      if (g >= 0)
        for (let n = 0; n < N; n++) sum += (dy[r * N + n] as number) * (weight[(g * N + n) * K + k] as number);
      dx[r * K + k] = sum + (residual ? (residual[r * K + k] as number) : 0);
    }
  }
}

export function linearDw(v: Values, op: OpOf<"linear_dw">): void {
  const dy = read(v, op.in.dy);
  const x = normalised(v, op);
  const { dweight, dbias } = outputs(v, op);
  const K = columns(v, op.in.x);
  const N = columns(v, op.in.dy);
  const group = groupOf(v, op.rows);
  for (let r = 0; r < dy.length / N; r++) {
    const g = group(r);
    if (g < 0) continue;
    for (let n = 0; n < N; n++) {
      const d = dy[r * N + n] as number;
      if (dbias) add(dbias, g * N + n, d);
      for (let k = 0; k < K; k++) {
        const at = (g * N + n) * K + k;
        add(dweight, at, d * (x[r * K + k] as number));
      }
    }
  }
}

export function rms(v: Values, op: OpOf<"rms">): void {
  const x = read(v, op.in.x);
  const rstd = make(v, op.out.rstd);
  const K = columns(v, op.in.x);
  for (let r = 0; r < rstd.length; r++) {
    let sum = 0;
    for (let k = 0; k < K; k++) sum += (x[r * K + k] as number) ** 2;
    rstd[r] = 1 / Math.sqrt(sum / K + op.eps);
  }
}

export function rescale(v: Values, op: OpOf<"rescale">): void {
  const { x, rstd, scale } = inputs(v, op);
  const y = make(v, op.out.y);
  const K = columns(v, op.in.x);
  const group = groupOf(v, op.rows);
  for (let i = 0; i < y.length; i++) {
    const r = Math.floor(i / K);
    y[i] = (x[i] as number) * (rstd[r] as number) * (scale[group(r) * K + (i % K)] as number);
  }
}

export function normGrad(v: Values, op: OpOf<"norm_grad">): void {
  const { dy, x, rstd, scale, residual } = inputs(v, op);
  const { dx, dscale } = outputs(v, op);
  const K = columns(v, op.in.x);
  const group = groupOf(v, op.rows);
  for (let r = 0; r < rstd.length; r++) {
    const at = r * K;
    const g = group(r) * K;
    const s = rstd[r] as number;
    let mean = 0;
    for (let k = 0; k < K; k++) mean += ((dy[at + k] as number) * (scale[g + k] as number) * (x[at + k] as number)) / K;
    for (let k = 0; k < K; k++) {
      const d = dy[at + k] as number;
      const value = x[at + k] as number;
      dx[at + k] =
        s * (d * (scale[g + k] as number) - value * s * s * mean) + (residual ? (residual[at + k] as number) : 0);
      add(dscale, g + k, d * value * s);
    }
  }
}
