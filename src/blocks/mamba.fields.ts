// The fields of a checked `mamba` block.
import type { Ownership } from "../ir/ownership.js";
import { alone, type BlockRow, type DecoupledJson, owners, part, type Residual } from "./row.fields.js";

export const MAMBA_PARTS = ["in_proj", "x_proj", "dt_proj", "out_proj", "conv1d", "A", "D", "norm"] as const;
export type MambaPart = (typeof MAMBA_PARTS)[number];

export interface MambaFields {
  readonly kind: "mamba";
  readonly d_state: number;
  readonly d_conv: number;
  readonly expand: number;
  /** `auto` is already resolved to ceil(d_model / 16). */
  readonly dt_rank: number;
  /** `released` drops the dt bias exactly if dt_proj has one group. */
  readonly dt_bias: "always" | "released" | "never";
  /** The groups of each part. A part with one group is shared. */
  readonly parts: Readonly<Record<MambaPart, Ownership>>;
}

export interface MambaJson {
  readonly kind: "mamba";
  readonly d_state: number;
  readonly d_conv: number;
  readonly expand: number;
  readonly dt_rank: number | "auto";
  readonly dt_bias: "always" | "released" | "never";
  readonly decouple: readonly DecoupledJson<MambaPart>[];
}

export const mamba: BlockRow<MambaFields, MambaJson> = {
  check({ decouple, ...fields }, checking) {
    const dt_rank = fields.dt_rank === "auto" ? Math.ceil(checking.d_model / 16) : fields.dt_rank;
    return { ...fields, dt_rank, parts: owners(MAMBA_PARTS, decouple, checking) };
  },
  multipleOf: () => 1,
  scans: true,
  spans: () => undefined,
  sizes: ({ expand, d_state, d_conv, dt_rank }, d_model) => ({ d_inner: expand * d_model, d_state, d_conv, dt_rank }),
  flow: mambaFlow,
};

function mambaFlow({ d_state }: MambaFields): Residual[] {
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
