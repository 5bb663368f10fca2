// What a checked `mamba` block says.
import type { Ownership } from "../ir/ownership.js";

export const MAMBA_PARTS = ["in_proj", "x_proj", "dt_proj", "out_proj", "conv1d", "A", "D", "norm"] as const;
export type MambaPart = (typeof MAMBA_PARTS)[number];

export interface MambaFields {
  readonly kind: "mamba";
  readonly d_state: number;
  readonly d_conv: number;
  readonly expand: number;
  /** Resolved: `auto` is ceil(d_model / 16). */
  readonly dt_rank: number;
  /** `released` drops the dt bias exactly where dt_proj has one group. */
  readonly dt_bias: "always" | "released" | "never";
  /** Shared parts have one group; all modalities in one group is shared. */
  readonly parts: Readonly<Record<MambaPart, Ownership>>;
}
