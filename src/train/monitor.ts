// Follows the validation losses that `keep_best` and `stop` name: the lowest so far, and how long ago it was.
import type { TrainFields } from "../front/spec.js";
import type { StoppedEarly, ValidationRecord } from "./metrics.js";

/** The lowest value of a validation loss. */
export interface Lowest {
  /** The loss: a modality's name, or `SET.MODALITY`. */
  readonly on: string;
  readonly step: number;
  readonly loss: number;
}

/** The state of a monitor in a checkpoint. */
export interface MonitorState {
  /** The checkpoint with the lowest loss, if the spec has `keep_best`. */
  readonly best?: Lowest;
  /** The lowest loss of `stop`, and the number of validations since then. */
  readonly patience?: Lowest & { readonly validations: number };
}

export interface Monitor {
  /** Takes a validation. Returns whether its weights are the best so far, and whether the run stops. */
  readonly note: (record: ValidationRecord) => { readonly isBest: boolean; readonly stopped?: StoppedEarly };
  /** Whether the run has stopped. */
  readonly stopped: () => StoppedEarly | undefined;
  readonly state: () => MonitorState;
}

/** A validation loss by the name that a spec gives it; undefined if the record lacks it. */
export function lossNamed({ losses, sets = {} }: ValidationRecord, on: string): number | undefined {
  const dot = on.indexOf(".");
  return dot < 0 ? losses[on] : sets[on.slice(0, dot)]?.losses[on.slice(dot + 1)];
}

/** @param before the state in the checkpoint that a run continues from. It counts for the same losses only */
export function monitorOf({ keep_best, stop }: TrainFields, before: MonitorState = {}): Monitor {
  let best = before.best?.on === keep_best ? before.best : undefined;
  let patience = before.patience?.on === stop?.on ? before.patience : undefined;
  /** NaN is never the lowest. */
  const lower = (record: ValidationRecord, on: string, than: Lowest | undefined): Lowest | undefined => {
    const loss = lossNamed(record, on);
    return loss !== undefined && loss < (than?.loss ?? Number.POSITIVE_INFINITY)
      ? { on, step: record.step, loss }
      : undefined;
  };
  const stopped = (): StoppedEarly | undefined => {
    if (stop === undefined || patience === undefined || patience.validations < stop.validations) return undefined;
    const { on, step, loss, validations } = patience;
    return { on, validations, best_step: step, best_loss: loss };
  };
  return {
    note(record) {
      const found = keep_best === undefined ? undefined : lower(record, keep_best, best);
      best = found ?? best;
      if (stop !== undefined) {
        const lowest = lower(record, stop.on, patience);
        if (lowest) patience = { ...lowest, validations: 0 };
        else if (patience) patience = { ...patience, validations: patience.validations + 1 };
      }
      const end = stopped();
      return { isBest: found !== undefined, ...(end && { stopped: end }) };
    },
    stopped,
    state: () => ({ ...(best && { best }), ...(patience && { patience }) }),
  };
}
