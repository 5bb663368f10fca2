// What an ablation's runs measured, as plain data: all that its answer and its report are made from.
import type { Json } from "../front/spec.js";

/** A path of the spec that varies, train.seed left out: that is what an arm is repeated over. */
export interface ResultAxis {
  readonly path: string;
  readonly values: readonly Json[];
  /** The parts of which the values are all subsets, where they are: `subsets([in_proj, x_proj])`. */
  readonly subsetsOf?: readonly string[];
}

/** A point of the design: one value of each axis. Runs of an arm differ in their seed alone. */
export interface ResultArm {
  /** Short, for people: `in_proj + x_proj`, `none`, `d_state 8`. Unique. */
  readonly label: string;
  /** Path → value, for each axis, and for what an extra arm sets besides. */
  readonly settings: Readonly<Record<string, Json>>;
  /** `extra` arms are no points of the grid that the axes span: the widened baseline is one. */
  readonly kind: "grid" | "extra";
  readonly parameters: { readonly total: number; readonly active: number };
  /** Training FLOPs of one update, data as they are on average. */
  readonly flops: number;
}

/** A modality's loss by step; ascending, of equal length. Losses that were not finite are NaN. */
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
  /** One sentence, where it failed. */
  readonly reason?: string;
  /** By modality name; of runs that are done. */
  readonly training: Readonly<Record<string, Curve>>;
  readonly validation: Readonly<Record<string, Curve>>;
}

export interface AblationResults {
  readonly name: string;
  /** The spec that varies, as resolved. */
  readonly spec: string;
  readonly axes: readonly ResultAxis[];
  readonly arms: readonly ResultArm[];
  /** Index into `arms`; undefined where the ablation names no baseline. */
  readonly baseline: number | undefined;
  readonly seeds: readonly number[];
  readonly modalities: readonly {
    readonly name: string;
    /** What its loss measures: "nats a token". */
    readonly unit: string;
    /** Held-out documents that have it, ascending: several counts where arms do not hold out the same. */
    readonly heldOut?: readonly number[];
  }[];
  /** Updates of a run. */
  readonly steps: number;
  /** One run for each arm and seed. */
  readonly runs: readonly ResultRun[];
  /** Not the same in two runs of one ablation. */
  readonly clock: { readonly devices: readonly string[]; readonly seconds: number };
}
