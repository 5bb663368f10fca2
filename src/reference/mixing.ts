// The float64 meaning of the ops that mix positions: the causal convolution, the selective scan, and attention over
// ranges of keys with the rotation of its queries and keys.
import type { OpOf } from "../ir/op.js";
import type { TensorId } from "../ir/tensor.js";
import { add, columns, groupOf, inputs, make, outputs, read, type Values } from "./values.js";

const sigmoid = (s: number) => 1 / (1 + Math.exp(-s));
export const silu = (s: number): number => s * sigmoid(s);
export const siluGrad = (s: number): number => sigmoid(s) * (1 + s * (1 - sigmoid(s)));

/** Whether a document starts at a row. */
function beginsAt(v: Values, reset: TensorId | undefined): (r: number) => boolean {
  const marks = reset === undefined ? undefined : read(v, reset);
  return (r) => marks?.[r] === 1;
}

/** The input `back` positions before row r: in x or, before the sequence, in the tail; undefined for a 0. */
function tapAt(
  v: Values,
  op: OpOf<"conv"> | OpOf<"conv_grad">,
): (r: number, back: number) => { row: number; tail: boolean } | undefined {
  const { length } = v.program;
  const K = columns(v, op.in.weight);
  const begins = beginsAt(v, op.in.reset);
  return (r, back) => {
    const t = (r % length) - back;
    for (let after = r; after > r - back && after >= r - (r % length); after--) if (begins(after)) return undefined;
    if (t >= 0) return { row: r - back, tail: false };
    if (op.in.tail === undefined) return undefined;
    return { row: Math.floor(r / length) * (K - 1) + (K - 1) + t, tail: true };
  };
}

/** The convolution before its activation. */
function convolved(v: Values, op: OpOf<"conv"> | OpOf<"conv_grad">): Float64Array {
  const { x, tail, weight, bias } = inputs(v, op);
  const tap = tapAt(v, op);
  const D = columns(v, op.in.x);
  const K = columns(v, op.in.weight);
  const group = groupOf(v, op.rows);
  return x.map((_, i) => {
    const r = Math.floor(i / D);
    const c = i % D;
    const g = group(r);
    let sum = bias[g * D + c] as number;
    for (let k = 0; k < K; k++) {
      const from = tap(r, K - 1 - k);
      const input = from && ((from.tail ? tail : x)?.[from.row * D + c] as number);
      if (input !== undefined) sum += (weight[(g * D + c) * K + k] as number) * input;
    }
    return sum;
  });
}

export function conv(v: Values, op: OpOf<"conv">): void {
  const before = convolved(v, op);
  make(v, op.out.y).set(op.activation === "silu" ? before.map(silu) : before);
  if (op.out.tail_out === undefined) return;
  const { batch, length } = v.program;
  const { x, tail } = inputs(v, op);
  const tap = tapAt(v, op);
  const D = columns(v, op.in.x);
  const K = columns(v, op.in.weight);
  const out = make(v, op.out.tail_out);
  for (let sequence = 0; sequence < batch; sequence++) {
    for (let k = 0; k < K - 1; k++) {
      const from = tap((sequence + 1) * length - 1, K - 2 - k);
      if (!from) continue;
      const row = (from.tail ? (tail as Float64Array) : x).subarray(from.row * D, (from.row + 1) * D);
      out.set(row, (sequence * (K - 1) + k) * D);
    }
  }
}

export function convGrad(v: Values, op: OpOf<"conv_grad">): void {
  const before = convolved(v, op);
  const { dy, x, tail, weight } = inputs(v, op);
  const tap = tapAt(v, op);
  const { dx, dweight, dbias } = outputs(v, op);
  const D = columns(v, op.in.x);
  const K = columns(v, op.in.weight);
  const group = groupOf(v, op.rows);
  for (let i = 0; i < dy.length; i++) {
    const r = Math.floor(i / D);
    const at = group(r) * D + (i % D);
    const d = (dy[i] as number) * (op.activation === "silu" ? siluGrad(before[i] as number) : 1);
    add(dbias, at, d);
    for (let k = 0; k < K; k++) {
      const tapped = tap(r, K - 1 - k);
      if (!tapped) continue;
      const from = tapped.row * D + (i % D);
      const input = (tapped.tail ? tail : x)?.[from] as number;
      add(dweight, at * K + k, d * input);
      if (!tapped.tail) add(dx, from, d * (weight[at * K + k] as number));
    }
  }
}

