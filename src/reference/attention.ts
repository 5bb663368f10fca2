// The float64 meaning of attention over ranges of keys, and of the rotation of its queries and keys.
import type { OpOf } from "../ir/op.js";
import { columns, make, read, type Values } from "./values.js";

export function rotate(v: Values, op: OpOf<"rotate">): void {
  const x = read(v, op.in.x);
  const position = read(v, op.in.position);
  const table = read(v, op.in.table);
  const y = make(v, op.out.y);
  const d = columns(v, op.in.x);
  const dh = d / op.heads;
  const width = columns(v, op.in.table);
  for (let i = 0; i < y.length; i++) {
    const c = (i % d) % dh;
    const even = c - (c % 2);
    if (even + 1 === dh) {
      y[i] = x[i] as number;
      continue;
    }
    const at = (position[Math.floor(i / d)] as number) * width + even;
    const cos = table[at] as number;
    const sin = (table[at + 1] as number) * (op.inverse ? -1 : 1);
    y[i] =
      c % 2 === 0
        ? cos * (x[i] as number) - sin * (x[i + 1] as number)
        : sin * (x[i - 1] as number) + cos * (x[i] as number);
  }
}

interface Pair {
  /** Where the head begins in q, dy and y; in k and v; and its place in lse. */
  readonly query: number;
  readonly key: number;
  readonly head: number;
  /** q·k / √dh. */
  readonly score: number;
}

/** Calls `visit` with each row's keys, head by head: the row's whole range at once. */
function ranges(v: Values, op: OpOf<"attention"> | OpOf<"attention_grad">, visit: (pairs: Pair[]) => void): void {
  const q = read(v, op.in.q);
  const k = read(v, op.in.k);
  const keys = read(v, op.in.keys);
  const { heads, kv_heads } = op;
  const { batch } = v.program;
  const dh = columns(v, op.in.q) / heads;
  const rows = keys.length / 2;
  const [Lq, Lk] = [rows / batch, k.length / (kv_heads * dh) / batch];
  for (let r = 0; r < rows; r++) {
    const sequence = Math.floor(r / Lq) * Lk;
    for (let h = 0; h < heads; h++) {
      const query = (r * heads + h) * dh;
      const pairs: Pair[] = [];
      for (let j = keys[2 * r] as number; j <= (keys[2 * r + 1] as number); j++) {
        const key = ((sequence + j) * kv_heads + Math.floor(h / (heads / kv_heads))) * dh;
        let score = 0;
        for (let c = 0; c < dh; c++) score += ((q[query + c] as number) * (k[key + c] as number)) / Math.sqrt(dh);
        pairs.push({ query, key, head: r * heads + h, score });
      }
      visit(pairs);
    }
  }
}

export function attention(v: Values, op: OpOf<"attention">): void {
  const values = read(v, op.in.v);
  const y = make(v, op.out.y);
  const lse = make(v, op.out.lse);
  const dh = columns(v, op.in.q) / op.heads;
  ranges(v, op, (pairs) => {
    const most = Math.max(...pairs.map(({ score }) => score));
    const sum = pairs.reduce((total, { score }) => total + Math.exp(score - most), 0);
    for (const { query, key, head, score } of pairs) {
      lse[head] = most + Math.log(sum);
      const p = Math.exp(score - most) / sum;
      for (let c = 0; c < dh; c++) y[query + c] = (y[query + c] as number) + p * (values[key + c] as number);
    }
  });
}

export function attentionGrad(v: Values, op: OpOf<"attention_grad">): void {
  const dy = read(v, op.in.dy);
  const y = read(v, op.in.y);
  const lse = read(v, op.in.lse);
  const [q, k, values] = [read(v, op.in.q), read(v, op.in.k), read(v, op.in.v)];
  const [dq, dk, dv] = [make(v, op.out.dq), make(v, op.out.dk), make(v, op.out.dv)];
  const dh = columns(v, op.in.q) / op.heads;
  ranges(v, op, (pairs) => {
    for (const { query, key, head, score } of pairs) {
      const p = Math.exp(score - (lse[head] as number));
      let dp = 0;
      for (let c = 0; c < dh; c++) {
        dp += (dy[query + c] as number) * ((values[key + c] as number) - (y[query + c] as number));
      }
      const ds = (p * dp) / Math.sqrt(dh);
      for (let c = 0; c < dh; c++) {
        dq[query + c] = (dq[query + c] as number) + ds * (k[key + c] as number);
        dk[key + c] = (dk[key + c] as number) + ds * (q[query + c] as number);
        dv[key + c] = (dv[key + c] as number) + p * (dy[query + c] as number);
      }
    }
  });
}

export function append(v: Values, op: OpOf<"append">): void {
  const x = read(v, op.in.x);
  const place = read(v, op.in.place);
  const y = make(v, op.out.y);
  y.set(read(v, op.in.cache));
  const d = columns(v, op.in.x);
  const { batch } = v.program;
  for (let b = 0; b < batch; b++) {
    const rows = x.subarray((b * x.length) / batch, ((b + 1) * x.length) / batch);
    y.set(rows, (b * y.length) / batch + (place[b] as number) * d);
  }
}
