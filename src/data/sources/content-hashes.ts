// Hashes of the contents of documents: what a prepared data set depends on besides the documents themselves.
import { BadFile } from "../../diagnostics/bad-file.js";
import { fileFieldOf } from "../../modalities/modality.fields.js";
import type { ModelParts } from "../../modalities/text.js";
import { AUDIO_DECODER } from "../audio/read-audio.js";
import { asBadFile } from "../bad-files.js";
import { contentHash, longHash, splitHash } from "../content-hash.js";
import type { Disk } from "../disk.js";
import { type FileBytes, fileBytesPieces } from "../file-bytes.js";
import { decoderOf } from "../picture-file.js";
import { type ContentHash, filePlace, type SourceDocument, type SourceSegment } from "./source.js";

const UNREADABLE: ContentHash = { hash: "unreadable", decoder: "" };

/** For each file of a document, for ids that are made from files, and for each segment whose text or codes have a hash. */
export function contentHashes(disk: Disk, parts: ModelParts): (document: SourceDocument) => readonly ContentHash[] {
  const latentHash = latentHashes(disk);
  const hashOf = (segment: SourceSegment, place: string): ContentHash[] => {
    if ("ids" in segment) {
      if (segment.content !== undefined) return [{ hash: segment.content, decoder: "" }];
      // Codes of a codebook may come from their own files.
      return ofCodebook(segment.modality, parts) ? [{ hash: idsHash(disk, segment.ids), decoder: "" }] : [];
    }
    const file = filePlace(segment, place);
    try {
      if ("image" in segment) return [imageHash(disk, segment.image, file)];
      if ("latent" in segment) return [{ hash: latentHash(segment, file), decoder: "" }];
      return [{ hash: fileHash(disk, segment.audio, file), decoder: `${AUDIO_DECODER} ` }];
    } catch (error) {
      // Decoding it fails too, and reports the error.
      if (asBadFile(error) instanceof BadFile) return [UNREADABLE];
      throw error;
    }
  };
  return ({ place, segments, bad = [] }) => [
    ...segments.flatMap((segment) => hashOf(segment, place)),
    ...bad.map(() => UNREADABLE),
  ];
}

/** Decides on which side of the split a document is. @param contents the hashes of its segments' contents */
export const documentHash = ({ hash }: SourceDocument, contents: readonly ContentHash[]): number =>
  hash ?? splitHash(contentHash(contents.map((content) => content.hash).join("\n")));

function ofCodebook(modality: number, { modalities }: ModelParts): boolean {
  const declared = modalities[modality];
  return declared !== undefined && fileFieldOf(declared) === "codebook";
}

function imageHash(disk: Disk, file: FileBytes, place: string): ContentHash {
  let begun: Uint8Array | undefined;
  const hash = fileHash(disk, file, place, (piece) => {
    // A copy: the piece is large.
    begun ??= new Uint8Array(piece.subarray(0, HEADER_BYTES));
  });
  return { hash, decoder: decoderOf(begun ?? new Uint8Array(0)) };
}

/** Bytes of an image that determine its decoder. */
const HEADER_BYTES = 64;

/** Hashes a file of any size in pieces. */
function fileHash(disk: Disk, file: FileBytes, place: string, look: (piece: Uint8Array) => void = () => {}): string {
  const hash = disk.hash();
  for (const piece of fileBytesPieces(disk, file, place)) {
    look(piece);
    hash.update(piece);
  }
  return hash.digest();
}

const idsHash = (disk: Disk, ids: ArrayLike<number>) => longHash(disk, new Uint8Array(Int32Array.from(ids).buffer));

/** Reads a file of several latents once while consecutive documents name it. */
function latentHashes(
  disk: Disk,
): (latent: { readonly latent: FileBytes; readonly tensor?: string }, place: string) => string {
  let known: { readonly path: string; readonly hash: string } | undefined;
  return ({ latent, tensor }, place) => {
    if (tensor === undefined || !("path" in latent)) return fileHash(disk, latent, place);
    if (known?.path !== latent.path) known = { path: latent.path, hash: fileHash(disk, latent, place) };
    return known.hash;
  };
}
