// Shards: prepared documents as bytes. A shard is a safetensors file, so other tools can read it. Its metadata:
//   format        "mom shard 1"
//   crc32         checksum of every tensor in the file's order: its name, type and shape as text, then its bytes
// Its tensors:
//   documents     I32 [documents, 3]  first row in `segments`; 1 if segments may be in either order; split hash
//   segments      I32 [segments, 3]   modality; begin and end in `tokens`, or in the modality's items
//   tokens        I32 [ids]           each modality's own ids, from 0
//   pictures.M    U8 [items, height, width, channels]   items of modality M; F32 if it holds latents
//   files.M       U8 [bytes]          instead, if training decodes the pictures of M: their files, one after another
//   ends.M        I32 [items]         the end of each file
//   codebook.M    U8 [bytes]          the codebook file of modality M, unchanged
//   skipped       U8 [bytes]          if documents were skipped because of unreadable files: a JSON list
//   uncounted     I32 [rows]          if some segments are only read, without a loss: their rows in `segments`
//   extra         U8 [bytes]          if documents have other keys: a JSON list of objects, or null without any
//   labels        U8 [bytes]          labels of the documents in reports: a JSON list of strings in UTF-8
// A shard does not depend on the vocabulary's layout, names, the held-out share or the length of sequences.
import { InputError } from "../diagnostics/input-error.js";
import { holdsIds, itemOf, type Modality } from "../modalities/modality.fields.js";
import type { ItemShape } from "../modalities/row.fields.js";
import { type Crc32, crc32 as portableCrc32 } from "./crc32.js";
import { joined, joinedBytes } from "./joined.js";
import { type Bytes, type Entry, inFileOrder, safetensorsEntries, safetensorsPieces } from "./safetensors.js";
import type { Tensor } from "./tensor.js";

export const SHARD_FORMAT = "mom shard 1";

/** A document before it is written to a shard. */
export interface PreparedDocument {
  readonly label: string;
  /** In [0, 2³²), computed from the content alone. Decides the document's side of the split. */
  readonly hash: number;
  readonly eitherOrder: boolean;
  readonly segments: readonly PreparedSegment[];
  /** Other keys of the document, for readers. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

export type PreparedSegment = {
  readonly modality: number;
  /** False if it is only read, without a loss. */
  readonly counted?: false;
} & (
  | { readonly ids: ArrayLike<number> }
  | { readonly pixels: Uint8Array }
  /** The file of a picture that training decodes. */
  | { readonly file: Uint8Array }
  /** [height, width, channels] */
  | { readonly latent: Float32Array }
);

/** A list, or a reader of single items. */
export interface Rows<T> {
  readonly length: number;
  at(index: number): T | undefined;
}

/** Numbers, or a reader of ranges of them. */
interface Numbers<A> {
  slice(begin: number, end: number): A;
}

/** The checked tensors of a shard. Ids and pictures are read on demand. */
export interface Shard {
  readonly documents: Rows<ShardDocument>;
  readonly label: (document: number) => string;
  /** Other keys of a document; undefined without any. */
  readonly extra: (document: number) => Readonly<Record<string, unknown>> | undefined;
  readonly segments: Rows<ShardSegment>;
  readonly tokens: Numbers<Int32Array>;
  /** Items by modality index. */
  readonly items: ReadonlyMap<number, Numbers<Uint8Array> | Numbers<Float32Array>>;
  /** Files of pictures that training decodes, by modality index. */
  readonly files?: ReadonlyMap<number, Rows<Uint8Array>>;
  /** Codebook files by modality index. */
  readonly codebooks: ReadonlyMap<number, Uint8Array>;
  readonly skipped?: readonly SkippedDocument[];
  readonly checksum: number;
}

/** A document that was skipped because of its unreadable files. */
export interface SkippedDocument {
  /** Its number in the source. */
  readonly document: number;
  /** The error of each file: `pairs.jsonl:3: cat.png: …` */
  readonly files: readonly string[];
}

