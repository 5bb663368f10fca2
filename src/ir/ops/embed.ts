// The inputs of the residual stream: embeddings of tokens and of items, and the items' noise.
import { ANY, type Family, first, last, through } from "./row.js";

export const EMBED: Family<"embed" | "embed_grad" | "gather" | "add_items" | "sum_items" | "noise"> = {
  embed: {
    makes: ({ in: i }, s) => ({ y: [first(s(i.tokens)), last(s(i.weight))] }),
    formula: "0",
    flops: () => 0,
    cheap: true,
    gradient: through<"embed">(
      (op) => op.out.y,
      ({ in: { tokens, weight } }, dy, g) => g.make("embed_grad", { in: { tokens, dy } }, { dweight: weight }),
    ),
  },
  embed_grad: {
    makes: ({ in: i }, s) => ({ dweight: [1, ANY, last(s(i.dy))] }),
    formula: "d",
    flops: ({ in: i }, n) => n(i.dy),
  },
  gather: {
    makes: ({ in: i }, s) => ({ y: [first(s(i.index)), last(s(i.table))] }),
    formula: "0",
    flops: () => 0,
    cheap: true,
  },
  add_items: {
    makes: ({ in: i }, s) => ({ y: s(i.x) }),
    fits: ({ in: i }, s, { batch, length }) => [
      [[last(s(i.items))], [last(s(i.x))]],
      [s(i.item), [batch * length]],
    ],
    formula: "d",
    flops: ({ in: i }, n) => n(i.x),
    cheap: true,
    gradient: through<"add_items">(
      (op) => op.out.y,
      ({ in: { x, items, item } }, dy, g) => {
        g.contribute(x, dy);
        g.make("sum_items", { in: { dy, item } }, { ditems: items });
      },
    ),
  },
  sum_items: {
    makes: ({ in: i }, s) => ({ ditems: [ANY, last(s(i.dy))] }),
    formula: "d",
    flops: ({ in: i }, n) => n(i.dy),
  },
  noise: {
    makes: ({ in: i }, s) => ({ noisy: s(i.clean), noise: s(i.clean) }),
    fits: ({ in: i }, s, { batch, length }) => [
      [s(i.level), [batch * length, 2]],
      [[last(s(i.items))], [4]],
      [s(i.key), [2]],
    ],
    formula: "3p; drawing the noise is not counted",
    flops: ({ in: i }, n) => 3 * n(i.clean),
  },
};
