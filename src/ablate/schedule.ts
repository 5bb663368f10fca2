// Which variant is trained next and where: so many at a time, each on a worker that takes one after another.

/** How a worker's work on a variant ended. */
export type Ended =
  | { readonly kind: "done" }
  /** Asked to stop, it has saved. */
  | { readonly kind: "stopped" }
  /** Another process trains it. */
  | { readonly kind: "taken" }
  | { readonly kind: "failed"; readonly reason: string; readonly exit: number };

export interface Worker {
  /** Trains a variant to its end, a failure, or a stop. */
  readonly train: (index: number) => Promise<Ended>;
  /** Whether it can take another variant: not when its process or device is gone. */
  readonly alive: () => boolean;
  readonly close: () => void;
}

export interface Schedule {
  /** Indices of variants, in the order in which they are begun. */
  readonly queue: readonly number[];
  /** Variants at a time. */
  readonly jobs: number;
  /** No variant is begun after so many failures; undefined for no limit. */
  readonly maxFailures: number | undefined;
  /** A rejection ends the schedule: there is no device to train on. */
  readonly openWorker: () => Promise<Worker>;
  /** Asked before a variant is begun. */
  readonly stopWanted: () => boolean;
  readonly began: (index: number) => void;
  readonly ended: (index: number, ended: Ended) => void;
}

export interface Summary {
  /** Variants that were not begun, or were stopped. */
  readonly left: readonly number[];
  readonly failed: number;
}

/** Resolves when nothing is under way any more. Rejects as `openWorker` did where that left variants undone. */
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
        // Another lane may have taken the last one meanwhile.
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