export interface ShardDocument {
  readonly hash: number;
  readonly eitherOrder: boolean;
  /** Rows of `segments`. */
  readonly begin: number;
  readonly end: number;
}

export interface ShardSegment {
  readonly modality: number;
  /** Whether it counts in the loss. */
  readonly counted: boolean;
  /** A range of `tokens`, or of the modality's items. */
  readonly begin: number;
  readonly end: number;
}

/**
 * The bytes of a shard as consecutive pieces.
 * @param codebooks codebook files to store, by modality index
 */
export function shardPieces(
  documents: readonly PreparedDocument[],
  modalities: readonly Modality[],
  codebooks: ReadonlyMap<number, Uint8Array> = new Map(),
  skipped: readonly SkippedDocument[] = [],
  crc32: Crc32 = portableCrc32,
): Uint8Array[] {
  const rows: number[] = [];
  const segments: number[] = [];
  const texts: ArrayLike<number>[] = [];
  const uncounted: number[] = [];
  const items = new Map<number, (Uint8Array | Float32Array)[]>();
  const files = new Map<number, Uint8Array[]>();
  const add = <T>(map: Map<number, T[]>, modality: number, item: T) => {
    const held = map.get(modality) ?? [];
    segments.push(modality, held.length, held.length + 1);
    held.push(item);
    map.set(modality, held);
  };
  let ids = 0;
  for (const document of documents) {
    rows.push(segments.length / 3, Number(document.eitherOrder), document.hash | 0);
    for (const segment of document.segments) {
      if (segment.counted === false) uncounted.push(segments.length / 3);
      if ("ids" in segment) {
        segments.push(segment.modality, ids, ids + segment.ids.length);
        ids += segment.ids.length;
        texts.push(segment.ids);
      } else if ("file" in segment) add(files, segment.modality, segment.file);
      else add(items, segment.modality, "pixels" in segment ? segment.pixels : segment.latent);
    }
  }
  const labels = new TextEncoder().encode(JSON.stringify(documents.map(({ label }) => label)));
  const tensors = new Map<string, Tensor>();
  tensors.set("documents", { dtype: "I32", shape: [documents.length, 3], data: Int32Array.from(rows) });
  tensors.set("segments", { dtype: "I32", shape: [segments.length / 3, 3], data: Int32Array.from(segments) });
  tensors.set("tokens", { dtype: "I32", shape: [ids], data: joined(texts, new Int32Array(ids)) });
  tensors.set("labels", { dtype: "U8", shape: [labels.length], data: labels });
  if (uncounted.length > 0)
    tensors.set("uncounted", { dtype: "I32", shape: [uncounted.length], data: Int32Array.from(uncounted) });
  if (documents.some(({ extra }) => extra !== undefined)) {
    const bytes = new TextEncoder().encode(JSON.stringify(documents.map(({ extra = null }) => extra)));
    tensors.set("extra", { dtype: "U8", shape: [bytes.length], data: bytes });
  }
  const left = new TextEncoder().encode(JSON.stringify(skipped));
  if (skipped.length > 0) tensors.set("skipped", { dtype: "U8", shape: [left.length], data: left });
  for (const [index, held] of items) {
    const stored = itemOf(modalities[index]);
    const shape = [held.length, ...sidesOf(stored)];
    const numbers = held.length * (held[0]?.length ?? 0);
    const tensor: Tensor =
      stored?.type === "F32"
        ? { dtype: "F32", shape, data: joined(held, new Float32Array(numbers)) }
        : { dtype: "U8", shape, data: joined(held, new Uint8Array(numbers)) };
    tensors.set(`pictures.${index}`, tensor);
  }
  for (const [index, held] of files) {
    let end = 0;
    const ends = Int32Array.from(held, ({ length }) => {
      end += length;
      return end;
    });
    tensors.set(`files.${index}`, { dtype: "U8", shape: [end], data: joined(held, new Uint8Array(end)) });
    tensors.set(`ends.${index}`, { dtype: "I32", shape: [ends.length], data: ends });
  }
  for (const [index, file] of codebooks)
    tensors.set(`codebook.${index}`, { dtype: "U8", shape: [file.length], data: file });
  let checksum = 0;
  for (const [name, { dtype, shape, data }] of inFileOrder(tensors)) {
    checksum = crc32(factsOf({ name, dtype, shape }), checksum);
    checksum = crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), checksum);
  }
  return safetensorsPieces(tensors, { format: SHARD_FORMAT, crc32: String(checksum) });
}

