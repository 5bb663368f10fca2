// The checked spec: the one meaning that every verb shares. Plain data; every default is filled in.
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
    /** Numbered as they are declared; the index is what `modality` tensors hold. */
    readonly modalities: readonly Modality[];
    readonly vocabulary: Vocabulary;
    readonly d_model: number;
    /** Blocks as declared. */
    readonly blocks: readonly Block[];
    /** The stack, bottom first: each entry is an index into `blocks`. */
    readonly layers: readonly number[];
  };
  /** By modality index; undefined where a modality has no objective. */
  readonly objectives: readonly (Objective | undefined)[];
  readonly data: DataFields;
  readonly train: TrainFields;
  readonly ablations: readonly Ablation[];
}

export interface DataFields {
  readonly source: SourceFields;
  /** Positions in a sequence. */
  readonly length: number;
  /** Share of the documents held out for validation. */
  readonly held_out: number;
  /** Whether documents that stand in one sequence do not see each other. */
  readonly reset: boolean;
  /** Whether rows of batches are streams: states go from a step to the next, without gradient; documents may be longer. */
  readonly carry: boolean;
}

/**
 * What the backward pass makes anew instead of finding it kept: nothing; what costs little for its bytes; or all that
 * stands between the inputs of two layers. The numbers are the same.
 */
export type Recompute = "none" | "cheap" | "block";

export interface TrainFields {
  readonly steps: number;
  /** Sequences in a micro-batch. */
  readonly batch: number;
  /** Micro-batches whose gradients make one update. */
  readonly accumulate: number;
  /** Where the weights come from; absent where they are drawn. */
  readonly init?: InitFields;
  readonly optimizer: OptimizerFields;
  /** Learning rate over steps: a linear warm-up, then constant or a cosine down to `floor` × lr. */
  readonly schedule:
    | { readonly kind: "constant"; readonly warmup: number }
    | { readonly kind: "cosine"; readonly warmup: number; readonly floor: number };
  /** Global gradient norm above which gradients are scaled down; undefined for no clipping. */
  readonly clip: number | undefined;
  readonly precision: "f32" | "f16";
  readonly recompute: Recompute;
  readonly seed: number;
  /** Steps between validations, and between checkpoints; both also happen after the last step. */
  readonly validate_every: number;
  readonly checkpoint_every: number;
  /** Checkpoints kept, the newest. */
  readonly keep: number;
}

export interface InitFields {
  readonly kind: "checkpoint";
  /** A run's folder, one of its checkpoints, or a safetensors file. */
  readonly path: string;
  /** Before the names of the weights in it. */
  readonly prefix?: string;
}

/** A `vary` axis: values as normalised JSON at a dotted path of the spec. */
export interface Ablation {
  readonly name: string;
  readonly axes: readonly { readonly path: string; readonly values: readonly Json[] }[];
  /** Dotted path → value of the arm that others are compared with; an axis that it does not name has its first value. */
  readonly baseline: Readonly<Record<string, Json>> | undefined;
  /** Whether there is an arm besides: the baseline, of a `d_model` with which it has as many parameters as the largest. */
  readonly widen_baseline: boolean;
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
