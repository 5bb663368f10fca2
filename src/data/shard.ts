// Shards: prepared documents as bytes. A shard is a safetensors file, so any tool can look into it, with the metadata
//   format        "mom shard 1"
//   crc32         checksum over every tensor in the file's order: its name, type and shape as text, then its bytes
// and the tensors
//   documents     I32 [documents, 3]  first row in `segments`; 1 where segments may stand in either order; split hash
//   segments      I32 [segments, 3]   modality; begin and end in `tokens`, or in the modality's `pictures`
//   tokens        I32 [ids]           each modality's own ids, from 0
//   pictures.M    U8 [pictures, height, width, channels]   pixels of the modality with index M; F32 for latents
//   codebook.M    U8 [bytes]          the file of the codebook of the modality with index M, as it is
//   labels        U8 [bytes]          what reports call each document: a JSON list of strings in UTF-8
// Nothing here depends on the vocabulary's layout, on names, on the split's share or on a sequence's length.
import { InputError } from "../diagnostics/input-error.js";
import type { Modality } from "../modalities/modality.fields.js";
import { crc32 } from "./crc32.js";
import { readOwnSafetensors, writeSafetensors } from "./safetensors.js";
import type { Tensor } from "./tensor.js";

export const SHARD_FORMAT = "mom shard 1";

/** A document on its way into a shard. */
export interface PreparedDocument {
  readonly label: string;
  /** In [0, 2³²), from the content alone: decides on which side of the split the document is. */
  readonly hash: number;
  readonly eitherOrder: boolean;
  readonly segments: readonly PreparedSegment[];
}

export type PreparedSegment =
  | { readonly modality: number; readonly ids: ArrayLike<number> }
  | { readonly modality: number; readonly pixels: Uint8Array }
  /** [height, width, channels] */
  | { readonly modality: number; readonly latent: Float32Array };

/** A shard's tensors, checked. */
export interface Shard {
  readonly documents: readonly ShardDocument[];
  readonly segments: readonly ShardSegment[];
  readonly tokens: Int32Array;
  /** Pixels by modality index; F32 for latents. */
  readonly pictures: ReadonlyMap<number, Uint8Array | Float32Array>;
  /** Files of codebooks by modality index. */
  readonly codebooks: ReadonlyMap<number, Uint8Array>;
  readonly checksum: number;
}

export interface ShardDocument {
  readonly label: string;
  readonly hash: number;
  readonly eitherOrder: boolean;
  /** Rows of `segments`. */
  readonly begin: number;
  readonly end: number;
}

export interface ShardSegment {
  readonly modality: number;
  /** A stretch of `tokens`, or of the modality's pictures. */
  readonly begin: number;
  readonly end: number;
}

/** @param codebooks files that the shard keeps, by modality index */
export function writeShard(
  documents: readonly PreparedDocument[],
  modalities: readonly Modality[],
  codebooks: ReadonlyMap<number, Uint8Array> = new Map(),
): Uint8Array {
  const rows: number[] = [];
  const segments: number[] = [];
  const texts: ArrayLike<number>[] = [];
  const pictures = new Map<number, (Uint8Array | Float32Array)[]>();
  let ids = 0;
  for (const document of documents) {
    rows.push(segments.length / 3, Number(document.eitherOrder), document.hash | 0);
    for (const segment of document.segments) {
      if ("ids" in segment) {
        segments.push(segment.modality, ids, ids + segment.ids.length);
        ids += segment.ids.length;
        texts.push(segment.ids);
      } else {
        const held = pictures.get(segment.modality) ?? [];
        segments.push(segment.modality, held.length, held.length + 1);
        held.push("pixels" in segment ? segment.pixels : segment.latent);
        pictures.set(segment.modality, held);
      }
    }
  }
  const labels = new TextEncoder().encode(JSON.stringify(documents.map(({ label }) => label)));
  const tensors = new Map<string, Tensor>([
    ["documents", { dtype: "I32", shape: [documents.length, 3], data: Int32Array.from(rows) }],
    ["segments", { dtype: "I32", shape: [segments.length / 3, 3], data: Int32Array.from(segments) }],
    ["tokens", { dtype: "I32", shape: [ids], data: joined(texts, new Int32Array(ids)) }],
    ["labels", { dtype: "U8", shape: [labels.length], data: labels }],
  ]);
  for (const [index, held] of pictures) {
    const shape = [held.length, ...pictureShape(modalities, index)];
    const numbers = held.length * (held[0]?.length ?? 0);
    const tensor: Tensor =
      pictureType(modalities, index) === "F32"
        ? { dtype: "F32", shape, data: joined(held, new Float32Array(numbers)) }
        : { dtype: "U8", shape, data: joined(held, new Uint8Array(numbers)) };
    tensors.set(`pictures.${index}`, tensor);
  }
  for (const [index, file] of codebooks)
    tensors.set(`codebook.${index}`, { dtype: "U8", shape: [file.length], data: file });
  // The checksum goes over tensors in the file's order, which only the file tells.
  const { tensors: ordered } = readOwnSafetensors(writeSafetensors(tensors), "shard");
  return writeSafetensors(tensors, { format: SHARD_FORMAT, crc32: String(checksumOf(ordered)) });
}