/** The same in one piece. */
export function writeShard(...shard: Parameters<typeof shardPieces>): Uint8Array {
  return joinedBytes(shardPieces(...shard));
}

/**
 * @param crc32 the platform's, if it has a faster one
 * @throws InputError if the shard is damaged or was prepared for other modalities
 */
export function readShard(
  bytes: Bytes,
  name: string,
  modalities: readonly Modality[],
  crc32: Crc32 = portableCrc32,
): Shard {
  const { entries, metadata } = safetensorsEntries(bytes, name);
  if (metadata.format !== SHARD_FORMAT)
    throw new InputError("bad-shard", `${name} is not a shard of the format "${SHARD_FORMAT}"`, AGAIN);
  const checksum = checksumOf(entries, bytes, crc32);
  if (metadata.crc32 !== String(checksum))
    throw new InputError("bad-shard", `${name}: the shard's checksum does not match its contents`, AGAIN);
  const entryOf = (key: string) => entries.find((entry) => entry.name === key);
  const numbers = (key: string): Numbers<Int32Array> & { readonly length: number } => {
    const entry = entryOf(key);
    if (entry?.dtype === "I32") return stored(bytes, entry, (part) => new Int32Array(part.buffer));
    throw new InputError("bad-shard", `${name}: the shard has no I32 tensor "${key}"`, AGAIN);
  };
  const all = (key: string): Int32Array => {
    const tensor = numbers(key);
    return tensor.slice(0, tensor.length);
  };
  const items = new Map<number, Numbers<Uint8Array> | Numbers<Float32Array>>();
  const codebooks = new Map<number, Uint8Array>();
  const files = new Map<number, Rows<Uint8Array>>();
  modalities.forEach((modality, index) => {
    const codebook = entryOf(`codebook.${index}`);
    if (codebook?.dtype === "U8") codebooks.set(index, owned(bytes, codebook.begin, codebook.end));
    const shape = itemOf(modality);
    const [bodies, ends] = [entryOf(`files.${index}`), entryOf(`ends.${index}`)];
    if (bodies !== undefined && ends !== undefined) {
      if (shape?.live === undefined) throw otherModalities(name);
      files.set(index, filesIn(storedBytes(bytes, bodies), all(`ends.${index}`)));
      return;
    }
    const held = entryOf(`pictures.${index}`);
    if (held === undefined) return;
    if (shape?.live !== undefined) throw otherModalities(name);
    if (held.shape.slice(1).join("×") !== sidesOf(shape).join("×")) throw otherModalities(name);
    if (held.dtype !== shape?.type) throw otherModalities(name);
    items.set(
      index,
      held.dtype === "F32" ? stored(bytes, held, (part) => new Float32Array(part.buffer)) : storedBytes(bytes, held),
    );
  });
  const segments = segmentsOf(all("segments"), new Set(entryOf("uncounted") === undefined ? [] : all("uncounted")));
  for (let row = 0; row < segments.length; row++) {
    const { modality } = segments.at(row) as ShardSegment;
    const declared = modalities[modality];
    const isItem = items.has(modality) || files.has(modality);
    if (declared === undefined || holdsIds(declared) === isItem) throw otherModalities(name);
  }
  const labels = listIn<string>(bytes, entryOf("labels"));
  const extra = listIn<Readonly<Record<string, unknown>> | null>(bytes, entryOf("extra"));
  const left = entryOf("skipped");
  const skipped: SkippedDocument[] = left === undefined ? [] : jsonAt(bytes, left);
  return {
    documents: documentsOf(all("documents"), segments.length),
    label: (document) => labels(document) ?? "",
    extra: (document) => extra(document) ?? undefined,
    segments,
    tokens: numbers("tokens"),
    items,
    files,
    codebooks,
    skipped,
    checksum,
  };
}

