// TensorBoard's event files: TFRecord frames around `Event` messages. Formats: tensorflow/core/lib/io/record_writer.h,
// tensorboard/compat/proto/{event,summary,tensor}.proto, and the plugins' own writers: tensorboard/plugins/{image,text}/
// summary_v2.py and tensorboard/plugins/hparams/summary_v2.py.
import { joinedBytes } from "../data/joined.js";

/** A value under a tag. */
export type Summary = {
  readonly tag: string;
  /** Shown beside the tag. Markdown. */
  readonly description?: string;
} & (
  | { readonly kind: "scalar"; readonly value: number }
  /** PNG files. */
  | { readonly kind: "pictures"; readonly pictures: readonly Uint8Array[] }
  /** Markdown. */
  | { readonly kind: "text"; readonly text: string }
  /** Rows of cells with Markdown. */
  | { readonly kind: "table"; readonly rows: readonly (readonly string[])[] }
  | { readonly kind: "start"; readonly hyperparameters: Hyperparameters; readonly seconds: number }
  | { readonly kind: "end"; readonly success: boolean; readonly seconds: number }
);

/** Fields of a spec by their paths. */
export type Hyperparameters = ReadonlyMap<string, string | number | boolean>;

/** The first record of every event file. @param wallTime seconds since 1970 */
export const versionRecord = (wallTime: number): Uint8Array =>
  frame(joinedBytes([double(1, wallTime), chars(3, "brain.Event:2")]));

/**
 * One event: Event { wall_time = 1, step = 2, summary = 5 { value = 1 … } }.
 * @param wallTime seconds since 1970
 */
export function eventRecord(wallTime: number, step: number, summaries: readonly Summary[]): Uint8Array {
  const values = summaries.map((summary) => nested(1, joinedBytes(valueBytes(summary))));
  return frame(joinedBytes([double(1, wallTime), tagged(2, 0), varint(step), nested(5, joinedBytes(values))]));
}

/** Value { tag = 1, simple_value = 2, tensor = 8, metadata = 9 }. */
function valueBytes(summary: Summary): Uint8Array[] {
  const { tag, description } = summary;
  const plugin = (name: string, content?: Uint8Array) => nested(9, metadata(name, content, description));
  switch (summary.kind) {
    case "scalar":
      // TensorBoard reads it as a tensor of the plugin "scalars". This form takes half the bytes.
      return [chars(1, tag), single(2, summary.value)];
    case "pictures":
      return [chars(1, tag), nested(8, pictureTensor(summary.pictures)), plugin("images")];
    case "text":
      return [chars(1, tag), nested(8, stringTensor([], [summary.text])), plugin("text")];
    case "table": {
      const { rows } = summary;
      return [chars(1, tag), nested(8, stringTensor([rows.length, rows[0]?.length ?? 0], rows.flat())), plugin("text")];
    }
    case "start":
      return [chars(1, tag), nested(8, NO_NUMBERS), plugin("hparams", nested(3, sessionStart(summary)))];
    case "end":
      return [chars(1, tag), nested(8, NO_NUMBERS), plugin("hparams", nested(4, sessionEnd(summary)))];
  }
}

/** The tags under which the plugin for hyperparameters looks for the start and the end of a run. */
export const START_TAG = "_hparams_/session_start_info";
export const END_TAG = "_hparams_/session_end_info";

/** SummaryMetadata { plugin_data = 1 { plugin_name = 1, content = 2 }, summary_description = 3 }. */
const metadata = (plugin: string, content: Uint8Array | undefined, description: string | undefined) =>
  joinedBytes([
    nested(1, joinedBytes([chars(1, plugin), ...(content ? [nested(2, content)] : [])])),
    ...(description === undefined ? [] : [chars(3, description)]),
  ]);

/** TensorProto { dtype = 1, tensor_shape = 2 { dim = 2 { size = 1 } }, string_val = 8 } of type DT_STRING = 7. */
function stringTensor(shape: readonly number[], values: readonly (string | Uint8Array)[]): Uint8Array {
  const dims = shape.map((size) => nested(2, joinedBytes([tagged(1, 0), varint(size)])));
  const bytes = values.map((value) => nested(8, typeof value === "string" ? new TextEncoder().encode(value) : value));
  return joinedBytes([tagged(1, 0), varint(7), nested(2, joinedBytes(dims)), ...bytes]);
}

/** An empty tensor of type DT_FLOAT = 1 and shape [0], for summaries that are only metadata. */
const NO_NUMBERS = Uint8Array.of(0x08, 1, 0x12, 2, 0x12, 0);

/** Width and height of the first picture as decimal numbers, then the pictures. */
function pictureTensor(pictures: readonly Uint8Array[]): Uint8Array {
  const [width, height] = sizeOf(pictures[0] as Uint8Array);
  return stringTensor([pictures.length + 2], [String(width), String(height), ...pictures]);
}

/** The size of a PNG file, from its header chunk. */
function sizeOf(png: Uint8Array): [width: number, height: number] {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  return [view.getUint32(16), view.getUint32(20)];
}

/** SessionStartInfo { hparams = 1 { key = 1, value = 2 }, start_time_secs = 5 }. */
function sessionStart({ hyperparameters, seconds }: Extract<Summary, { kind: "start" }>): Uint8Array {
  const entries = [...hyperparameters].sort(([one], [other]) => (one < other ? -1 : 1));
  const pairs = entries.map(([name, value]) => nested(1, joinedBytes([chars(1, name), nested(2, structValue(value))])));
  return joinedBytes([...pairs, double(5, seconds)]);
}

/** google.protobuf.Value { number_value = 2, string_value = 3, bool_value = 4 }. */
function structValue(value: string | number | boolean): Uint8Array {
  if (typeof value === "number") return double(2, value);
  return typeof value === "string" ? chars(3, value) : joinedBytes([tagged(4, 0), varint(value ? 1 : 0)]);
}

/** SessionEndInfo { status = 1, end_time_secs = 2 } with STATUS_SUCCESS = 1 or STATUS_FAILURE = 2. */
const sessionEnd = ({ success, seconds }: Extract<Summary, { kind: "end" }>): Uint8Array =>
  joinedBytes([tagged(1, 0), varint(success ? 1 : 2), double(2, seconds)]);

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

// The subset of Protocol Buffers' wire format that these messages need.
const tagged = (field: number, wireType: 0 | 1 | 2 | 5): Uint8Array => Uint8Array.of((field << 3) | wireType);

const nested = (field: number, message: Uint8Array): Uint8Array =>
  joinedBytes([tagged(field, 2), varint(message.length), message]);

const chars = (field: number, value: string): Uint8Array => nested(field, new TextEncoder().encode(value));

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
