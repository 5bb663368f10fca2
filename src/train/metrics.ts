// The metrics of a run, as lines of JSON. Nothing in metrics.jsonl depends on the clock; clock times are in timing.jsonl.

import { isRecord } from "../diagnostics/json-shape.js";

/** Losses are means over the batch, also by modality for those in the batch. A number that is not finite is NaN. */
export interface TrainRecord {
  readonly kind: "train";
  /** Updates made so far, this one included. */
  readonly step: number;
  readonly loss: number;
  readonly losses: Readonly<Record<string, number>>;
  readonly lr: number;
  /** Before clipping. */
  readonly gradient_norm: number;
  /** The loss scale after this update, if gradients are scaled. An update whose norm is not finite was skipped. */
  readonly loss_scale?: number;
}

/** Losses of a set of documents: weighted, and by modality. */
export interface SetLosses {
  readonly loss: number;
  readonly losses: Readonly<Record<string, number>>;
}

/** Losses over all held-out documents, and over those of each named validation set. */
export interface ValidationRecord extends SetLosses {
  readonly kind: "validation";
  readonly step: number;
  readonly sets?: Readonly<Record<string, SetLosses>>;
  /** Present if the run stopped here, before its last step. */
  readonly stopped?: StoppedEarly;
}

/** Why a run stopped early: a validation loss has not fallen in a number of validations. */
export interface StoppedEarly {
  readonly on: string;
  readonly validations: number;
  readonly best_step: number;
  readonly best_loss: number;
}

export type MetricRecord = TrainRecord | ValidationRecord;

export interface TimingRecord {
  readonly step: number;
  /** Seconds that the run has trained, over all its processes. Earlier versions started from 0 in each process. */
  readonly seconds: number;
  readonly tokens_per_second: number;
  /** Tokens of all updates so far. Earlier versions did not record them. */
  readonly tokens?: number;
}

/** How long a run has trained and on how many tokens, by its records. */
export interface Spent {
  readonly seconds: number;
  /** Undefined if an earlier version of mom made some of the steps. */
  readonly tokens: number | undefined;
}

export const spentBy = (timing: readonly TimingRecord[]): Spent => ({
  seconds: trainedSeconds(timing.map(({ seconds }) => seconds)).at(-1) ?? 0,
  tokens: timing.length === 0 ? 0 : timing.at(-1)?.tokens,
});

/** Seconds of training up to each record, by their clocks. In runs of earlier versions the clock starts again with every process. */
export function trainedSeconds(clocks: readonly number[]): number[] {
  let [total, before] = [0, 0];
  return clocks.map((seconds) => {
    if (Number.isFinite(seconds)) {
      total += seconds >= before ? seconds - before : seconds;
      before = seconds;
    }
    return total;
  });
}

/** The share of a run's steps that a smoothed training loss averages, since the loss of one batch is noisy. */
const SMOOTHED = 0.04;

/** The number of points, of this many, that a smoothed training loss averages. */
export const smoothingWindow = (points: number): number => Math.max(1, Math.round(SMOOTHED * points));

/** A record as one line. JSON has no NaN and no infinity: both become null. */
export const recordLine = (record: MetricRecord | TimingRecord): string => `${JSON.stringify(record)}\n`;

/** The records of a metrics file, or the number, from 1, of the first invalid line. Ignores an incomplete last line. */
export const parseMetrics = (text: string): MetricRecord[] | number => parseLines(text, asMetric);

/** The same for a timing file. */
export const parseTiming = (text: string): TimingRecord[] | number => parseLines(text, asTiming);

/** The records in a file up to a step. */
interface KeptSteps {
  /** Steps with a record. */
  readonly steps: ReadonlySet<number>;
  /** The number, from 1, of the first line that is not a record. */
  readonly damaged: number | undefined;
  /** Whether records of those steps follow the damaged line. */
  readonly continues: boolean;
}

/** Reads a metrics or a timing file up to the records of `step`. */
export function keptSteps(file: Uint8Array, step: number): KeptSteps {
  const steps = new Set<number>();
  let damaged: number | undefined;
  let continues = false;
  const lines = new TextDecoder().decode(file).split("\n").slice(0, -1);
  for (const [index, line] of lines.entries()) {
    const object = parseObject(line);
    const record = object && ("seconds" in object ? asTiming(object) : asMetric(object));
    if (record === undefined) damaged ??= index + 1;
    else if (record.step <= step) {
      if (!("kind" in record && record.kind === "validation")) steps.add(record.step);
      continues ||= damaged !== undefined;
    }
  }
  return { steps, damaged, continues };
}