/**
 * h before position r of channel e, for n: that of the previous position or, at the start of a sequence, its initial
 * state.
 */
function stateBefore(
  v: Values,
  op: OpOf<"scan"> | OpOf<"scan_grad">,
  h: Float64Array,
): (r: number, e: number, n: number) => number {
  const { length, chunk } = v.program;
  const E = columns(v, op.in.u);
  const N = columns(v, op.in.B);
  // The backward scan reads h0 from the carry of each sequence's first chunk.
  const blocks = op.kind === "scan" ? 1 : Math.ceil(length / chunk);
  const id = op.kind === "scan" ? op.in.h0 : op.in.carry;
  const first = id === undefined ? undefined : read(v, id);
  return (r, e, n) => {
    if (r % length > 0) return h[((r - 1) * E + e) * N + n] as number;
    return first ? (first[((r / length) * blocks * N + n) * E + e] as number) : 0;
  };
}

/** h after every position, [R, E, N]. */
function states(v: Values, op: OpOf<"scan"> | OpOf<"scan_grad">): Float64Array {
  const { u, delta, B, A_log } = inputs(v, op);
  const E = columns(v, op.in.u);
  const N = columns(v, op.in.B);
  const group = groupOf(v, op.rowsA);
  const h = new Float64Array(u.length * N);
  const before = stateBefore(v, op, h);
  const begins = beginsAt(v, op.in.reset);
  for (let r = 0; r < u.length / E; r++) {
    for (let e = 0; e < E; e++) {
      const i = r * E + e;
      for (let n = 0; n < N; n++) {
        const A = -Math.exp(A_log[(group(r) * E + e) * N + n] as number);
        const step = delta[i] as number;
        const kept = begins(r) ? 0 : Math.exp(step * A) * before(r, e, n);
        h[i * N + n] = kept + step * (B[r * N + n] as number) * (u[i] as number);
      }
    }
  }
  return h;
}

/** y before the gate, [R, E]. */
function readout(v: Values, op: OpOf<"scan"> | OpOf<"scan_grad">, h: Float64Array): Float64Array {
  const { u, C, D } = inputs(v, op);
  const E = columns(v, op.in.u);
  const N = columns(v, op.in.B);
  const group = groupOf(v, op.rowsD);
  return u.map((value, i) => {
    const r = Math.floor(i / E);
    let sum = (D[group(r) * E + (i % E)] as number) * value;
    for (let n = 0; n < N; n++) sum += (C[r * N + n] as number) * (h[i * N + n] as number);
    return sum;
  });
}

export function scan(v: Values, op: OpOf<"scan">): void {
  const { batch, length, chunk } = v.program;
  const h = states(v, op);
  const before = stateBefore(v, op, h);
  const y = readout(v, op, h);
  const z = op.in.z === undefined ? undefined : read(v, op.in.z);
  make(v, op.out.y).set(z ? y.map((value, i) => value * silu(z[i] as number)) : y);
  const carry = make(v, op.out.carry);
  const E = columns(v, op.in.u);
  const N = columns(v, op.in.B);
  const chunks = Math.ceil(length / chunk);
  for (let i = 0; i < carry.length; i++) {
    const e = i % E;
    const n = Math.floor(i / E) % N;
    const block = Math.floor(i / (E * N));
    const t = (block % chunks) * chunk;
    carry[i] = before(Math.floor(block / chunks) * length + t, e, n);
  }
  if (op.out.h_end === undefined) return;
  const end = make(v, op.out.h_end);
  for (let i = 0; i < batch * N * E; i++) {
    const r = (Math.floor(i / (E * N)) + 1) * length - 1;
    end[i] = h[(r * E + (i % E)) * N + (Math.floor(i / E) % N)] as number;
  }
}

