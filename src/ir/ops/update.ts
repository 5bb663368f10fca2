// Ops of the update, which change arenas in place.
import type { Family } from "./row.js";

export const UPDATE: Family<"gradient_norm" | "adamw"> = {
  gradient_norm: {
    makes: () => ({ norm: [2], scale: [3] }),
    formula: "2 for each parameter",
    flops: ({ in: i }, n) => 2 * n(i.gradients),
    inPlace: true,
  },
  adamw: {
    makes: ({ in: i }, s) => ({ parameters: s(i.gradients), m: s(i.gradients), v: s(i.gradients) }),
    fits: ({ in: i }, s) => [[s(i.norm), [2]]],
    // The clipped gradient, 1; both means, 3 and 4; both corrections, the root, + eps, ÷, · lr, −, and the decay.
    formula: "15 for each parameter",
    flops: ({ in: i }, n) => 15 * n(i.gradients),
    inPlace: true,
  },
};