/** Bytes of complete lines of steps up to `step`, in a file whose lines are in order of steps. */
export function lineBytesUpTo(file: Uint8Array, step: number): number {
  let end = 0;
  for (;;) {
    const newline = file.indexOf(0x0a, end);
    if (newline < 0) return end;
    const record = parseObject(new TextDecoder().decode(file.subarray(end, newline)));
    if (!(Number(record?.step) <= step)) return end;
    end = newline + 1;
  }
}

/** A record's values by TensorBoard tag: `train/loss`, `train/loss/text`, … */
export function scalarsOf(record: MetricRecord): Record<string, number> {
  const { kind, loss, losses } = record;
  const scalars: Record<string, number> = { [`${kind}/loss`]: loss };
  for (const [modality, value] of Object.entries(losses)) scalars[`${kind}/loss/${modality}`] = value;
  if (record.kind === "validation")
    for (const [name, set] of Object.entries(record.sets ?? {})) {
      scalars[`validation/${name}/loss`] = set.loss;
      for (const [modality, value] of Object.entries(set.losses))
        scalars[`validation/${name}/loss/${modality}`] = value;
    }
  if (record.kind === "train") {
    scalars["train/lr"] = record.lr;
    scalars["train/gradient_norm"] = record.gradient_norm;
    if (record.loss_scale !== undefined) scalars["train/loss_scale"] = record.loss_scale;
  }
  return scalars;
}

function parseLines<T>(text: string, parse: (object: Record<string, unknown>) => T | undefined): T[] | number {
  const records: T[] = [];
  const lines = text.split("\n").slice(0, -1);
  for (const [index, line] of lines.entries()) {
    const object = parseObject(line);
    const record = object && parse(object);
    if (record === undefined) return index + 1;
    records.push(record);
  }
  return records;
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The value of a line as a record; undefined if it is not one. */
export function asMetric({
  kind,
  step,
  loss,
  losses,
  lr,
  gradient_norm,
  loss_scale,
  sets,
  stopped,
}: Record<string, unknown>): MetricRecord | undefined {
  if (typeof step !== "number" || !isRecord(losses)) return undefined;
  const common = { step, ...asLosses(loss, losses) };
  if (kind === "validation") {
    const named = Object.entries(isRecord(sets) ? sets : {}).map(([name, set]): [string, SetLosses] => {
      const written = isRecord(set) ? set : {};
      return [name, asLosses(written.loss, isRecord(written.losses) ? written.losses : {})];
    });
    const end = asStopped(stopped);
    return {
      kind,
      ...common,
      ...(named.length > 0 && { sets: Object.fromEntries(named) }),
      ...(end && { stopped: end }),
    };
  }
  if (kind === "train") {
    const scale = typeof loss_scale === "number" ? { loss_scale } : {};
    return { kind, ...common, lr: measured(lr), gradient_norm: measured(gradient_norm), ...scale };
  }
  return undefined;
}

function asStopped(value: unknown): StoppedEarly | undefined {
  if (!isRecord(value)) return undefined;
  const { on, validations, best_step, best_loss } = value;
  if (typeof on !== "string" || typeof validations !== "number" || typeof best_step !== "number") return undefined;
  return { on, validations, best_step, best_loss: measured(best_loss) };
}

const asLosses = (loss: unknown, losses: Readonly<Record<string, unknown>>): SetLosses => ({
  loss: measured(loss),
  losses: Object.fromEntries(Object.entries(losses).map(([name, value]) => [name, measured(value)])),
});

/** The same for a line of a timing file. */
export function asTiming({
  step,
  seconds,
  tokens_per_second,
  tokens,
}: Record<string, unknown>): TimingRecord | undefined {
  if (typeof step !== "number") return undefined;
  const counted = typeof tokens === "number" ? { tokens } : {};
  return { step, seconds: measured(seconds), tokens_per_second: measured(tokens_per_second), ...counted };
}

const measured = (value: unknown) => (typeof value === "number" ? value : Number.NaN);
