// Attention, its gradient, the rotation of queries and keys (RoPE), and the cache of keys and values.
import type { OpOf } from "../op.js";
import { alike, type Family, first, last, type Shape, type ShapeOf, type Size, through } from "./row.js";

/** Heads divide the columns of q and of k into the same size. Keys and queries have the same number of sequences. */
function fits(
  { in: i, heads, kv_heads }: OpOf<"attention"> | OpOf<"attention_grad">,
  s: ShapeOf,
  { batch }: Size,
): (readonly [Shape, Shape])[] {
  return [
    [
      [heads % kv_heads, last(s(i.q)) % heads, first(s(i.k)) % batch],
      [0, 0, 0],
    ],
    [[last(s(i.k)) / kv_heads], [last(s(i.q)) / heads]],
    [s(i.v), s(i.k)],
    [s(i.keys), [first(s(i.q)), 2]],
  ];
}

/** The average number of keys of a row, as if all attention were causal. */
const meanKeys = (rows: number, batch: number): number => (rows / batch + 1) / 2;

export const ATTENTION: Family<"rotate" | "attention" | "attention_grad" | "append"> = {
  rotate: {
    makes: ({ in: i }, s) => ({ y: s(i.x) }),
    fits: ({ in: i, heads }, s) => [
      [s(i.position), [first(s(i.x))]],
      [[last(s(i.table))], [2 * Math.floor(last(s(i.x)) / heads / 2)]],
    ],
    formula: "3d",
    flops: ({ in: i }, n) => 3 * n(i.x),
    cheap: true,
    f16: { in: ["x"], out: ["y"] },
    gradient: through<"rotate">(
      (op) => op.out.y,
      ({ in: { x, position, table }, heads, inverse }, dy, g) =>
        g.make("rotate", { in: { x: dy, position, table }, heads, inverse: !inverse }, { y: x }),
    ),
  },
  attention: {
    makes: ({ in: i, heads }, s) => ({ y: s(i.q), lse: [first(s(i.q)), heads] }),
    fits,
    // Per key: q·k (2·dh) and its scale, − the maximum, exp, + to the sum, p·v (2·dh). Per head: ÷ (dh), log, +.
    formula: "n·(4d + 4H) + d + 2H, where a row sees n = (L + 1) / 2 keys on average, as if all were causal",
    flops: ({ in: i, heads }, n, height, batch) =>
      meanKeys(height(i.k), batch) * (4 * n(i.q) + 4 * heads) + n(i.q) + 2 * heads,
    f16: { in: ["q", "k", "v"], out: ["y"] },
    gradient: through<"attention">(
      (op) => op.out.y,
      ({ in: { q, k, v, keys }, out: { y, lse }, heads, kv_heads }, dy, g) =>
        g.make("attention_grad", { in: { dy, q, k, v, keys, y, lse }, heads, kv_heads }, { dq: q, dk: k, dv: v }),
    ),
  },
  attention_grad: {
    makes: ({ in: i }, s) => ({ dq: s(i.q), dk: s(i.k), dv: s(i.k) }),
    fits: (op, s, size) => [
      ...fits(op, s, size),
      ...alike(s, [op.in.q, op.in.dy, op.in.y]),
      [s(op.in.lse), [first(s(op.in.q)), op.heads]],
    ],
    // Per key: dy·v, dv, dq, dk (2·dh each); dp − Σ dy·y, ·p, ·scale. Per head: Σ dy·y (2·dh).
    formula: "n·(8d + 3H) + 2d, with the n of attention",
    flops: ({ in: i, heads }, n, height, batch) => meanKeys(height(i.k), batch) * (8 * n(i.q) + 3 * heads) + 2 * n(i.q),
    f16: { in: ["dy", "q", "k", "v", "y"], out: ["dq", "dk", "dv"] },
  },
  append: {
    makes: ({ in: i }, s) => ({ y: s(i.cache) }),
    fits: ({ in: i }, s, { batch }) => [
      [s(i.place), [batch]],
      [
        [last(s(i.x)), first(s(i.x)) % batch, first(s(i.cache)) % batch],
        [last(s(i.cache)), 0, 0],
      ],
    ],
    formula: "0",
    flops: () => 0,
    cheap: true,
    // A cache is for continuing a sequence. Training does not differentiate through it.
    gradient: (op, g) => {
      if (g.of(op.out.y) !== undefined) throw new Error("a cache has no gradient");
    },
  },
};
