// A data set opened from its shards: documents, pictures and the split.
import { InputError } from "../diagnostics/input-error.js";
import { patchesOf, patchesOfLatent } from "../modalities/pixels.js";
import { firstId, type ModelParts } from "../modalities/text.js";
import { type Codebook, codebookOf } from "./codebook.js";
import type { Document, Segment } from "./document.js";
import { readShard, type Shard } from "./shard.js";

export interface DataSet {
  readonly parts: ModelParts;
  /** Codebooks by modality index: what shows codes as pictures. */
  readonly codebooks: ReadonlyMap<number, Codebook>;
  /** All documents; a document's number is its index here, and stays as long as the source does. */
  readonly documents: readonly Document[];
  /** Numbers of the documents to learn from, and of those held out, both ascending. */
  readonly train: readonly number[];
  readonly validation: readonly number[];
  /** How many pictures there are; they are numbered in the order of the documents. */
  readonly pictures: number;
  /** Changes when the documents do: a resumed run must find the same. */
  readonly fingerprint: number;
  /** What reports call a document. */
  label(document: number): string;
  /** The first picture of a document, or undefined. */
  picture(document: number): StoredPicture | undefined;
  /** A picture by its number. */
  pictureById(id: number): StoredPicture;
}

export interface StoredPicture {
  readonly id: number;
  readonly modality: number;
  /** [height, width, channels]; undefined for a latent, which is no picture to look at. */
  readonly pixels: Uint8Array | undefined;
  /** Clean patches, [patches, patch size], in [−1, 1] unless they are of a latent; computed anew at each call. */
  readonly patches: () => Float32Array;
}

export interface ShardFile {
  /** The file as errors name it. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * @param files all shards, in order
 * @throws InputError where a shard is damaged or no document is left to learn from
 */
export const openDataSet = (files: readonly ShardFile[], parts: ModelParts, heldOut: number): DataSet =>
  dataSetOf(
    files.map(({ name, bytes }) => readShard(bytes, name, parts.modalities)),
    parts,
    heldOut,
  );

/** @param heldOut share of the documents held out: those whose hash, as a fraction, is below it */
export function dataSetOf(shards: readonly Shard[], parts: ModelParts, heldOut: number): DataSet {
  const documents: Document[] = [];
  const pictures: StoredPicture[] = [];
  const train: number[] = [];
  const validation: number[] = [];
  for (const shard of shards) {
    const segments = openSegments(shard, parts, pictures);
    for (const { label, hash, eitherOrder, begin, end } of shard.documents) {
      const side = hash / 2 ** 32 < heldOut ? validation : train;
      side.push(documents.length);
      documents.push({ label, segments: segments.slice(begin, end), eitherOrder });
    }
  }
  if (train.length === 0)
    throw new InputError(
      `no document is left to learn from: ${documents.length} in all, ${validation.length} held out`,
      "Lower data.held_out, or add documents.",
    );
  const pictureById = (id: number): StoredPicture => {
    const picture = pictures[id];
    if (picture === undefined) throw new RangeError(`no picture ${id}: there are ${pictures.length}`);
    return picture;
  };
  return {
    parts,
    codebooks: new Map(
      [...(shards[0]?.codebooks ?? [])].map(([index, bytes]) => [index, codebookOf(bytes, parts.modalities[index])]),
    ),
    documents,
    train,
    validation,
    pictures: pictures.length,
    fingerprint: shards.reduce((mixed, { checksum }) => (Math.imul(mixed, 31) + checksum) >>> 0, 0),
    label: (document) => documents[document]?.label ?? "",
    picture: (document) => {
      const segment = documents[document]?.segments.find(({ kind }) => kind === "picture");
      return segment?.kind === "picture" ? pictureById(segment.picture) : undefined;
    },
    pictureById,
  };
}

/** All segments of a shard, in its order; its pictures are appended to `pictures`. */
function openSegments(shard: Shard, parts: ModelParts, pictures: StoredPicture[]): Segment[] {
  return shard.segments.map(({ modality, begin, end }): Segment => {
    const declared = parts.modalities[modality];
    if (declared?.kind === "patches") {
      const id = pictures.length;
      const size = declared.height * declared.width * declared.channels;
      const numbers = shard.pictures.get(modality)?.subarray(begin * size, end * size);
      pictures.push(
        numbers instanceof Float32Array
          ? { id, modality, pixels: undefined, patches: () => patchesOfLatent(numbers, declared) }
          : { id, modality, pixels: numbers, patches: () => patchesOf(numbers as Uint8Array, declared) },
      );
      return { kind: "picture", modality, picture: id };
    }
    const first = firstId(modality, parts.vocabulary);
    return { kind: "tokens", modality, ids: shard.tokens.slice(begin, end).map((id) => first + id) };
  });
}
