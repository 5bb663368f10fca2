// Reads and writes safetensors files.
// Layout: a u64 header length (little-endian), a JSON header, then the bytes of the tensors without gaps.
// Assumes a little-endian machine, as every platform of Node and WebGPU is.

import { InputError } from "../diagnostics/input-error.js";
import { isRecord, repeatedKey } from "../diagnostics/json-shape.js";
import { foreignKind, isJsonObject, LOOKED_AT } from "./foreign-file.js";
import { bfloat16sToF32, f16sToF32 } from "./half.js";
import { joinedBytes } from "./joined.js";
import { CONVERT, ELEMENT_BITS, isRead, isReadType, type ReadType, type StoredTensor, type Tensor } from "./tensor.js";

/** The bytes of a file: a Uint8Array, or a reader for files larger than one array. */
export interface Bytes {
  readonly length: number;
  /** The bytes from `begin` up to `end`; fewer if the file ends earlier. */
  slice(begin: number, end: number): Uint8Array;
}

export interface Safetensors<T extends StoredTensor = StoredTensor> {
  /** In the order of their bytes in the file. */
  readonly tensors: Map<string, T>;
  readonly metadata: Record<string, string>;
}

/** The checked header entry of one tensor. Offsets are in bytes from the end of the header. */
export interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** The format's own limit on the header. */
const HEADER_LIMIT = 100_000_000;
const METADATA = "__metadata__";

const DAMAGED = "The file is damaged: copy or download it again, or write it again.";
const TRUNCATED = "The file is truncated: copy or download it again, or write it again.";

/**
 * Reads a complete file. Every byte after the header must belong to exactly one tensor.
 * F16 and BF16 tensors are widened to F32. Tensors own copies of their numbers; tensors of unsupported types have none.
 * @param name the file's name in errors
 * @param wanted selects tensors by name; default all. The others are checked and omitted
 * @throws InputError if the file violates the format
 */
export function readSafetensors(bytes: Bytes, name: string, wanted?: (tensor: string) => boolean): Safetensors {
  const { entries, metadata } = safetensorsEntries(bytes, name);
  const read = wanted === undefined ? entries : entries.filter((entry) => wanted(entry.name));
  return { tensors: new Map(read.map((entry) => [entry.name, decode(entry, bytes)])), metadata };
}

/** Only the checked header of a file: the place of each tensor, in the file's order. @throws InputError */
export function safetensorsEntries(
  bytes: Bytes,
  name: string,
): { readonly entries: readonly Entry[]; readonly metadata: Record<string, string> } {
  const { header, dataStart } = readHeader(bytes, name);
  const entries = Object.entries(header)
    .filter(([key]) => key !== METADATA)
    .map(([key, value]) => checkEntry(key, value, name))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCoverage(entries, bytes.length - dataStart, name);
  const moved = entries.map((entry) => ({ ...entry, begin: dataStart + entry.begin, end: dataStart + entry.end }));
  return { entries: moved, metadata: checkMetadata(header[METADATA], name) };
}

/**
 * The same for a file that this program wrote.
 * @throws InputError if a tensor has an unsupported type
 */
export function readOwnSafetensors(bytes: Bytes, name: string): Safetensors<Tensor> {
  const { tensors, metadata } = readSafetensors(bytes, name);
  const own = new Map<string, Tensor>();
  for (const [key, tensor] of tensors) {
    if (!isRead(tensor))
      throw new InputError("bad-tensors", `${name}: tensor "${key}" has the type ${tensor.stored}`, CONVERT);
    own.set(key, tensor);
  }
  return { tensors: own, metadata };
}

/**
 * The bytes of a file. The same tensors and metadata give the same bytes, whatever their order.
 * Tensors are sorted by element size, widest first, then by name, so that each is aligned. The header is padded to 8 bytes.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  return joinedBytes(safetensorsPieces(tensors, metadata));
}

/** Tensors in the order of a file that is written here. */
export const inFileOrder = (tensors: ReadonlyMap<string, Tensor>): [string, Tensor][] =>
  [...tensors].sort(([a, x], [b, y]) => y.data.BYTES_PER_ELEMENT - x.data.BYTES_PER_ELEMENT || (a < b ? -1 : 1));

