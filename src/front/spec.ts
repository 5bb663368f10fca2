// The checked spec, which all commands share. Plain data, with all defaults filled in.
import type { BlockFields } from "../blocks/block.fields.js";
import type { SourceFields } from "../data/sources/source.fields.js";
import type { Modality, Vocabulary } from "../modalities/modality.fields.js";
import type { Objective } from "../objectives/objective.fields.js";
import type { OptimizerFields } from "../optimizers/optimizer.fields.js";

interface Block {
  readonly name: string;
  readonly fields: BlockFields;
}

export interface CheckedSpec {
  readonly model: {
    /** In the order of declaration; `modality` tensors hold their indices. */
    readonly modalities: readonly Modality[];
    readonly vocabulary: Vocabulary;
    readonly d_model: number;
    /** The blocks, in the order of declaration. */
    readonly blocks: readonly Block[];
    /** The stack, bottom first: each entry is an index into `blocks`. */
    readonly layers: readonly number[];
  };
  /** By modality index; undefined if a modality has no objective. */
  readonly objectives: readonly (Objective | undefined)[];
  readonly data: DataFields;
  readonly train: TrainFields;
  readonly ablations: readonly Ablation[];
}

export interface DataFields {
  readonly source: SourceFields;
  /** The documents to validate on, by the name of their set. */
  readonly validation: readonly { readonly name: string; readonly source: SourceFields }[];
  /** Positions in a sequence. */
  readonly length: number;
  /** Share of the documents held out for validation; 0 if there is `validation`, absent if prepared data decide it. */
  readonly held_out?: number;
  /** Whether documents in one sequence are isolated from each other. */
  readonly reset: boolean;
  /** Whether rows of batches are streams: states are passed from step to step, without gradient, and documents can be longer. */
  readonly carry: boolean;
}

/**
 * Which activations the backward pass recomputes: none; those that are cheap for their size; or all between the
 * inputs of two layers. The results are identical.
 */
export type Recompute = "none" | "cheap" | "block";

export interface TrainFields {
  readonly steps: number;
  /** Sequences in a micro-batch. */
  readonly batch: number;
  /** Micro-batches whose gradients are summed for one update. */
  readonly accumulate: number;
  /** The initial weights; absent if they are random. */
  readonly init?: InitFields;
  readonly optimizer: OptimizerFields;
  /** The learning rate schedule: a linear warm-up, then constant or a cosine down to `floor` × lr. */
  readonly schedule:
    | { readonly kind: "constant"; readonly warmup: number }
    | { readonly kind: "cosine"; readonly warmup: number; readonly floor: number };
  /** Global gradient norm above which gradients are scaled down; undefined for no clipping. */
  readonly clip: number | undefined;
  readonly precision: "f32" | "f16";
  readonly recompute: Recompute;
  readonly seed: number;
  /** Steps between validations, and between checkpoints. Both also follow the last step. */
  readonly validate_every: number;
  readonly checkpoint_every: number;
  /** Steps between samples. Undefined if only the last step has some. */
  readonly samples_every?: number;
  /** Number of checkpoints to keep. */
  readonly keep: number;
  /** The validation loss whose best checkpoint is kept, too: a modality's name, or `SET.MODALITY`. */
  readonly keep_best?: string;
  /** When the run stops before its last step. */
  readonly stop?: StopFields;
}

/** Stop after a number of validations in which a loss has not fallen. */
export interface StopFields {
  readonly kind: "patience";
  readonly validations: number;
  /** As in `keep_best`. */
  readonly on: string;
}

export interface InitFields {
  readonly kind: "checkpoint";
  /** A run's folder, one of its checkpoints, or a safetensors file. */
  readonly path: string;
  /** Prefix of the weights' names. */
  readonly prefix?: string;
  /** Whether the optimizer's state is taken, too. */
  readonly optimizer?: boolean;
}

/** A `vary` axis: values as normalized JSON at a dotted path of the spec. */
export interface Ablation {
  readonly name: string;
  readonly axes: readonly { readonly path: string; readonly values: readonly Json[] }[];
  /** Dotted path → value of the baseline arm. An axis that it leaves out has its first value. */
  readonly baseline: Readonly<Record<string, Json>> | undefined;
  /** Whether there is an additional arm: the baseline with a larger `d_model`, which matches the parameters of the largest arm. */
  readonly widen_baseline: boolean;
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