const AGAIN = "Prepare the data again.";

/** An aligned copy, from which numbers of any width can be read. */
const owned = (bytes: Bytes, begin: number, end: number) => new Uint8Array(bytes.slice(begin, end));

function stored<A>(bytes: Bytes, { begin, end }: Entry, read: (part: Uint8Array<ArrayBuffer>) => A) {
  return {
    length: (end - begin) / 4,
    slice: (from: number, to: number): A => read(owned(bytes, begin + 4 * from, begin + 4 * to)),
  };
}

/** Bytes need no alignment, so they are not copied. */
const storedBytes = (bytes: Bytes, { begin }: Entry): Numbers<Uint8Array> => ({
  slice: (from, to) => bytes.slice(begin + from, begin + to),
});

const filesIn = (bodies: Numbers<Uint8Array>, ends: Int32Array): Rows<Uint8Array> => ({
  length: ends.length,
  at: (index) => {
    const end = ends[index];
    return end === undefined ? undefined : bodies.slice(ends[index - 1] ?? 0, end);
  },
});

function segmentsOf(rows: Int32Array, uncounted: ReadonlySet<number>): Rows<ShardSegment> {
  const number = (index: number) => rows[index] as number;
  return {
    length: rows.length / 3,
    at: (row) => ({
      modality: number(3 * row),
      counted: !uncounted.has(row),
      begin: number(3 * row + 1),
      end: number(3 * row + 2),
    }),
  };
}

function documentsOf(rows: Int32Array, segments: number): Rows<ShardDocument> {
  const number = (index: number) => rows[index] as number;
  return {
    length: rows.length / 3,
    at: (row) => ({
      hash: number(3 * row + 2) >>> 0,
      eitherOrder: number(3 * row + 1) === 1,
      begin: number(3 * row),
      end: rows[3 * row + 3] ?? segments,
    }),
  };
}

const jsonAt = <T>(bytes: Bytes, { begin, end }: Entry) =>
  JSON.parse(new TextDecoder().decode(bytes.slice(begin, end))) as T;

/** Reads a JSON list on demand, and drops it if memory runs low. */
function listIn<T extends string | object | null>(
  bytes: Bytes,
  entry: Entry | undefined,
): (row: number) => T | undefined {
  let known: WeakRef<readonly T[]> | undefined;
  return (row) => {
    if (entry === undefined) return undefined;
    const list = known?.deref() ?? jsonAt<T[]>(bytes, entry);
    known = new WeakRef(list);
    return list[row];
  };
}

const otherModalities = (name: string) =>
  new InputError("bad-shard", `${name}: the shard was prepared for modalities that differ from the model's`, AGAIN);

const sidesOf = (item: ItemShape | undefined) => (item ? [item.height, item.width, item.channels] : []);

const factsOf = ({ name, dtype, shape }: Pick<Entry, "name" | "dtype" | "shape">): Uint8Array =>
  new TextEncoder().encode(`${name} ${dtype} [${shape}]`);

/** Bytes that are read at a time. */
const PIECE = 2 ** 20;

function checksumOf(entries: readonly Entry[], bytes: Bytes, crc32: Crc32): number {
  let checksum = 0;
  for (const entry of entries) {
    checksum = crc32(factsOf(entry), checksum);
    for (let at = entry.begin; at < entry.end; at += PIECE)
      checksum = crc32(bytes.slice(at, Math.min(entry.end, at + PIECE)), checksum);
  }
  return checksum;
}
