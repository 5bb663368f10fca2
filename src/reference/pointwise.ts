// The float64 meaning of ops that work on each number or row separately, and of the losses.
import type { OpOf } from "../ir/op.js";
import { tensorOf } from "../ir/program.js";
import { count } from "../ir/tensor.js";
import { noiseAt } from "../random/noise.js";
import { softplus } from "./linear.js";
import { silu, siluGrad } from "./mixing.js";
import { add, columns, inputs, make, outputs, read, type Values } from "./values.js";

export function embed(v: Values, op: OpOf<"embed">): void {
  const { tokens, weight } = inputs(v, op);
  const d = columns(v, op.out.y);
  make(v, op.out.y).set(
    Array.from({ length: tokens.length * d }, (_, i) => {
      const token = tokens[Math.floor(i / d)] as number;
      return token < 0 ? 0 : (weight[token * d + (i % d)] as number);
    }),
  );
}

export function embedGrad(v: Values, op: OpOf<"embed_grad">): void {
  const dy = read(v, op.in.dy);
  const dweight = make(v, op.out.dweight);
  const d = columns(v, op.in.dy);
  read(v, op.in.tokens).forEach((token, r) => {
    if (token < 0) return;
    for (let k = 0; k < d; k++) add(dweight, token * d + k, dy[r * d + k] as number);
  });
}

export function gather(v: Values, op: OpOf<"gather">): void {
  const { table, index } = inputs(v, op);
  const K = columns(v, op.in.table);
  const y = make(v, op.out.y);
  y.set(y.map((_, i) => table[(index[Math.floor(i / K)] as number) * K + (i % K)] as number));
}

export function addItems(v: Values, op: OpOf<"add_items">): void {
  const { items, item, x } = inputs(v, op);
  const d = columns(v, op.in.x);
  make(v, op.out.y).set(
    x.map((value, i) => {
      const p = item[Math.floor(i / d)] as number;
      return p < 0 ? value : value + (items[p * d + (i % d)] as number);
    }),
  );
}

export function sumItems(v: Values, op: OpOf<"sum_items">): void {
  const dy = read(v, op.in.dy);
  const d = columns(v, op.in.dy);
  const out = make(v, op.out.ditems);
  read(v, op.in.item).forEach((p, r) => {
    if (p < 0) return;
    for (let k = 0; k < d; k++) add(out, p * d + k, dy[r * d + k] as number);
  });
}

export function noise(v: Values, op: OpOf<"noise">): void {
  const { clean, level, item: rowItem, items } = inputs(v, op);
  const [k0, k1] = read(v, op.in.key);
  const p = columns(v, op.in.clean);
  const { noisy, noise: drawn } = outputs(v, op);
  for (let i = 0; i < clean.length; i++) {
    const r = Math.floor(i / p);
    const at = 4 * (rowItem[r] as number);
    if (at < 0) continue;
    const [first, item, document, epoch] = items.slice(at, at + 4) as unknown as [number, number, number, number];
    drawn[i] = noiseAt([k0 as number, k1 as number], { document, epoch, item }, r - first, i % p, p);
    noisy[i] = (level[2 * r] as number) * (clean[i] as number) + (level[2 * r + 1] as number) * (drawn[i] as number);
  }
}

/** Does not round: the code that compares applies the tolerance of f16. */
export function cast(v: Values, op: OpOf<"cast">): void {
  make(v, op.out.y).set(read(v, op.in.x));
}

export function amplify(v: Values, op: OpOf<"amplify">): void {
  const [factor] = read(v, op.in.factor);
  make(v, op.out.y).set(read(v, op.in.x).map((value) => value * (factor as number)));
}

export function activate(v: Values, op: OpOf<"activate">): void {
  make(v, op.out.y).set(read(v, op.in.x).map(op.activation === "silu" ? silu : softplus));
}

export function activateGrad(v: Values, op: OpOf<"activate_grad">): void {
  const { dy, x } = inputs(v, op);
  const slope = op.activation === "silu" ? siluGrad : (y: number): number => -Math.expm1(-y);
  make(v, op.out.dx).set(dy.map((d, i) => d * slope(x[i] as number)));
}

export function swiglu(v: Values, op: OpOf<"swiglu">): void {
  const b = read(v, op.in.b);
  make(v, op.out.y).set(read(v, op.in.a).map((x, i) => silu(x) * (b[i] as number)));
}

export function swigluGrad(v: Values, op: OpOf<"swiglu_grad">): void {
  const { dy, a, b } = inputs(v, op);
  make(v, op.out.da).set(dy.map((d, i) => d * (b[i] as number) * siluGrad(a[i] as number)));
  make(v, op.out.db).set(dy.map((d, i) => d * silu(a[i] as number)));
}

const COMBINE = {
  add: (a: number, b: number) => a + b,
  subtract: (a: number, b: number) => a - b,
  multiply: (a: number, b: number) => a * b,
} as const;

