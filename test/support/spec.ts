// Checked specs for tests, from the few fields that a test needs.
import { ATTENTION_PARTS, type AttentionFields, type AttentionPart } from "../../src/blocks/attention.fields.js";
import type { MambaFields, MambaPart } from "../../src/blocks/mamba.fields.js";
import { MAMBA_PARTS } from "../../src/blocks/mamba.fields.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import { each, type Ownership, shared } from "../../src/ir/ownership.js";
import type { Modality } from "../../src/modalities/modality.fields.js";
import type { Objective } from "../../src/objectives/objective.fields.js";
import { bareEmoji } from "./source.js";

export interface SpecSketch {
  readonly modalities: readonly Modality[];
  readonly vocabulary: number;
  readonly objectives?: readonly (Objective | undefined)[];
  readonly d_model: number;
  readonly layers: number;
  readonly block?: Partial<Omit<MambaFields, "parts" | "kind">>;
  /** Parts with one copy for each modality. */
  readonly decouple?: readonly MambaPart[];
  readonly groups?: Partial<Record<MambaPart, Ownership>>;
  /** An attention block on top of the others. By default, its heads have 4 columns. */
  readonly attention?: Partial<Omit<AttentionFields, "parts" | "kind">> & {
    readonly groups?: Partial<Record<AttentionPart, Ownership>>;
  };
  readonly train?: Partial<CheckedSpec["train"]>;
  readonly length?: number;
  readonly reset?: boolean;
  readonly carry?: boolean;
}

export const text: Modality = { kind: "tokens", name: "text", vocab: 40 };
export const speech: Modality = { kind: "tokens", name: "speech", vocab: 10 };
export const image: Modality = {
  kind: "patches",
  name: "image",
  height: 8,
  width: 8,
  patchHeight: 2,
  patchWidth: 2,
  channels: 3,
};

export function sketch(wanted: SpecSketch): CheckedSpec {
  const M = wanted.modalities.length;
  const parts = Object.fromEntries(
    MAMBA_PARTS.map((part) => [part, wanted.groups?.[part] ?? (wanted.decouple?.includes(part) ? each(M) : shared(M))]),
  ) as Record<MambaPart, Ownership>;
  const fields: MambaFields = {
    kind: "mamba",
    d_state: 16,
    d_conv: 4,
    expand: 2,
    dt_rank: Math.ceil(wanted.d_model / 16),
    dt_bias: "always",
    ...wanted.block,
    parts,
  };
  const { groups: owners = {}, ...attention } = wanted.attention ?? {};
  const heads = attention.heads ?? Math.ceil(wanted.d_model / 4);
  const attend: AttentionFields = {
    kind: "attention",
    heads,
    kv_heads: heads,
    ffn: 2 * wanted.d_model,
    rope_theta: 10000,
    spans: "both",
    ...attention,
    parts: Object.fromEntries(ATTENTION_PARTS.map((part) => [part, owners[part] ?? shared(M)])) as Record<
      AttentionPart,
      Ownership
    >,
  };
  const attends = wanted.attention !== undefined;
  const ddpm: Objective = { kind: "ddpm", weight: 5, steps: 1000, schedule: "cosine", drop: 0 };
  return {
    model: {
      modalities: wanted.modalities,
      vocabulary: {
        size: wanted.vocabulary,
        owner: 0,
        documentEnd: wanted.vocabulary - 2,
        padding: wanted.vocabulary - 1,
        first: wanted.modalities.map((m) => (m.kind === "patches" ? -1 : 0)),
        spans: wanted.modalities.map(() => undefined),
      },
      d_model: wanted.d_model,
      blocks: [{ name: "mixer", fields }, ...(attends ? [{ name: "attend", fields: attend }] : [])],
      layers: [...new Array<number>(wanted.layers).fill(0), ...(attends ? [1] : [])],
    },
    objectives:
      wanted.objectives ??
      wanted.modalities.map((m) => (m.kind === "patches" ? ddpm : { kind: "cross_entropy", weight: 1 })),
    data: {
      source: bareEmoji,
      validation: [],
      length: wanted.length ?? 64,
      held_out: 0.05,
      reset: wanted.reset ?? false,
      carry: wanted.carry ?? false,
    },
    train: {
      steps: 20,
      batch: 4,
      accumulate: 1,
      optimizer: { kind: "adamw", lr: 3e-3, betas: [0.9, 0.95], eps: 1e-8, weight_decay: 0.1 },
      schedule: { kind: "constant", warmup: 0 },
      clip: 1,
      precision: "f32",
      recompute: "none",
      seed: 1,
      validate_every: 100,
      checkpoint_every: 100,
      keep: 3,
      ...wanted.train,
    },
    ablations: [],
  };
}