/** The same as consecutive pieces, for files of any size: a header, then each tensor's own memory. */
export function safetensorsPieces(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const ordered = inFileOrder(tensors);
  for (const [name, { shape, data }] of ordered)
    if (name === METADATA || data.length !== elements(shape))
      throw new RangeError(`cannot write tensor "${name}" of shape [${shape}] with ${data.length} numbers`);
  const header = safetensorsHeader(
    ordered.map(([name, { dtype, shape, data }]) => ({ name, dtype, shape, bytes: data.byteLength })),
    metadata,
  );
  return [header, ...ordered.map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength))];
}

/** The start of a file, before the bytes of these tensors, in this order. */
export function safetensorsHeader(
  tensors: readonly { name: string; dtype: Tensor["dtype"]; shape: readonly number[]; bytes: number }[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const facts = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  const fields = facts.length === 0 ? [] : [`"${METADATA}":{${facts.map(keyed).join(",")}}`];
  let end = 0;
  for (const { name, dtype, shape, bytes } of tensors) {
    const begin = end;
    end += bytes;
    fields.push(keyed([name, { dtype, shape, data_offsets: [begin, end] }]));
  }
  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  const headerLength = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + headerLength);
  new DataView(header.buffer).setBigUint64(0, BigInt(headerLength), true);
  header.fill(0x20, 8);
  header.set(json, 8);
  return header;
}

