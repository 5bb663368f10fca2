// `cross_entropy` as ops: the next token, wherever the host says that one is predicted.

import type { Builder } from "../ir/builder.js";
import type { Rows } from "../ir/op.js";
import { shared } from "../ir/ownership.js";
import type { TensorId } from "../ir/tensor.js";

/**
 * Adds the head and the loss to hidden states x [R, d]; loss sums by modality of the target become the result
 * `loss.tokens` [modalities]. The batch gives `target` [R] (−1: none), `target_scale` [R], `target_class` [R].
 */
export function lowerCrossEntropy(builder: Builder, x: TensorId, vocabulary: number): void {
  const R = builder.rows;
  const weight = head(builder, x, vocabulary);
  const rows: Rows = { over: "positions", ...shared(builder.modalities) };
  const logits = builder.tensor("value", "logits", [R, vocabulary]);
  builder.op({ kind: "linear", in: { x, weight }, out: { y: logits }, rows });
  const loss = builder.tensor("value", "token_loss", [R]);
  const lse = builder.tensor("value", "lse", [R]);
  const target = builder.input("batch", "target", [R], "i32");
  const scale = builder.input("batch", "target_scale", [R]);
  builder.op({ kind: "cross_entropy", in: { logits, target, scale }, out: { loss, lse } });
  const sums = builder.tensor("result", "loss.tokens", [builder.modalities]);
  const classes = builder.input("batch", "target_class", [R], "i32");
  builder.op({ kind: "sum_by_class", in: { loss, class: classes }, out: { sums } });
}

/** Adds the head at one position of each sequence, the batch's `last` [batch]: the result `logits` [batch, V]. */
export function lowerLogits(builder: Builder, x: TensorId, vocabulary: number): void {
  const d_model = builder.shape(x).at(-1) as number;
  const weight = head(builder, x, vocabulary);
  const index = builder.input("batch", "last", [builder.batch], "i32");
  const hidden = builder.tensor("value", "last_hidden", [builder.batch, d_model]);
  builder.op({ kind: "gather", in: { table: x, index }, out: { y: hidden } });
  const logits = builder.tensor("result", "logits", [builder.batch, vocabulary]);
  builder.op({ kind: "linear", in: { x: hidden, weight }, out: { y: logits }, rows: { over: "pictures", groups: 1 } });
}

const head = (builder: Builder, x: TensorId, vocabulary: number): TensorId => {
  const d_model = builder.shape(x).at(-1) as number;
  return builder.parameter({
    names: ["head.weight"],
    shape: [vocabulary, d_model],
    initial: { kind: "linear", fanIn: d_model },
    layer: -1,
    part: 1,
    decay: true,
    of: shared(builder.modalities).of,
  });
};