/** @throws InputError where the shard is damaged, or was prepared for other modalities */
export function readShard(bytes: Uint8Array, name: string, modalities: readonly Modality[]): Shard {
  const { tensors, metadata } = readOwnSafetensors(bytes, name);
  if (metadata.format !== SHARD_FORMAT)
    throw new InputError(`${name}: not a shard of the format "${SHARD_FORMAT}"`, "Prepare the data again.");
  const checksum = checksumOf(tensors);
  if (metadata.crc32 !== String(checksum))
    throw new InputError(`${name}: the shard's checksum does not match its contents`, "Prepare the data again.");
  const pictures = new Map<number, Uint8Array | Float32Array>();
  const codebooks = new Map<number, Uint8Array>();
  modalities.forEach((_, index) => {
    const codebook = tensors.get(`codebook.${index}`);
    if (codebook?.dtype === "U8") codebooks.set(index, codebook.data);
    const tensor = tensors.get(`pictures.${index}`);
    if (tensor === undefined) return;
    if (tensor.shape.slice(1).join("×") !== pictureShape(modalities, index).join("×")) throw otherModalities(name);
    if (tensor.dtype !== pictureType(modalities, index)) throw otherModalities(name);
    pictures.set(index, tensor.data as Uint8Array | Float32Array);
  });
  const numbers = (key: string): Int32Array => {
    const data = tensors.get(key)?.data;
    if (data instanceof Int32Array) return data;
    throw new InputError(`${name}: the shard has no tensor "${key}" of I32`, "Prepare the data again.");
  };
  const segments = triples(numbers("segments")).map(([modality, begin, end]): ShardSegment => {
    const kind = modalities[modality]?.kind;
    if (kind === undefined || (kind === "patches") !== pictures.has(modality)) throw otherModalities(name);
    return { modality, begin, end };
  });
  const labels = JSON.parse(new TextDecoder().decode(tensors.get("labels")?.data as Uint8Array)) as string[];
  const rows = triples(numbers("documents"));
  const documents = rows.map(([begin, eitherOrder, hash], row): ShardDocument => {
    const end = rows[row + 1]?.[0] ?? segments.length;
    return { label: labels[row] ?? "", hash: hash >>> 0, eitherOrder: eitherOrder === 1, begin, end };
  });
  return { documents, segments, tokens: numbers("tokens"), pictures, codebooks, checksum };
}

function triples(numbers: Int32Array): [number, number, number][] {
  const at = (index: number): number => numbers[index] as number;
  return Array.from({ length: numbers.length / 3 }, (_, row) => [at(3 * row), at(3 * row + 1), at(3 * row + 2)]);
}

const otherModalities = (name: string): InputError =>
  new InputError(`${name}: the shard was prepared for other modalities than the model's`, "Prepare the data again.");

function pictureShape(modalities: readonly Modality[], index: number): number[] {
  const modality = modalities[index];
  return modality?.kind === "patches" ? [modality.height, modality.width, modality.channels] : [];
}

function pictureType(modalities: readonly Modality[], index: number): "U8" | "F32" {
  const modality = modalities[index];
  return modality?.kind === "patches" && modality.values === "latents" ? "F32" : "U8";
}

function checksumOf(tensors: ReadonlyMap<string, Tensor>): number {
  let checksum = 0;
  for (const [name, { dtype, shape, data }] of tensors) {
    checksum = crc32(new TextEncoder().encode(`${name} ${dtype} [${shape}]`), checksum);
    checksum = crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), checksum);
  }
  return checksum;
}

/** Fills `whole` with the parts, one after the other. */
function joined<A extends Uint8Array | Int32Array | Float32Array>(parts: readonly ArrayLike<number>[], whole: A): A {
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
