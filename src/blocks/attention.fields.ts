// What a checked `attention` block says.
import type { Ownership } from "../ir/ownership.js";

export const ATTENTION_PARTS = ["q_proj", "k_proj", "v_proj", "o_proj", "ffn", "norm", "ffn_norm"] as const;
export type AttentionPart = (typeof ATTENTION_PARTS)[number];

/**
 * What positions of one picture of a `patches` modality see of it: all of it (`both`) or what stands before (`causal`).
 * Everything else is causal, discrete codes too: next-token targets would leak otherwise.
 */
export type Spans = "both" | "causal";

export interface AttentionFields {
  readonly kind: "attention";
  /** Query heads; a head has d_model / heads columns. */
  readonly heads: number;
  /** Heads of keys and values; divides `heads`. */
  readonly kv_heads: number;
  /** Hidden size of the feed-forward; 0 where the block has none. Resolved: see `autoFfn`. */
  readonly ffn: number;
  /** Base of the angles of RoPE. */
  readonly rope_theta: number;
  readonly spans: Spans;
  /** Shared parts have one group; all modalities in one group is shared. */
  readonly parts: Readonly<Record<AttentionPart, Ownership>>;
}

/** Most columns of a head that the kernels hold. */
export const MAX_HEAD = 256;

/**
 * ⌊8/3·d_model⌋ rounded up to a multiple of 256: what Llama, Meta's Lingua and the released Mixture-of-Transformers code
 * (`SimpleFeedForward`: hidden_dim = 4·dim, then ⌊2/3⌋ of it, multiple_of = 256) make of their defaults.
 */
export const autoFfn = (d_model: number): number => 256 * Math.ceil(Math.floor((8 * d_model) / 3) / 256);
