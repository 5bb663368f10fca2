// AdamW: Adam with decoupled weight decay, as in PyTorch.
import { byLayer } from "../ir/arena.js";
import type { TensorId } from "../ir/tensor.js";
import type { AdamwFields } from "./adamw.fields.js";
import type { Optimizer } from "./optimizer.js";

/** The means of the gradient and of its square. */
const SLOTS = ["m", "v"] as const;

export const adamw: Optimizer<AdamwFields> = {
  arenas: (parameters) => [{ slots: SLOTS, runs: byLayer(parameters) }],
  scalars: ({ lr, betas: [beta1, beta2], eps, weight_decay }, rate, step) => ({
    lr: rate(lr),
    beta1,
    beta2,
    // Subtracted in float64: near 1, f32 is too coarse for beta.
    rest1: 1 - beta1,
    rest2: 1 - beta2,
    eps,
    weight_decay,
    correction1: 1 - beta1 ** step,
    correction2: 1 - beta2 ** step,
  }),
  update: ({ builder, guard, decay }, arenas) => {
    for (const { whole } of arenas) {
      const [gradients, parameters, m, v] = ["gradients", "parameters", ...SLOTS].map((name) =>
        builder.stretch(name, whole),
      ) as [TensorId, TensorId, TensorId, TensorId];
      builder.make("adamw", { in: { gradients, decay, ...guard } }, { parameters, m, v });
    }
  },
};