export function combine(v: Values, op: OpOf<keyof typeof COMBINE>): void {
  const { a, b } = inputs(v, op);
  const combined = COMBINE[op.kind];
  make(v, op.out.y).set(a.map((value, i) => combined(value, b[i] as number)));
}

/** Copies between a wide tensor and its blocks of columns. */
export function blocks(v: Values, op: OpOf<"split"> | OpOf<"concat">): void {
  const wide = op.kind === "split" ? read(v, op.in.x) : make(v, op.out.y);
  const parts = op.kind === "split" ? op.out : op.in;
  const width = Object.values(parts).reduce((sum, id) => sum + columns(v, id), 0);
  let column = 0;
  for (const id of Object.values(parts)) {
    const part = op.kind === "split" ? make(v, id) : read(v, id);
    const K = columns(v, id);
    for (let i = 0; i < part.length; i++) {
      const at = Math.floor(i / K) * width + column + (i % K);
      if (op.kind === "split") part[i] = wide[at] as number;
      else wide[at] = part[i] as number;
    }
    column += K;
  }
}

function logSumExp(numbers: Float64Array): number {
  const most = numbers.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return most + Math.log(numbers.reduce((sum, x) => sum + Math.exp(x - most), 0));
}

export function crossEntropy(v: Values, op: OpOf<"cross_entropy">): void {
  const logits = read(v, op.in.logits);
  const V = columns(v, op.in.logits);
  const { loss, lse } = outputs(v, op);
  read(v, op.in.target).forEach((target, r) => {
    if (target < 0) return;
    const row = logits.subarray(r * V, (r + 1) * V);
    lse[r] = logSumExp(row);
    loss[r] = (lse[r] as number) - (row[target] as number);
  });
}

export function crossEntropyGrad(v: Values, op: OpOf<"cross_entropy_grad">): void {
  const { logits, lse, target, scale } = inputs(v, op);
  const V = columns(v, op.in.logits);
  make(v, op.out.dlogits).set(
    logits.map((logit, i) => {
      const r = Math.floor(i / V);
      if ((target[r] as number) < 0) return 0;
      return (scale[r] as number) * (Math.exp(logit - (lse[r] as number)) - (target[r] === i % V ? 1 : 0));
    }),
  );
}

export function tokenLoss(v: Values, op: OpOf<"token_loss">): void {
  const { x, weight, scale } = inputs(v, op);
  const { loss, dx, dweight } = outputs(v, op);
  const K = columns(v, op.in.x);
  const V = count(tensorOf(v.program, op.in.weight).shape) / K;
  read(v, op.in.target).forEach((target, r) => {
    if (target < 0) return;
    const logits = new Float64Array(V);
    for (let n = 0; n < V; n++) {
      for (let k = 0; k < K; k++) {
        add(logits, n, (x[r * K + k] as number) * (weight[n * K + k] as number));
      }
    }
    const lse = logSumExp(logits);
    loss[r] = lse - (logits[target] as number);
    for (let n = 0; n < V; n++) {
      const d = (scale[r] as number) * (Math.exp((logits[n] as number) - lse) - (n === target ? 1 : 0));
      for (let k = 0; k < K; k++) {
        if (dx) add(dx, r * K + k, d * (weight[n * K + k] as number));
        if (dweight) add(dweight, n * K + k, d * (x[r * K + k] as number));
      }
    }
  });
}

export function squaredError(v: Values, op: OpOf<"squared_error">): void {
  const { prediction, noise: target, item } = inputs(v, op);
  const p = columns(v, op.in.prediction);
  const loss = make(v, op.out.loss);
  prediction.forEach((value, i) => {
    const r = Math.floor(i / p);
    if ((item[r] as number) >= 0) add(loss, r, (value - (target[i] as number)) ** 2 / p);
  });
}

export function squaredErrorGrad(v: Values, op: OpOf<"squared_error_grad">): void {
  const { prediction, noise: target, scale } = inputs(v, op);
  const p = columns(v, op.in.prediction);
  make(v, op.out.dprediction).set(
    prediction.map((value, i) => ((scale[Math.floor(i / p)] as number) * 2 * (value - (target[i] as number))) / p),
  );
}

export function sumByClass(v: Values, op: OpOf<"sum_by_class">): void {
  const classes = op.in.class === undefined ? undefined : read(v, op.in.class);
  const sums = make(v, op.out.sums);
  read(v, op.in.loss).forEach((value, r) => {
    const c = classes ? (classes[r] as number) : 0;
    if (c >= 0) add(sums, c, value);
  });
}

export function dot(v: Values, op: OpOf<"dot">): void {
  const b = read(v, op.in.b);
  make(v, op.out.y)[0] = read(v, op.in.a).reduce((sum, a, i) => sum + a * (b[i] as number), 0);
}
