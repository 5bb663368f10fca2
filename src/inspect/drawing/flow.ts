// What a block of each kind does, in the order of the data: the rows of its drawing.
import type { BlockFields, BlockOf } from "../../front/spec.js";

/** Boxes of one part's weights. */
export interface PartRow {
  /** As `decouple` names it. */
  readonly part: string;
  /** What `partName` calls its weights. */
  readonly weights: readonly string[];
  readonly note: string;
}

export type Stage =
  /** Parts that read the same input. With `branches`, the second half of what comes out skips ahead to the gate. */
  | { readonly kind: "parts"; readonly rows: readonly PartRow[]; readonly branches?: true }
  /** Where positions of all modalities meet; its own weights inside. */
  | { readonly kind: "mixing"; readonly name: string; readonly note: string; readonly rows: readonly PartRow[] }
  /** The gate, which the branch ends in. */
  | { readonly kind: "gate"; readonly note: string };

/** Stages between two places on the residual stream. */
export type Residual = readonly Stage[];

const part = (name: string, weights: readonly string[], note = ""): PartRow => ({ part: name, weights, note });
const alone = (name: string, weights: readonly string[], note = ""): Stage => ({
  kind: "parts",
  rows: [part(name, weights, note)],
});

function mambaFlow({ d_state }: BlockOf<"mamba">): Residual[] {
  return [
    [
      alone("norm", ["norm"], "RMSNorm"),
      { kind: "parts", rows: [part("in_proj", ["in_proj"], "to u and z")], branches: true },
      alone("conv1d", ["conv1d"], "causal, SiLU"),
      alone("x_proj", ["x_proj"], "to δ, B and C"),
      alone("dt_proj", ["dt_proj"], "Δ, softplus"),
      {
        kind: "mixing",
        name: "selective scan",
        note: `one state of ${d_state} a channel, over all modalities`,
        rows: [part("A", ["A_log"], "decay"), part("D", ["D"], "skip")],
      },
      { kind: "gate", note: "SiLU" },
      alone("out_proj", ["out_proj"]),
    ],
  ];
}

function attentionFlow({ heads, kv_heads, ffn, spans }: BlockOf<"attention">): Residual[] {
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

/** From the block's input to its output: each ends by adding to the residual stream. */
export function flowOf(fields: BlockFields): Residual[] {
  switch (fields.kind) {
    case "mamba":
      return mambaFlow(fields);
    case "attention":
      return attentionFlow(fields);
  }
}
