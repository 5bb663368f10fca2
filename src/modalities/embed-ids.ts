// Ids on their way in, as ops: all of the vocabulary share one embedding.

import type { Builder } from "../ir/builder.js";
import { shared } from "../ir/ownership.js";
import type { TensorId } from "../ir/tensor.js";

/** x[r] = embed.weight[tokens[r]], 0 where the batch's `embedded` [R] is negative (at items). */
export function embedIds(builder: Builder, vocabulary: number, d_model: number): TensorId {
  const weight = builder.parameter({
    names: ["embed.weight"],
    shape: [vocabulary, d_model],
    initial: { kind: "normal", deviation: 0.02 },
    layer: -1,
    part: 0,
    decay: true,
    of: shared(builder.modalities).of,
  });
  const tokens = builder.input("batch", "embedded", [builder.rows], "i32");
  return builder.make("embed", { in: { tokens, weight } }, { y: "embedded_tokens" }).y;
}
