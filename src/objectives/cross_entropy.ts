// `cross_entropy` as ops: the next token, at the positions that the host selects.

import type { Builder, Weight } from "../ir/builder.js";
import type { Rows } from "../ir/op.js";
import { shared } from "../ir/ownership.js";
import type { TensorId } from "../ir/tensor.js";

/**
 * Adds the head and the loss to hidden states x [R, d]. The losses, summed by modality of the target, become the result
 * `loss.tokens` [modalities]. The batch gives `target` [R] (−1: none), `target_scale` [R], `target_class` [R].
 */
export function lowerCrossEntropy(builder: Builder, x: TensorId, vocabulary: number): void {
  const R = builder.rows;
  const logits = builder.linear("logits", x, head(builder, x, vocabulary));
  const target = builder.input("batch", { is: "target" }, [R], "i32");
  const scale = builder.input("batch", { is: "target_scale" }, [R]);
  const call = { in: { logits, target, scale } };
  const { loss } = builder.make("cross_entropy", call, { loss: "token_loss", lse: "lse" });
  const classes = builder.input("batch", { is: "target_class" }, [R], "i32");
  const { sums } = builder.make("sum_by_class", { in: { loss, class: classes } }, { sums: "loss.tokens" });
  builder.publish(sums, { is: "id_losses" });
}

/** Adds the head at one position of each sequence, the batch's `last` [batch]. The result is `logits` [batch, V]. */
export function lowerLogits(builder: Builder, x: TensorId, vocabulary: number): TensorId {
  const weight = head(builder, x, vocabulary, "items");
  const index = builder.input("batch", { is: "last" }, [builder.batch], "i32");
  const { y: hidden } = builder.make("gather", { in: { table: x, index } }, { y: "last_hidden" });
  const logits = builder.linear("logits", hidden, weight);
  builder.publish(logits, { is: "logits" });
  return logits;
}

/**
 * Adds the choice of the next ids. Ids can come from a modality's own and from markers, of which there are the document's
 * end and one for each modality.
 * @param run the largest number of choices in a run
 */
export function lowerChoice(builder: Builder, logits: TensorId, run: number): void {
  const { batch, modalities } = builder;
  const allowed = builder.input("batch", { is: "allowed" }, [batch, 2 * (modalities + 2)], "u32");
  const choosing = builder.input("batch", { is: "choosing" }, [batch, 3]);
  const uniforms = builder.input("batch", { is: "uniforms" }, [batch, run]);
  const chosen = builder.field("result", { is: "chosen" }, [batch], "i32");
  const choices = builder.field("result", { is: "choices" }, [batch, run], "i32");
  const round = builder.field("state", { is: "round" }, [batch], "u32");
  builder.op({ kind: "choose", in: { logits, allowed, choosing, uniforms }, out: { chosen, choices, round } });
}

const head = (builder: Builder, x: TensorId, vocabulary: number, over?: Rows["over"]): Weight =>
  builder.weight(
    {
      names: ["head.weight"],
      shape: [vocabulary, builder.columns(x)],
      initial: { kind: "linear", fanIn: builder.columns(x) },
      layer: -1,
      part: 1,
      decay: true,
      of: shared(builder.modalities).of,
    },
    over,
  );
