// Reports a run to a tracker: the calls of `mom train --track`. A tracker that fails, hangs or is slow never disturbs the
// run: calls wait in a bounded queue, each has a time limit, and the first problem becomes one warning.
import { contentHash } from "../data/content-hash.js";
import { type Diagnostic, diagnosticOf } from "../diagnostics/diagnostic.js";
import type { SampleGroup } from "../report/samples.js";
import { type MetricRecord, scalarsOf } from "../train/metrics.js";
import type { Session } from "../train/sessions.js";

/** What `start` receives. */
export interface TrackedRun {
  /** The same for all processes that train this run, and for copies of its folder. */
  readonly id: string;
  /** The name of the run's folder. */
  readonly name: string;
  /** The run's folder, as it was given. */
  readonly folder: string;
  /** The number of updates that a resumed run has made; 0 for a new run. */
  readonly step: number;
  /** The number of updates that it will have made. */
  readonly steps: number;
  /** Every field of the spec by its path, with defaults. */
  readonly hyperparameters: Readonly<Record<string, string | number | boolean>>;
  /** The spec as text. */
  readonly spec: string;
  readonly parameters: number;
  readonly device: string;
  /** The version of mom. */
  readonly version: string;
  /** The unit of each modality's loss. */
  readonly units: Readonly<Record<string, string>>;
}

/** What `step` receives: the numbers of an update, or of a validation after it. */
export interface TrackedMetrics {
  /** The number of updates so far. */
  readonly step: number;
  /**
   * The numbers by the names that TensorBoard shows: `train/loss`, `train/loss/text`, `train/lr`, `validation/loss`, …
   * They may be NaN or infinite.
   */
  readonly values: Readonly<Record<string, number>>;
}

/** What `sample` receives: a picture or a text that the model made, and the true one. */
export type TrackedSample = {
  /** The number of updates before it. */
  readonly step: number;
  /** For example `image, held-out`. */
  readonly group: string;
  readonly name: string;
} & (
  | {
      readonly kind: "picture";
      /** PNG files. */
      readonly truth: Uint8Array;
      readonly sampled: readonly Uint8Array[];
    }
  | {
      readonly kind: "text";
      /** The prompt, as text, and a picture in it as a PNG file. */
      readonly given: string;
      readonly picture?: Uint8Array;
      readonly truth: string;
      readonly sampled: string;
    }
);

/** What `end` receives. */
export interface TrackedResult {
  /** `stopped` and `failed` runs can be resumed. */
  readonly how: "done" | "stopped" | "diverged" | "failed";
  /** The number of updates so far. */
  readonly step: number;
  /** The path of the report; absent if the run diverged or failed. */
  readonly report?: string;
  /** Why it diverged or failed. */
  readonly reason?: string;
}

/**
 * Receives what happens in a run. Calls are made one after another, each when the promise of the one before has settled
 * or 10 seconds have passed. Objects must not be changed.
 */
export interface Tracker {
  start?(run: TrackedRun): void | Promise<void>;
  step?(metrics: TrackedMetrics): void | Promise<void>;
  sample?(sample: TrackedSample): void | Promise<void>;
  end?(result: TrackedResult): void | Promise<void>;
}

export type TrackedCall =
  | { readonly to: "start"; readonly value: TrackedRun }
  | { readonly to: "step"; readonly value: TrackedMetrics }
  | { readonly to: "sample"; readonly value: TrackedSample }
  | { readonly to: "end"; readonly value: TrackedResult };

export const TRACKER_CALLS = ["start", "step", "sample", "end"] as const;

/** A tracker, in this process or another thread. */
export interface OpenTracker {
  /** For messages: the name of its file. */
  readonly name: string;
  /** Which of its functions it has. */
  readonly has: ReadonlySet<TrackedCall["to"]>;
  /** Rejects if the function throws, or its promise rejects. May never settle. */
  readonly call: (call: TrackedCall) => Promise<void>;
  readonly close: () => void;
}

/** A tracker whose functions are called in this process. */
export const trackerHere = (tracker: Tracker): OpenTracker => ({
  name: "the tracker",
  has: new Set(TRACKER_CALLS.filter((name) => typeof tracker[name] === "function")),
  call: async ({ to, value }) => {
    await (tracker[to] as ((value: unknown) => unknown) | undefined)?.(value);
  },
  close: () => {},
});

