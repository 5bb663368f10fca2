// The messages between an ablation's process and its workers, as JSON over a pipe.
import type { AdapterSource } from "../../gpu/dawn.js";
import type { TuneMode } from "../../tune/tune.js";

/** The settings of a worker: its only argument. */
export interface WorkerSettings {
  /** The ablation's folder. */
  readonly folder: string;
  /** The spec's file. Paths in every variant are relative to it. */
  readonly specFile: string;
  readonly adapter?: AdapterSource | undefined;
  /** Folders outside the project that the spec may read. */
  readonly allow: readonly string[];
  readonly skipBad: boolean;
  readonly keepWeights: boolean;
  readonly tune: TuneMode;
}

export type ToWorker =
  | { readonly kind: "train"; readonly id: string; readonly text: string }
  /** Measure the kernels of these variants that have no measurement, before any variant is trained. */
  | { readonly kind: "tune"; readonly texts: readonly string[] }
  /** Save the running variant and stop. */
  | { readonly kind: "stop" };

export type FromWorker =
  | { readonly kind: "ready"; readonly device: string }
  /** There is no device, so no variant can be trained. */
  | { readonly kind: "unfit"; readonly reason: string; readonly remedy: string }
  | { readonly kind: "stepped"; readonly step: number }
  /** A line about a measurement or a warning about a variant that continues, and the end of measuring. */
  | { readonly kind: "notice"; readonly line: string }
  | { readonly kind: "tuned" }
  | { readonly kind: "ended"; readonly how: "done" | "stopped" | "taken" }
  /** `lasting`: the worker cannot continue. */
  | { readonly kind: "failed"; readonly reason: string; readonly exit: number; readonly lasting: boolean };