const keyed = ([key, value]: [string, unknown]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`;
const elements = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

function readHeader(bytes: Bytes, name: string): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < 8)
    throw new InputError("bad-tensors", `${name}: the file has ${bytes.length} bytes, fewer than a header`, TRUNCATED);
  const length = new Uint8Array(bytes.slice(0, 8));
  const claimed = new DataView(length.buffer).getBigUint64(0, true);
  if (claimed > HEADER_LIMIT) refuseForeign(bytes.slice(0, LOOKED_AT), name);
  if (claimed > HEADER_LIMIT)
    throw new InputError(
      "bad-tensors",
      `${name}: the header has ${claimed} bytes; the limit is ${HEADER_LIMIT}`,
      DAMAGED,
    );
  const dataStart = 8 + Number(claimed);
  if (dataStart > bytes.length)
    throw new InputError(
      "bad-tensors",
      `${name}: the header should have ${claimed} bytes, but only ${bytes.length - 8} follow`,
      TRUNCATED,
    );
  const header = parseHeader(bytes.slice(8, dataStart), name);
  return { header, dataStart };
}

/** Throws if the first bytes are those of another file format. */
function refuseForeign(start: Uint8Array, name: string): void {
  const kind = foreignKind(start);
  if (kind) throw new InputError("bad-tensors", `${name} is not a safetensors file: ${kind.is}`, kind.remedy);
  if (isJsonObject(start))
    throw new InputError(
      "bad-tensors",
      `${name} is not a safetensors file: it is JSON`,
      "Use the file that holds the tensors.",
    );
}

function parseHeader(json: Uint8Array, name: string): Record<string, unknown> {
  let header: unknown;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(json);
    header = JSON.parse(text);
  } catch {
    throw new InputError("bad-tensors", `${name}: the header is not JSON in UTF-8`, DAMAGED);
  }
  if (!isRecord(header)) throw new InputError("bad-tensors", `${name}: the header is not a JSON object`, DAMAGED);
  const repeated = repeatedKey(text);
  if (repeated !== undefined)
    throw new InputError(
      "bad-tensors",
      `${name}: the header names "${repeated}" twice`,
      "Write the file again with one tensor of that name.",
    );
  return header;
}
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isCounts = (value: unknown): value is number[] => Array.isArray(value) && value.every(isCount);

function checkEntry(key: string, value: unknown, name: string): Entry {
  const wrong = (what: string) => new InputError("bad-tensors", `${name}: tensor "${key}" ${what}`, DAMAGED);
  if (!isRecord(value)) throw wrong("is not described by a JSON object");
  const extra = Object.keys(value).find((field) => !["dtype", "shape", "data_offsets"].includes(field));
  if (extra !== undefined) throw wrong(`has the unknown field "${extra}"`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string") throw wrong("has no type");
  if (!isCounts(shape)) throw wrong("has a shape that is not a list of whole numbers ≥ 0");
  if (!isCounts(offsets) || offsets.length !== 2) throw wrong("has data_offsets that are not two whole numbers ≥ 0");
  const [begin, end] = offsets as [number, number];
  if (begin > end) throw wrong(`ends at byte ${end}, before its start at ${begin}`);
  const bits = ELEMENT_BITS.get(dtype);
  // A type that is newer than the table may have elements of any size, but its shape must still be possible.
  const bytes = bytesOf(shape, bits ?? 1);
  if (bytes === undefined) throw wrong(`has a shape that is too large: [${shape}]`);
  if (bits !== undefined && bytes !== end - begin)
    throw wrong(`has ${end - begin} bytes, but ${dtype} of shape [${shape}] takes ${bytes}`);
  return { name: key, dtype, shape, begin, end };
}

/** Undefined if a product overflows. As in the format's own library, a later size of 0 does not help. */
function bytesOf(shape: readonly number[], bits: number): number | undefined {
  let product = 1;
  for (const size of shape) {
    product *= size;
    if (!Number.isSafeInteger(product)) return undefined;
  }
  return Number.isSafeInteger(product * bits) ? (product * bits) / 8 : undefined;
}

/** Throws unless the entries, sorted by offset, cover the bytes after the header exactly once and without gaps. */
function checkCoverage(entries: readonly Entry[], length: number, name: string): void {
  let end = 0;
  let previous = "the header";
  for (const entry of entries) {
    const tensor = `${name}: tensor "${entry.name}"`;
    if (entry.end > length)
      throw new InputError(
        "bad-tensors",
        `${tensor} ends at byte ${entry.end} of the data, which has ${length}`,
        TRUNCATED,
      );
    if (entry.begin < end) throw new InputError("bad-tensors", `${tensor} overlaps ${previous}`, DAMAGED);
    if (entry.begin > end)
      throw new InputError(
        "bad-tensors",
        `${tensor} leaves ${entry.begin - end} bytes unused after ${previous}`,
        DAMAGED,
      );
    end = entry.end;
    previous = `tensor "${entry.name}"`;
  }
  if (end < length) throw new InputError("bad-tensors", `${name}: ${length - end} bytes follow ${previous}`, DAMAGED);
}

function checkMetadata(value: unknown, name: string): Record<string, string> {
  if (value === undefined) return {};
  if (isRecord(value) && Object.values(value).every((fact) => typeof fact === "string"))
    return value as Record<string, string>;
  throw new InputError("bad-tensors", `${name}: ${METADATA} is not a JSON object of strings`, DAMAGED);
}

function decode({ dtype, shape, begin, end }: Entry, bytes: Bytes): StoredTensor {
  if (!isReadType(dtype)) return { dtype: "unread", stored: dtype, shape };
  return numbersOf(dtype, shape, new Uint8Array(bytes.slice(begin, end)).buffer);
}

function numbersOf(dtype: ReadType, shape: readonly number[], buffer: ArrayBuffer): Tensor {
  switch (dtype) {
    case "F64":
      return { dtype, shape, data: new Float64Array(buffer) };
    case "I64":
      return { dtype, shape, data: new BigInt64Array(buffer) };
    case "F32":
      return { dtype, shape, data: new Float32Array(buffer) };
    case "I32":
      return { dtype, shape, data: new Int32Array(buffer) };
    case "U8":
      return { dtype, shape, data: new Uint8Array(buffer) };
    case "F16":
      return { dtype: "F32", shape, data: f16sToF32(new Uint16Array(buffer)) };
    case "BF16":
      return { dtype: "F32", shape, data: bfloat16sToF32(new Uint16Array(buffer)) };
  }
}
