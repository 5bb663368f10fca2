// Schedules variants on several workers, each of which trains one variant after another.

/** How the training of a variant ended. */
export type Ended =
  | { readonly kind: "done" }
  /** It was stopped and has saved a checkpoint. */
  | { readonly kind: "stopped" }
  /** Another process trains it. */
  | { readonly kind: "taken" }
  | { readonly kind: "failed"; readonly reason: string; readonly exit: number };

export interface Worker {
  /** Trains a variant to its end, a failure, or a stop. */
  readonly train: (index: number) => Promise<Ended>;
  /** Whether it can train another variant. False if its process or device is gone. */
  readonly alive: () => boolean;
  readonly close: () => void;
}

export interface Schedule {
  /** Indices of variants, in the order of training. */
  readonly queue: readonly number[];
  /** Number of variants that are trained at a time. */
  readonly jobs: number;
  /** The number of failures after which no variant is started; undefined for no limit. */
  readonly maxFailures: number | undefined;
  /** A rejection ends the schedule, since there is no device. */
  readonly openWorker: () => Promise<Worker>;
  /** Called before a variant starts. */
  readonly stopWanted: () => boolean;
  readonly began: (index: number) => void;
  readonly ended: (index: number, ended: Ended) => void;
}

export interface Summary {
  /** Variants that were not started, or were stopped. */
  readonly left: readonly number[];
  readonly failed: number;
}

/** Resolves when all training has ended. Rejects with `openWorker`'s error if variants are left. */
export async function follow(schedule: Schedule): Promise<Summary> {
  const waiting = [...schedule.queue];
  const left: number[] = [];
  let failed = 0;
  const over = (): boolean => schedule.stopWanted() || failed >= (schedule.maxFailures ?? Number.POSITIVE_INFINITY);

  const lane = async (): Promise<void> => {
    let worker: Worker | undefined;
    try {
      while (waiting.length > 0 && !over()) {
        if (!worker?.alive()) {
          worker?.close();
          worker = await schedule.openWorker();
          if (over()) break;
        }
        // Another lane may have taken the last variant.
        const index = waiting.shift();
        if (index === undefined) break;
        schedule.began(index);
        const ended = await worker.train(index);
        if (ended.kind === "failed") failed++;
        if (ended.kind === "stopped") left.push(index);
        schedule.ended(index, ended);
      }
    } finally {
      worker?.close();
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(schedule.jobs, waiting.length) }, lane));
  const broken = lanes.find((result) => result.status === "rejected");
  if (broken && waiting.length > 0) throw broken.reason;
  return { left: [...left, ...waiting].sort((a, b) => a - b), failed };
}
