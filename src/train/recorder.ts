// Writes down what a run measures (metrics.jsonl, timing.jsonl, TensorBoard events), and takes back what a resume undoes.
import { checkpointSteps } from "./checkpoint.js";
import { lineBytesUpTo, type MetricRecord, recordLine, scalarsOf, type TimingRecord } from "./metrics.js";
import { diskFailure } from "./mistakes.js";
import { pathIn, type Run } from "./run-folder.js";
import { eventBytesUpTo, scalarRecord, versionRecord } from "./tensorboard.js";

export interface Recorder {
  readonly metric: (record: MetricRecord) => void;
  readonly timing: (record: TimingRecord) => void;
  /** Returns when all records are on the disk: call it before a checkpoint is written, which must not be ahead of them. */
  readonly sync: () => void;
}

/**
 * @param now milliseconds since 1970; goes into TensorBoard's events alone
 * The functions throw Failure where the disk refuses; a record is written whole or not at all.
 */
export function recorder(run: Run, now: () => number = Date.now): Recorder {
  const { disk } = run;
  const events = pathIn(run, "events");
  const guarded = (write: () => void): void => {
    try {
      write();
    } catch (error) {
      throw diskFailure(error, `The metrics in ${run.path}`, ", then go on from the last checkpoint with --resume.");
    }
  };
  const scalars = (step: number, values: Record<string, number>): void => {
    if (!disk.exists(events)) disk.append(events, versionRecord(now() / 1000));
    disk.append(events, scalarRecord({ wallTime: now() / 1000, step, scalars: values }));
  };
  const line = (file: "metrics" | "timing", record: MetricRecord | TimingRecord): void =>
    disk.append(pathIn(run, file), new TextEncoder().encode(recordLine(record)));
  return {
    metric: (record) =>
      guarded(() => {
        line("metrics", record);
        scalars(record.step, scalarsOf(record));
      }),
    timing: (record) =>
      guarded(() => {
        line("timing", record);
        scalars(record.step, { "train/tokens_per_second": record.tokens_per_second });
      }),
    sync: () =>
      guarded(() => {
        for (const file of ["metrics", "timing", "events"] as const)
          if (disk.exists(pathIn(run, file))) disk.sync(pathIn(run, file));
      }),
  };
}

/**
 * Takes a run back to `step`: the records after it go, and checkpoints after it (damaged, or of a future that will be
 * lived again) are renamed `set-aside-step-N`, so that they neither count nor get lost. Without a step it goes back to
 * before everything.
 */
export function rewindRun(run: Run, step: number | undefined): void {
  const { disk } = run;
  const cut = (file: "metrics" | "timing" | "events", bytesUpTo: (bytes: Uint8Array, step: number) => number): void => {
    const path = pathIn(run, file);
    if (step === undefined) disk.remove(path);
    else if (disk.exists(path)) disk.truncate(path, bytesUpTo(disk.read(path), step));
  };
  cut("metrics", lineBytesUpTo);
  cut("timing", lineBytesUpTo);
  cut("events", eventBytesUpTo);
  const folder = pathIn(run, "checkpoints");
  for (const later of checkpointSteps(run).filter((other) => other > (step ?? 0))) {
    const aside = disk.paths.join(folder, `set-aside-step-${later}`);
    disk.remove(aside);
    disk.rename(disk.paths.join(folder, `step-${later}`), aside);
  }
}
