// The `attention` block as ops: a Transformer layer with the norms before, as in Llama.
//   x ← x + wo·attention(rope(wq·n), rope(wk·n), wv·n), n = norm(x);   x ← x + w2·(silu(w1·m) · w3·m), m = ffn_norm(x)
// Tensors are named as in Llama where they are shared, and as in the released Mixture-of-Transformers code
// (facebookresearch/Mixture-of-Transformers, src/simple_ModalityUntied*.py) where each group has its own:
//   layers.0.attention.wq.weight     layers.0.attention.local_experts_wq.1.weight       wk, wv, wo likewise
//   layers.0.attention_norm.weight   layers.0.local_experts_attention_norm.1.weight
//   layers.0.feed_forward.w1.weight  layers.0.feed_forward.local_experts.1.w1.weight    w2, w3 likewise
//   layers.0.ffn_norm.weight         layers.0.local_experts_ffn_norm.1.weight
// The released modules norm what a projection makes and leave the residual to the user's model; here, as in the paper
// and in Llama, what enters is normed, so the two norms stand beside the modules and not in them.

import type { Builder } from "../ir/builder.js";
import type { InitKind } from "../ir/initial.js";
import type { Rows } from "../ir/op.js";
import type { TensorId } from "../ir/tensor.js";
import type { AttentionFields, AttentionPart } from "./attention.fields.js";
import { NORM_EPS } from "./norm.js";
import { rotaryColumns, rotaryName } from "./rotary.js";
import type { Sequences } from "./sequences.js";

/** The numbers of a block's tensors in the keys of their random streams. */
const STREAM = { wq: 0, wk: 1, wv: 2, wo: 3, w1: 4, w2: 5, w3: 6, attention_norm: 7, ffn_norm: 8 } as const;
type Weight = keyof typeof STREAM;

const PART: { readonly [W in Weight]: AttentionPart } = {
  wq: "q_proj",
  wk: "k_proj",
  wv: "v_proj",
  wo: "o_proj",
  w1: "ffn",
  w2: "ffn",
  w3: "ffn",
  attention_norm: "norm",
  ffn_norm: "ffn_norm",
};

/** Names in checkpoints when shared, and for group g; `*` stands for g. */
function namesOf(weight: Weight): readonly [string, string] {
  switch (PART[weight]) {
    case "ffn":
      return [`feed_forward.${weight}.weight`, `feed_forward.local_experts.*.${weight}.weight`];
    case "norm":
    case "ffn_norm":
      return [`${weight}.weight`, `local_experts_${weight}.*.weight`];
    default:
      return [`attention.${weight}.weight`, `attention.local_experts_${weight}.*.weight`];
  }
}

/**
 * Declares the tensors of one block and returns the op sequence's output, [R, d_model]. With a state carried, the batch
 * has `state.layers.N.k` and `.v` [batch·cache, kv_heads·dh], the keys and values of what was read, and `place` [batch],
 * where those of this program's positions go; what they are with these are results named `next.…`. Keys are then counted
 * within the cache.
 */
export function lowerAttention(
  builder: Builder,
  fields: AttentionFields,
  layer: number,
  x: TensorId,
  { state, cache }: Sequences,
): TensorId {
  const d_model = builder.shape(x).at(-1) as number;
  const { heads, kv_heads, ffn, parts } = fields;
  const head = d_model / heads;
  const R = builder.rows;
  const prefix = `layers.${layer}`;

  const declare = (weight: Weight, shape: readonly number[], initial: InitKind): TensorId => {
    const { groups, of } = parts[PART[weight]];
    const [shared, grouped] = namesOf(weight).map((name) => `${prefix}.${name}`) as [string, string];
    const names = groups === 1 ? [shared] : Array.from({ length: groups }, (_, g) => grouped.replace("*", String(g)));
    return builder.parameter({ names, shape, initial, layer, part: STREAM[weight], decay: shape.length > 1, of });
  };
  const rowsOf = (weight: Weight): Rows => ({ over: "positions", ...parts[PART[weight]] });
  const value = (name: string, ...shape: number[]): TensorId => builder.tensor("value", `${prefix}.${name}`, shape);
  const linear = (name: string, weight: Weight, columns: number, input: TensorId): TensorId => {
    const K = builder.shape(input)[1] as number;
    const matrix = declare(weight, [columns, K], { kind: "linear", fanIn: K });
    const y = value(name, R, columns);
    builder.op({ kind: "linear", in: { x: input, weight: matrix }, out: { y }, rows: rowsOf(weight) });
    return y;
  };
  const normed = (weight: "attention_norm" | "ffn_norm", input: TensorId): TensorId => {
    const scale = declare(weight, [d_model], { kind: "ones" });
    const rstd = value(`${weight}.rstd`, R);
    builder.op({ kind: "rms", in: { x: input }, out: { rstd }, eps: NORM_EPS });
    const y = value(`${weight}.out`, R, d_model);
    builder.op({ kind: "rescale", in: { x: input, rstd, scale }, out: { y }, rows: rowsOf(weight) });
    return y;
  };
  const plus = (name: string, a: TensorId, b: TensorId): TensorId => {
    const y = value(name, R, d_model);
    builder.op({ kind: "add", in: { a, b }, out: { y } });
    return y;
  };

  const position = builder.input("batch", "position", [R], "i32");
  const rotate = (name: string, input: TensorId, count: number): TensorId => {
    if (head === 1) return input;
    const table = builder.input("constant", rotaryName(fields.rope_theta, head, cache), [cache, rotaryColumns(head)]);
    const y = value(name, ...builder.shape(input));
    builder.op({ kind: "rotate", in: { x: input, position, table }, out: { y }, heads: count, inverse: false });
    return y;
  };

  /** The cache with what is new in it, where there is one. */
  const cached = (name: string, input: TensorId): TensorId => {
    if (state === "none") return input;
    const shape = [builder.batch * cache, kv_heads * head];
    const place = builder.input("batch", "place", [builder.batch], "i32");
    const before = builder.input("batch", `state.${prefix}.${name}`, shape);
    const y = builder.tensor("result", `next.${prefix}.${name}`, shape);
    builder.op({ kind: "append", in: { cache: before, x: input, place }, out: { y } });
    return y;
  };

  const n = normed("attention_norm", x);
  const q = rotate("q", linear("q_in", "wq", d_model, n), heads);
  const k = cached("k", rotate("k", linear("k_in", "wk", kv_heads * head, n), kv_heads));
  const v = cached("v", linear("v", "wv", kv_heads * head, n));
  const keys = builder.input("batch", `keys.${fields.spans}`, [R, 2], "i32");
  const mixed = value("mixed", R, d_model);
  const lse = value("lse", R, heads);
  builder.op({ kind: "attention", in: { q, k, v, keys }, out: { y: mixed, lse }, heads, kv_heads });
  const attended = plus("attended", linear("attention", "wo", d_model, mixed), x);
  if (ffn === 0) return attended;

  const m = normed("ffn_norm", attended);
  const before = linear("gate_in", "w1", ffn, m);
  const gate = value("gate", R, ffn);
  builder.op({ kind: "activate", in: { x: before }, out: { y: gate }, activation: "silu" });
  const gated = value("gated", R, ffn);
  builder.op({ kind: "multiply", in: { a: linear("hidden", "w3", ffn, m), b: gate }, out: { y: gated } });
  return plus("out", linear("fed", "w2", d_model, gated), attended);
}
