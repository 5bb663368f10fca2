// Writes the metrics of a run (metrics.jsonl, timing.jsonl, TensorBoard events), and removes what a resume undoes.
import { joinedBytes } from "../data/joined.js";
import { checkpointSteps } from "./checkpoint.js";
import { diskFailure } from "./errors.js";
import { lineBytesUpTo, type MetricRecord, recordLine, scalarsOf, type TimingRecord } from "./metrics.js";
import { pathIn, type Run } from "./run-folder.js";

interface Recorder {
  readonly metric: (record: MetricRecord) => void;
  readonly timing: (record: TimingRecord) => void;
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
  const scalars = (step: number, values: Record<string, number>) => {
    if (!disk.exists(events)) disk.append(events, versionRecord(now() / 1000));
    disk.append(events, scalarRecord({ wallTime: now() / 1000, step, scalars: values }));
  };
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
  const folder = pathIn(run, "checkpoints");
  for (const later of checkpointSteps(run).filter((other) => other > (step ?? 0))) {
    const aside = disk.paths.join(folder, `set-aside-step-${later}`);
    disk.remove(aside);
    disk.rename(disk.paths.join(folder, `step-${later}`), aside);
  }
}

interface ScalarEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  /** Tag → value; rounded to f32. */
  readonly scalars: Readonly<Record<string, number>>;
}

// TensorBoard's event files: TFRecord frames around `Event` messages, with only scalars. Formats:
// tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto, framework/summary.proto.

/** The first record of every event file. */
export const versionRecord = (wallTime: number): Uint8Array =>
  frame(joinedBytes([double(1, wallTime), text(3, "brain.Event:2")]));

/** One event with all its scalars: Event { wall_time = 1, step = 2, summary = 5 { value = 1 { tag = 1, simple_value = 2 } } }. */
export function scalarRecord({ wallTime, step, scalars }: ScalarEvent): Uint8Array {
  const values = Object.entries(scalars).map(([tag, value]) =>
    nested(1, joinedBytes([text(1, tag), single(2, value)])),
  );
  return frame(joinedBytes([double(1, wallTime), tagged(2, 0), varint(step), nested(5, joinedBytes(values))]));
}

/**
 * Bytes of complete records of steps up to `step` in an event file. Records are in order of steps, so what follows is
 * later or incomplete.
 */
export function eventBytesUpTo(file: Uint8Array, step: number): number {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let end = 0;
  while (end + 12 <= file.length) {
    const length = Number(view.getBigUint64(end, true));
    const next = end + 16 + length;
    if (maskedCrc32c(file.subarray(end, end + 8)) !== view.getUint32(end + 8, true) || next > file.length) break;
    const message = file.subarray(end + 12, end + 12 + length);
    if (maskedCrc32c(message) !== view.getUint32(next - 4, true)) break;
    if (stepOf(message) > step) break;
    end = next;
  }
  return end;
}

/** The step of an event written here, whose wall time (9 bytes) comes first; an event without a step has step 0. */
function stepOf(message: Uint8Array): number {
  if (message[9] !== 0x10) return 0;
  let value = 0;
  for (let index = 10; index < message.length; index++) {
    const byte = message[index] as number;
    value += (byte & 0x7f) * 2 ** (7 * (index - 10));
    if (byte < 0x80) break;
  }
  return value;
}

/** A TFRecord: length (u64), masked CRC of the length, the message, masked CRC of the message; little-endian. */
export function frame(message: Uint8Array): Uint8Array {
  const record = new Uint8Array(message.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(message.length), true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(message, 12);
  view.setUint32(12 + message.length, maskedCrc32c(message), true);
  return record;
}

/** TFRecord's checksum: CRC-32C rotated right by 15 bits, plus a constant, so that a CRC of CRCs stays strong. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** CRC-32C (Castagnoli), reflected, polynomial 0x82F63B78. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (CRC_TABLE[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

// The subset of Protocol Buffers' wire format that scalars need.
const tagged = (field: number, wireType: 0 | 1 | 2 | 5): Uint8Array => Uint8Array.of((field << 3) | wireType);

const nested = (field: number, message: Uint8Array): Uint8Array =>
  joinedBytes([tagged(field, 2), varint(message.length), message]);

const text = (field: number, value: string): Uint8Array => nested(field, new TextEncoder().encode(value));

function double(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return joinedBytes([tagged(field, 1), bytes]);
}

function single(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return joinedBytes([tagged(field, 5), bytes]);
}

/** A whole number in [0, 2⁵³), seven bits per byte, least significant first. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
