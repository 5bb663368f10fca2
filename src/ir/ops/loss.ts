// Losses of rows, their gradients, and their sums.
import { alike, type Family, first, last, when } from "./row.js";

const entropy = (V: number): number => 3 * V + 2;
const entropySlope = (V: number): number => 3 * V + 1;

export const LOSS: Family<
  | "cross_entropy"
  | "cross_entropy_grad"
  | "token_loss"
  | "squared_error"
  | "squared_error_grad"
  | "sum_by_class"
  | "dot"
> = {
  cross_entropy: {
    makes: ({ in: i }, s) => ({ loss: s(i.target), lse: [first(s(i.logits))] }),
    formula: "3V + 2",
    flops: ({ in: i }, n) => entropy(n(i.logits)),
    gradient: ({ in: { logits, target, scale }, out: { lse } }, g) =>
      g.make("cross_entropy_grad", { in: { logits, lse, target, scale } }, { dlogits: logits }),
  },
  cross_entropy_grad: {
    makes: ({ in: i }, s) => ({ dlogits: s(i.logits) }),
    formula: "3V + 1",
    flops: ({ in: i }, n) => entropySlope(n(i.logits)),
  },
  token_loss: {
    makes: ({ in: i }, s) => ({ loss: s(i.target), dx: s(i.x), dweight: s(i.weight) }),
    fits: ({ in: i }, s) => [[[last(s(i.weight))], [last(s(i.x))]]],
    formula: "2·V·d + 3V + 2; with gradients 2·V·d + 3V + 1 for dx, and 2·V·d for dweight",
    flops: ({ in: i, out }, n, height) => {
      const d = n(i.x);
      const V = height(i.weight);
      const slope = out.dx === undefined && out.dweight === undefined ? 0 : entropySlope(V);
      return 2 * V * d + entropy(V) + slope + when(out.dx, 2 * V * d) + when(out.dweight, 2 * V * d);
    },
    f16: { in: ["x"], out: ["dx"] },
  },
  squared_error: {
    makes: ({ in: i }, s) => ({ loss: [first(s(i.prediction))] }),
    fits: ({ in: i }, s) => alike(s, [i.prediction, i.noise]),
    formula: "3p + 1",
    flops: ({ in: i }, n) => 3 * n(i.prediction) + 1,
    gradient: ({ in: { prediction, noise, scale } }, g) =>
      g.make("squared_error_grad", { in: { prediction, noise, scale } }, { dprediction: prediction }),
  },
  squared_error_grad: {
    makes: ({ in: i }, s) => ({ dprediction: s(i.prediction) }),
    fits: ({ in: i }, s) => alike(s, [i.prediction, i.noise]),
    formula: "2p + 2",
    flops: ({ in: i }, n) => 2 * n(i.prediction) + 2,
  },
  sum_by_class: {
    makes: ({ in: i }, _, { modalities }) => ({ sums: [i.class === undefined ? 1 : modalities] }),
    fits: ({ in: i }, s, { batch, length }) => [[s(i.loss), [batch * length]]],
    formula: "1",
    flops: () => 1,
  },
  dot: {
    makes: () => ({ y: [1] }),
    fits: ({ in: i }, s) => alike(s, [i.a, i.b]),
    formula: "2d",
    flops: ({ in: i }, n) => 2 * n(i.a),
    gradient: ({ in: { a, b } }, g) => g.contribute(a, b),
  },
};