/** Reports to a tracker without waiting. Nothing here throws. */
export interface Tracking {
  readonly start: (run: TrackedRun) => void;
  /** @param others numbers that are not in the record, by their names */
  readonly step: (record: MetricRecord, others?: Readonly<Record<string, number>>) => void;
  /** The samples of the last step. */
  readonly samples: (groups: readonly SampleGroup[]) => void;
  /** The last call. Resolves when all calls are done, or after the time limit. */
  readonly end: (result: Omit<TrackedResult, "step">) => Promise<void>;
}

export interface TrackingLimits {
  /** Milliseconds that a call may take, and that the end of a run waits for all that are left. */
  readonly milliseconds: number;
  /** The number of calls that may wait. Beyond it, the oldest `step` is left out. */
  readonly waiting: number;
}

const LIMITS: TrackingLimits = { milliseconds: 10_000, waiting: 1000 };

/** @param warn receives the first problem; the others are not reported */
export function trackingOf(
  tracker: OpenTracker,
  warn: (warning: Diagnostic) => void,
  { milliseconds, waiting }: TrackingLimits = LIMITS,
): Tracking {
  const queue: TrackedCall[] = [];
  let begun = false;
  let step = 0;
  let delivering: Promise<void> | undefined;
  let warned = false;
  const complain = (what: string) => {
    if (!warned) warn(trackerFailed(tracker.name, what));
    warned = true;
  };
  const deliver = async () => {
    for (let call = queue.shift(); call !== undefined; call = queue.shift()) {
      const { to } = call;
      const done = tracker.call(call).then(
        () => "done",
        (error: unknown) => complain(`failed in \`${to}\`: ${problemOf(error)}`),
      );
      if ((await within(milliseconds, done)) === "late")
        complain(`did not finish \`${to}\` within ${seconds(milliseconds)}`);
    }
    delivering = undefined;
  };
  const add = (call: TrackedCall) => {
    if (!tracker.has.has(call.to)) return;
    if (queue.length >= waiting) {
      const oldest = queue.findIndex(({ to }) => to === "step");
      queue.splice(Math.max(0, oldest), 1);
      complain(`cannot keep up with the run: ${waiting} calls wait, so the oldest steps are left out`);
    }
    queue.push(call);
    delivering ??= deliver();
  };
  return {
    start(value) {
      begun = true;
      step = value.step;
      add({ to: "start", value });
    },
    step(record, others = {}) {
      step = record.step;
      add({ to: "step", value: { step, values: { ...scalarsOf(record), ...others } } });
    },
    samples(groups) {
      for (const value of groups.flatMap((group) => samplesOf(step, group))) add({ to: "sample", value });
    },
    async end(result) {
      if (begun) add({ to: "end", value: { step, ...result } });
      if (delivering !== undefined && (await within(milliseconds, delivering)) === "late") {
        complain(`did not finish within ${seconds(milliseconds)} after the run`);
        queue.length = 0;
      }
      tracker.close();
    },
  };
}

const samplesOf = (step: number, { label, samples, texts = [] }: SampleGroup): TrackedSample[] => [
  ...samples.map((one) => ({ kind: "picture", step, group: label, ...one }) as const),
  ...texts.map((one) => ({ kind: "text", step, group: label, ...one }) as const),
];

/** A name of a run that stays when it is resumed, moved or copied. */
export const runId = (first: Session): string => contentHash(JSON.stringify(first)).slice(0, 16);

/** What went wrong, in one line. Node's `fetch` names the reason only in the cause. */
export function problemOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause } = error;
  const text = cause instanceof Error && cause.message !== "" ? `${message} (${cause.message})` : message;
  return (text.trim() || error.name).split("\n", 1)[0] as string;
}

const seconds = (milliseconds: number): string => `${milliseconds / 1000} s`;

const trackerFailed = (name: string, what: string): Diagnostic =>
  diagnosticOf("tracker-failed", `${name} ${what}.`, {
    help: "The run is not affected. Further problems of the tracker are not reported.",
  });

/** What the promise resolves to, or `late`. The promise must not reject. */
async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | "late"> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
