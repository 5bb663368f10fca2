// What an ablation's process and its workers say to each other, as JSON over a pipe.
import type { AdapterSource } from "../../gpu/dawn.js";
import type { TuneMode } from "../../tune/tune.js";

/** A worker's settings, its one argument. */
export interface WorkerSettings {
  /** The ablation's folder. */
  readonly folder: string;
  /** The spec's file: paths in every variant are relative to it. */
  readonly specFile: string;
  readonly adapter?: AdapterSource | undefined;
  /** Folders that the spec may read besides its project. */
  readonly allow: readonly string[];
  readonly skipBad: boolean;
  readonly keepWeights: boolean;
  readonly tune: TuneMode;
}

export type ToWorker =
  | { readonly kind: "train"; readonly id: string; readonly text: string }
  /** Measure what these variants lack, before any is trained. */
  | { readonly kind: "tune"; readonly texts: readonly string[] }
  /** Save what is under way, and stop. */
  | { readonly kind: "stop" };

export type FromWorker =
  | { readonly kind: "ready"; readonly device: string }
  /** There is no device: no variant can be trained. */
  | { readonly kind: "unfit"; readonly reason: string; readonly remedy: string }
  | { readonly kind: "stepped"; readonly step: number }
  /** What is measured, or wrong with a variant that goes on all the same; and that all is measured. */
  | { readonly kind: "notice"; readonly line: string }
  | { readonly kind: "tuned" }
  | { readonly kind: "ended"; readonly how: "done" | "stopped" | "taken" }
  /** `lasting`: the worker cannot go on either. */
  | { readonly kind: "failed"; readonly reason: string; readonly exit: number; readonly lasting: boolean };
