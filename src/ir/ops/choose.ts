// Choosing the next ids.
import { ANY, type Family, first, last } from "./row.js";

export const CHOOSE: Family<"choose"> = {
  choose: {
    makes: ({ in: i }, s, { batch }) => ({ chosen: [batch], choices: s(i.uniforms), round: [batch] }),
    fits: ({ in: i }, s, { batch }) => [
      [[first(s(i.logits))], [batch]],
      [[first(s(i.uniforms))], [batch]],
      [s(i.choosing), [batch, 3]],
      [s(i.allowed), [batch, ANY]],
      [[last(s(i.allowed)) % 2], [0]],
    ],
    // Compares each logit, subtracts the largest, divides, exp, adds, once to sum and once more to find the choice.
    formula: "9V; more with top-k or top-p",
    flops: ({ in: i }, n) => 9 * n(i.logits),
  },
};
