// A spec as JSON once the schema has passed it: defaults filled in, names not resolved yet.
import type { AttentionPart, Spans } from "../blocks/attention.fields.js";
import type { MambaPart } from "../blocks/mamba.fields.js";
import type { ModalityJson } from "../modalities/modality.fields.js";
import type { Objective } from "../objectives/objective.fields.js";
import type { LayerItem } from "./layers.js";
import type { DataFields, InitFields, Json, TrainFields } from "./spec.js";

export interface DecoupledJson<Part extends string = string> {
  readonly part: Part;
  readonly groups?: readonly (readonly string[])[];
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

export interface AttentionJson {
  readonly kind: "attention";
  readonly heads: number;
  readonly kv_heads?: number;
  readonly ffn: number | "auto" | "none";
  readonly rope_theta: number;
  readonly spans: Spans;
  readonly decouple: readonly DecoupledJson<AttentionPart>[];
}

export type BlockJson = MambaJson | AttentionJson;

export interface SpecJson {
  readonly model: {
    readonly modality: Readonly<Record<string, ModalityJson>>;
    readonly d_model: number;
    readonly block: Readonly<Record<string, BlockJson>>;
    readonly layers: readonly LayerItem[];
  };
  readonly objective: Readonly<Record<string, Objective>>;
  readonly data: DataFields;
  readonly train: Omit<TrainFields, "clip" | "init"> & {
    readonly clip: number | "none";
    readonly init?: InitFields | { readonly kind: "drawn" };
  };
}

/** Every value written out, whatever made the list. */
export type AblationJson = {
  readonly vary: Readonly<Record<string, readonly Json[]>>;
  readonly baseline?: Readonly<Record<string, Json>>;
  readonly widen_baseline: boolean;
};