export function scanGrad(v: Values, op: OpOf<"scan_grad">): void {
  const { length } = v.program;
  const h = states(v, op);
  const stateBeforeRow = stateBefore(v, op, h);
  const begins = beginsAt(v, op.in.reset);
  const y = readout(v, op, h);
  const { dy: dout, z, u, delta, B, C, A_log, D } = inputs(v, op);
  const dy = z ? dout.map((d, i) => d * silu(z[i] as number)) : dout;
  const { dz, du, ddelta, dB, dC, dA_log, dD } = outputs(v, op);
  if (z && dz) dz.set(dout.map((d, i) => d * (y[i] as number) * siluGrad(z[i] as number)));
  const E = columns(v, op.in.u);
  const N = columns(v, op.in.B);
  const groupA = groupOf(v, op.rowsA);
  const groupD = groupOf(v, op.rowsD);
  for (let e = 0; e < E; e++) {
    const g = new Float64Array(N);
    for (let r = u.length / E - 1; r >= 0; r--) {
      const i = r * E + e;
      if (r % length === length - 1) g.fill(0);
      const d = dy[i] as number;
      const step = delta[i] as number;
      const value = u[i] as number;
      add(du, i, d * (D[groupD(r) * E + e] as number));
      add(dD, groupD(r) * E + e, d * value);
      for (let n = 0; n < N; n++) {
        const at = (groupA(r) * E + e) * N + n;
        const A = -Math.exp(A_log[at] as number);
        const decay = begins(r) ? 0 : Math.exp(step * A);
        const before = stateBeforeRow(r, e, n);
        const b = B[r * N + n] as number;
        const gn = (g[n] as number) + d * (C[r * N + n] as number);
        add(dC, r * N + n, d * (h[i * N + n] as number));
        add(dB, r * N + n, gn * step * value);
        add(du, i, gn * step * b);
        add(ddelta, i, gn * (b * value + A * decay * before));
        add(dA_log, at, gn * step * decay * before * A);
        g[n] = gn * decay;
      }
      if (op.activation === "softplus" && ddelta) ddelta[i] = (ddelta[i] as number) * -Math.expm1(-step);
    }
  }
}

export function rotate(v: Values, op: OpOf<"rotate">): void {
  const { x, position, table } = inputs(v, op);
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
  /** The offset of the head in q, dy and y; in k and v; and in lse. */
  readonly query: number;
  readonly key: number;
  readonly head: number;
  /** q·k / √dh. */
  readonly score: number;
}

/** Calls `visit` for each row and head with all keys of the row's range. */
function ranges(v: Values, op: OpOf<"attention"> | OpOf<"attention_grad">, visit: (pairs: Pair[]) => void): void {
  const { q, k, keys } = inputs(v, op);
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
  const { y, lse } = outputs(v, op);
  const dh = columns(v, op.in.q) / op.heads;
  ranges(v, op, (pairs) => {
    const most = Math.max(...pairs.map(({ score }) => score));
    const sum = pairs.reduce((total, { score }) => total + Math.exp(score - most), 0);
    for (const { query, key, head, score } of pairs) {
      lse[head] = most + Math.log(sum);
      const p = Math.exp(score - most) / sum;
      for (let c = 0; c < dh; c++) add(y, query + c, p * (values[key + c] as number));
    }
  });
}

export function attentionGrad(v: Values, op: OpOf<"attention_grad">): void {
  const { dy, y, lse, q, k, v: values } = inputs(v, op);
  const { dq, dk, dv } = outputs(v, op);
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
        add(dq, query + c, ds * (k[key + c] as number));
        add(dk, key + c, ds * (q[query + c] as number));
        add(dv, key + c, p * (dy[query + c] as number));
      }
    }
  });
}

export function append(v: Values, op: OpOf<"append">): void {
  const { x, place, cache } = inputs(v, op);
  const y = make(v, op.out.y);
  y.set(cache);
  const d = columns(v, op.in.x);
  const { batch } = v.program;
  for (let b = 0; b < batch; b++) {
    const rows = x.subarray((b * x.length) / batch, ((b + 1) * x.length) / batch);
    y.set(rows, (b * y.length) / batch + (place[b] as number) * d);
  }
}
