// The fields of a checked `attention` block.
import { headsDoNotDivide, headTooLarge, kvHeadsDoNotDivide, partAbsent } from "../diagnostics/model.js";
import type { Ownership } from "../ir/ownership.js";
import { alone, type BlockRow, type DecoupledJson, owners, part, type Residual, type Spans } from "./row.fields.js";

export const ATTENTION_PARTS = ["q_proj", "k_proj", "v_proj", "o_proj", "ffn", "norm", "ffn_norm"] as const;
export type AttentionPart = (typeof ATTENTION_PARTS)[number];

export interface AttentionFields {
  readonly kind: "attention";
  /** Query heads; a head has d_model / heads columns. */
  readonly heads: number;
  /** Heads of keys and values; divides `heads`. */
  readonly kv_heads: number;
  /** Hidden size of the feed-forward; 0 without one. `auto` is already resolved, see `autoFfn`. */
  readonly ffn: number;
  /** Base of the RoPE angles. */
  readonly rope_theta: number;
  readonly spans: Spans;
  /** The groups of each part. A part with one group is shared. */
  readonly parts: Readonly<Record<AttentionPart, Ownership>>;
}

/** The largest head size that the kernels support, in columns. */
export const MAX_HEAD = 256;

/**
 * ⌊8/3·d_model⌋ rounded up to a multiple of 256: the default hidden size in Llama, Meta's Lingua and the released
 * Mixture-of-Transformers code (`SimpleFeedForward`: hidden_dim = 4·dim, then ⌊2/3⌋ of it, multiple_of = 256).
 */
export const autoFfn = (d_model: number): number => 256 * Math.ceil(Math.floor((8 * d_model) / 3) / 256);

export interface AttentionJson {
  readonly kind: "attention";
  readonly heads: number;
  readonly kv_heads?: number;
  readonly ffn: number | "auto" | "none";
  readonly rope_theta: number;
  readonly spans: Spans;
  readonly decouple: readonly DecoupledJson<AttentionPart>[];
}

export const attention: BlockRow<AttentionFields, AttentionJson> = {
  check({ decouple, ...fields }, checking) {
    const { d_model, at, report } = checking;
    const { heads, kv_heads = heads } = fields;
    if (d_model % heads !== 0) report(headsDoNotDivide(at("heads"), heads, d_model));
    else if (d_model / heads > MAX_HEAD) report(headTooLarge(at("heads"), heads, d_model / heads, MAX_HEAD, d_model));
    if (heads % kv_heads !== 0) report(kvHeadsDoNotDivide(at("kv_heads"), kv_heads, heads));
    const ffn = fields.ffn === "auto" ? autoFfn(d_model) : fields.ffn === "none" ? 0 : fields.ffn;
    for (const [i, { part }] of ffn === 0 ? decouple.entries() : [])
      if (part === "ffn" || part === "ffn_norm") report(partAbsent(at("decouple", i), part));
    return { ...fields, kv_heads, ffn, parts: owners(ATTENTION_PARTS, decouple, checking) };
  },
  multipleOf: ({ heads }) => heads,
  scans: false,
  spans: ({ spans }) => spans,
  sizes: ({ heads, kv_heads, ffn }, d_model) => ({
    heads,
    ...(kv_heads === heads ? {} : { kv_heads }),
    head: d_model / heads,
    ffn,
  }),
  flow: attentionFlow,
};

function attentionFlow({ heads, kv_heads, ffn, spans }: AttentionFields): Residual[] {
  const grouped = kv_heads === heads ? "" : `, ${kv_heads} of keys and values`;
  const attention: Residual = [
    alone("norm", ["attention_norm"], "RMSNorm"),
    {
      kind: "parts",
      rows: [
        part("q_proj", ["wq"], "queries, RoPE"),
        part("k_proj", ["wk"], "keys, RoPE"),
        part("v_proj", ["wv"], "values"),
      ],
    },
    {
      kind: "mixing",
      name: "attention",
      note: `${heads} ${heads === 1 ? "head" : "heads"}${grouped}; causal${spans === "both" ? ", pictures both ways" : ""}`,
      rows: [],
    },
    alone("o_proj", ["wo"]),
  ];
  if (ffn === 0) return [attention];
  const inner = part("ffn", ["feed_forward.w1", "feed_forward.w3"], "SiLU(w1) ⊙ w3");
  return [
    attention,
    [
      alone("ffn_norm", ["ffn_norm"], "RMSNorm"),
      { kind: "parts", rows: [inner] },
      alone("ffn", ["feed_forward.w2"], "w2"),
    ],
  ];
}
