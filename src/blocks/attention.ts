// The `attention` block as ops: a Transformer layer with pre-norms, as in Llama.
//   x ← x + wo·attention(rope(wq·n), rope(wk·n), wv·n), n = norm(x);   x ← x + w2·(silu(w1·m) · w3·m), m = ffn_norm(x)
// Shared tensors are named as in Llama. Tensors of groups are named as in the released Mixture-of-Transformers code
// (facebookresearch/Mixture-of-Transformers, src/simple_ModalityUntied*.py):
//   layers.0.attention.wq.weight     layers.0.attention.local_experts_wq.1.weight       wk, wv, wo likewise
//   layers.0.attention_norm.weight   layers.0.local_experts_attention_norm.1.weight
//   layers.0.feed_forward.w1.weight  layers.0.feed_forward.local_experts.1.w1.weight    w2, w3 likewise
//   layers.0.ffn_norm.weight         layers.0.local_experts_ffn_norm.1.weight
// The released modules normalize the output of a projection and leave the residual to the user's model. Here the input
// is normalized, as in the paper and in Llama, so the two norms are beside the modules instead of inside them.

import type { Builder } from "../ir/builder.js";
import type { TensorId } from "../ir/tensor.js";
import type { AttentionFields, AttentionPart } from "./attention.fields.js";
import { NORM_EPS } from "./norm.js";
import { rotaryColumns } from "./rotary.js";
import type { Sequences } from "./sequences.js";
import { declareWeights, type Piece } from "./weights.js";

/** The tensors of a block, in the order of declaration. d: columns of the stream; k: of keys and values; f: hidden. */
function piecesOf({ d, k, f }: Readonly<Record<"d" | "k" | "f", number>>) {
  const matrix = (rows: number, columns: number) =>
    ({ shape: [rows, columns], initial: { kind: "linear", fanIn: columns }, decay: true }) as const;
  const projection = (part: AttentionPart, stream: number, w: string, rows: number, columns: number) =>
    ({
      part,
      stream,
      names: [`attention.${w}.weight`, `attention.local_experts_${w}.*.weight`],
      ...matrix(rows, columns),
    }) as const;
  const ffn = (stream: number, w: string, rows: number, columns: number) =>
    ({
      part: "ffn",
      stream,
      names: [`feed_forward.${w}.weight`, `feed_forward.local_experts.*.${w}.weight`],
      ...matrix(rows, columns),
    }) as const;
  const norm = (part: AttentionPart, stream: number, w: string) =>
    ({
      part,
      stream,
      names: [`${w}.weight`, `local_experts_${w}.*.weight`],
      shape: [d],
      initial: { kind: "ones" },
      decay: false,
    }) as const;
  return {
    attention: {
      attention_norm: norm("norm", 7, "attention_norm"),
      wq: projection("q_proj", 0, "wq", d, d),
      wk: projection("k_proj", 1, "wk", k, d),
      wv: projection("v_proj", 2, "wv", k, d),
      wo: projection("o_proj", 3, "wo", d, d),
    },
    feedForward: {
      ffn_norm: norm("ffn_norm", 8, "ffn_norm"),
      w1: ffn(4, "w1", f, d),
      w3: ffn(6, "w3", f, d),
      w2: ffn(5, "w2", d, f),
    },
  } as const satisfies Readonly<Record<string, Readonly<Record<string, Piece<AttentionPart>>>>>;
}

/**
 * Declares the tensors of one block and returns its output, [R, d_model]. With a carried state, the batch has the
 * layer's parts `k` and `v` [batch·cache, kv_heads·dh], the keys and values of earlier positions, and `place` [batch],
 * the offset at which new positions are written. The updated caches are results, and key ranges are offsets in the
 * cache.
 */
export function lowerAttention(
  builder: Builder,
  fields: AttentionFields,
  layer: number,
  x: TensorId,
  { state, cache }: Sequences,
): TensorId {
  const { heads, kv_heads, ffn, parts, rope_theta, spans } = fields;
  const d = builder.columns(x);
  const head = d / heads;
  const pieces = piecesOf({ d, k: kv_heads * head, f: ffn });
  const w = declareWeights(builder, layer, parts, pieces.attention);
  const b = builder.within(`layers.${layer}`);

  const position = b.input("batch", { is: "position" }, [b.rows], "i32");
  const rotate = (name: string, input: TensorId, count: number): TensorId => {
    if (head === 1) return input;
    const table = b.input("constant", { is: "rotary", theta: rope_theta, head, positions: cache }, [
      cache,
      rotaryColumns(head),
    ]);
    return b.make("rotate", { in: { x: input, position, table }, heads: count, inverse: false }, { y: name }).y;
  };
  /** The cache with the new rows written into it; without a cache, the rows themselves. */
  const cached = (part: string, input: TensorId): TensorId => {
    if (state === "none") return input;
    const shape = [b.batch * cache, kv_heads * head];
    const place = b.input("batch", { is: "place" }, [b.batch], "i32");
    const before = b.input("batch", { is: "state", layer, part }, shape);
    const after = b.field("result", { is: "next", layer, part }, shape);
    return b.make("append", { in: { cache: before, x: input, place } }, { y: after }).y;
  };

  const n = b.norm("attention_norm", x, w.attention_norm, NORM_EPS);
  const q = rotate("q", b.linear("q_in", n, w.wq), heads);
  const k = cached("k", rotate("k", b.linear("k_in", n, w.wk), kv_heads));
  const v = cached("v", b.linear("v", n, w.wv));
  const keys = b.input("batch", { is: "keys", spans }, [b.rows, 2], "i32");
  const { y: mixed } = b.make("attention", { in: { q, k, v, keys }, heads, kv_heads }, { y: "mixed", lse: "lse" });
  const attended = b.sum("attended", b.linear("attention", mixed, w.wo), x);
  if (ffn === 0) return attended;

  const { ffn_norm, w1, w2, w3 } = declareWeights(builder, layer, parts, pieces.feedForward);
  const m = b.norm("ffn_norm", attended, ffn_norm, NORM_EPS);
  const gate = b.silu("gate", b.linear("gate_in", m, w1));
  const gated = b.product("gated", b.linear("hidden", m, w3), gate);
  return b.sum("out", b.linear("fed", gated, w2), attended);
}
