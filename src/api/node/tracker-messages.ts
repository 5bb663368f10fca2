// The messages between a run and the thread of its tracker.
import type { TrackedCall } from "../tracking.js";

/** What the thread is started with. */
export interface TrackerData {
  /** The URL of the module. */
  readonly url: string;
}

export interface ToTracker {
  readonly id: number;
  readonly call: TrackedCall;
}

export type FromTracker =
  /** The module is loaded, and has these functions. */
  | { readonly kind: "loaded"; readonly has: readonly TrackedCall["to"][] }
  | { readonly kind: "unfit"; readonly reason: string }
  /** The call with this id is done, or has failed. */
  | { readonly kind: "done"; readonly id: number; readonly failed?: string };
