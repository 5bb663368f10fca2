// Writes the metrics of a run (metrics.jsonl, timing.jsonl, TensorBoard events), and removes what a resume undoes.
import { joinedBytes } from "../data/joined.js";
import { checkpointSteps } from "./checkpoint.js";
import { diskFailure } from "./errors.js";
import { lineBytesUpTo, type MetricRecord, recordLine, scalarsOf, type TimingRecord } from "./metrics.js";
import { replaceFile } from "./replace-file.js";
import { pathIn, type Run } from "./run-folder.js";
import { readSessions } from "./sessions.js";
import {
  END_TAG,
  eventBytesUpTo,
  eventRecord,
  type Hyperparameters,
  START_TAG,
  type Summary,
  versionRecord,
} from "./tensorboard.js";

interface Recorder {
  readonly metric: (record: MetricRecord) => void;
  readonly timing: (record: TimingRecord) => void;
  /** Adds pictures and texts to TensorBoard's events, and returns when they are on the disk. */
  readonly summaries: (step: number, summaries: readonly Summary[]) => void;
  /** Returns when all records are on the disk. Called before a checkpoint is written, which must not be ahead of them. */
  readonly sync: () => void;
}

/**
 * The functions throw Failure if writing fails. A record is written completely or not at all.
 * @param now milliseconds since 1970; used only in TensorBoard's events
 */
export function recorder(run: Run, now: () => number = Date.now): Recorder {
  const { disk } = run;
  const events = pathIn(run, "events");
  const guarded = (write: () => void) => {
    try {
      write();
    } catch (error) {
      throw diskFailure(error, `The metrics in ${run.path}`, ", then continue from the last checkpoint with --resume.");
    }
  };
  const event = (step: number, summaries: readonly Summary[]) => {
    if (!disk.exists(events)) disk.append(events, versionRecord(now() / 1000));
    disk.append(events, eventRecord(now() / 1000, step, summaries));
  };
  const scalars = (step: number, values: Record<string, number>) =>
    event(
      step,
      Object.entries(values).map(([tag, value]) => ({ tag, kind: "scalar", value })),
    );
  const line = (file: "metrics" | "timing", record: MetricRecord | TimingRecord) =>
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
    summaries: (step, summaries) =>
      guarded(() => {
        event(step, summaries);
        disk.sync(events);
      }),
    sync: () =>
      guarded(() => {
        for (const file of ["metrics", "timing", "events"] as const)
          if (disk.exists(pathIn(run, file))) disk.sync(pathIn(run, file));
      }),
  };
}

/**
 * Returns a run to `step`: removes the records after it, and renames the checkpoints after it to `set-aside-step-N`, so
 * that they are neither used nor lost. Without a step, returns to the start.
 */
export function rewindRun(run: Run, step: number | undefined): void {
  const { disk } = run;
  const cut = (file: "metrics" | "timing" | "events", bytesUpTo: (bytes: Uint8Array, step: number) => number) => {
    const path = pathIn(run, file);
    if (step === undefined) disk.remove(path);
    else if (disk.exists(path)) disk.truncate(path, bytesUpTo(disk.read(path), step));
  };
  cut("metrics", lineBytesUpTo);
  cut("timing", lineBytesUpTo);
  cut("events", eventBytesUpTo);
  const samples = pathIn(run, "samples");
  for (const name of disk.exists(samples) && !disk.isLink(samples) ? disk.list(samples) : []) {
    const made = /^step-(\d+)$/.exec(name)?.[1];
    if (made !== undefined && Number(made) > (step ?? 0)) disk.remove(disk.paths.join(samples, name));
  }
  const folder = pathIn(run, "checkpoints");
  for (const later of checkpointSteps(run).filter((other) => other > (step ?? 0))) {
    const aside = disk.paths.join(folder, `set-aside-step-${later}`);
    disk.remove(aside);
    disk.rename(disk.paths.join(folder, `step-${later}`), aside);
  }
}

/**
 * Writes the spec and the hyperparameters of a run to an event file of their own, which each process replaces: TensorBoard
 * shows the first of several values. Its name comes before that of the records, because TensorBoard reads the files of a
 * folder in that order and waits for more only at the end of the last.
 *
 * No record lists the metrics: TensorBoard then takes those that it finds, and compares runs with different fields.
 * @param spec its text
 * @param now milliseconds since 1970
 * @returns a function that adds how the run ended
 * @throws Failure if writing fails, also from that function
 */
export function writeEventHead(
  run: Run,
  spec: string,
  hyperparameters: Hyperparameters,
  now: () => number = Date.now,
): (how: "success" | "failure") => void {
  const [first] = readSessions(run);
  const seconds = (first ? Date.parse(first.began) : now()) / 1000;
  const summaries: Summary[] = [
    { tag: "spec", kind: "text", text: verbatim(spec) },
    { tag: START_TAG, kind: "start", hyperparameters, seconds },
  ];
  const write = (all: readonly Summary[]) => {
    const bytes = joinedBytes([versionRecord(seconds), eventRecord(seconds, 0, all)]);
    replaceFile(run.disk, pathIn(run, "eventHead"), bytes, ", then continue from the last checkpoint with --resume.");
  };
  write(summaries);
  return (how) =>
    write([...summaries, { tag: END_TAG, kind: "end", success: how === "success", seconds: now() / 1000 }]);
}

/** Text in Markdown that is shown as it is, with its line ends. */
export const verbatim = (text: string): string => text.replace(/^/gm, "    ");
