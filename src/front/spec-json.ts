// A spec as JSON after it passed the schema: defaults are filled in, names are not resolved yet.
import type { BlockJson } from "../blocks/block.fields.js";
import type { SourceJson } from "../data/sources/source.fields.js";
import type { ModalityJson } from "../modalities/modality.fields.js";
import type { Objective } from "../objectives/objective.fields.js";
import type { LayerItem } from "./layers.js";
import type { DataFields, InitFields, Json, StopFields, TrainFields } from "./spec.js";

export interface SpecJson {
  readonly model: {
    readonly modality: Readonly<Record<string, ModalityJson>>;
    readonly d_model: number;
    readonly block: Readonly<Record<string, BlockJson>>;
    readonly layers: readonly LayerItem[];
  };
  readonly objective: Readonly<Record<string, Objective>>;
  readonly data: Omit<DataFields, "source" | "validation" | "held_out"> & {
    readonly source: SourceJson;
    readonly validation?: Readonly<Record<string, SourceJson>>;
    /** Absent if there is `validation`, or if prepared data decide it. */
    readonly held_out?: number;
  };
  readonly train: Omit<TrainFields, "clip" | "init" | "stop"> & {
    readonly clip: number | "none";
    readonly init?: InitFields | { readonly kind: "drawn" };
    readonly stop?: StopFields | { readonly kind: "never" };
  };
}

/** All values, listed. */
export type AblationJson = {
  readonly vary: Readonly<Record<string, readonly Json[]>>;
  readonly baseline?: Readonly<Record<string, Json>>;
  readonly widen_baseline: boolean;
};
