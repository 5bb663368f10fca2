// The measurements of an ablation's runs as plain data, from which its answer and its report are made.
import type { Json } from "../front/spec.js";

/** A varied path of the spec, except train.seed, which is the replicate. */
export interface ResultAxis {
  readonly path: string;
  readonly values: readonly Json[];
  /** The parts, if the values are all subsets of them: `subsets([in_proj, x_proj])`. */
  readonly subsetsOf?: readonly string[];
}

/** A point of the design: one value of each axis. Runs of an arm differ only in their seed. */
export interface ResultArm {
  /** A short unique label: `in_proj + x_proj`, `none`, `d_state 8`. */
  readonly label: string;
  /** Path → value for each axis, and for what an extra arm also sets. */
  readonly settings: Readonly<Record<string, Json>>;
  /** `extra` arms are not in the grid of the axes; the widened baseline is one. */
  readonly kind: "grid" | "extra";
  readonly parameters: { readonly total: number; readonly active: number };
  /** Training FLOPs of one update on average data. */
  readonly flops: number;
}

/** A modality's loss by step; ascending steps, equal lengths. Losses that were not finite are NaN. */
export interface Curve {
  readonly steps: readonly number[];
  readonly losses: readonly number[];
}

export interface ResultRun {
  /** Index into `arms`. */
  readonly arm: number;
  readonly seed: number;
  readonly id: string;
  readonly state: "pending" | "running" | "done" | "failed";
  /** The reason of a failure, as a sentence. */
  readonly reason?: string;
  /** Curves by modality name, for finished runs. */
  readonly training: Readonly<Record<string, Curve>>;
  readonly validation: Readonly<Record<string, Curve>>;
}

export interface AblationResults {
  readonly name: string;
  /** The resolved spec. */
  readonly spec: string;
  readonly axes: readonly ResultAxis[];
  readonly arms: readonly ResultArm[];
  /** Index into `arms`; undefined if the ablation has no baseline. */
  readonly baseline: number | undefined;
  readonly seeds: readonly number[];
  readonly modalities: readonly {
    readonly name: string;
    /** The unit of its loss, such as "nats per token". */
    readonly unit: string;
    /** The number of held-out documents that contain it; several ascending numbers if arms hold out different documents. */
    readonly heldOut?: readonly number[];
  }[];
  /** Updates in a run. */
  readonly steps: number;
  /** One run for each arm and seed. */
  readonly runs: readonly ResultRun[];
  /** Differs between two executions of an ablation. */
  readonly clock: { readonly devices: readonly string[]; readonly seconds: number };
}
