// What documents were made from: the place of each in its source, the original pictures and recordings.
import { SPEECH_FRAMES } from "../modalities/codebook.fields.js";
import { itemOf } from "../modalities/modality.fields.js";
import type { ModelParts } from "../modalities/text.js";
import { readAudio } from "./audio/read-audio.js";
import { pictureCodebook } from "./codebook.js";
import type { Codecs } from "./codecs.js";
import { readFileBytes } from "./file-bytes.js";
import type { DataHost } from "./host.js";
import { decodeOriginal, readPicture } from "./picture-file.js";
import type { PictureSize } from "./picture-size.js";
import type { PreparedData, ReadSource } from "./prepare.js";
import { filePlace, type SourceDocument, type SourceSegment } from "./sources/source.js";

export interface Original {
  /** Its place in its source: `pairs.jsonl:3`. */
  readonly place: string;
  /** Of what it is a piece, if the complete document is longer than a sequence. */
  readonly piece: SourceDocument["piece"];
  /** Of each segment; undefined for texts and ids, and for files that have changed or cannot be read any more. */
  readonly segments: readonly (OriginalPicture | OriginalSound | undefined)[];
}

export interface OriginalPicture {
  readonly kind: "picture";
  readonly name: string | undefined;
  /** In pixels, upright. */
  readonly width: number;
  readonly height: number;
  /** How it was resized: to which size, and how it fills that size. */
  readonly fitted: PictureSize;
  /** A copy with at most `PREVIEW` pixels on each side, in colour. */
  readonly preview: { readonly width: number; readonly height: number; readonly pixels: Uint8Array };
}

export interface OriginalSound {
  readonly kind: "sound";
  readonly name: string | undefined;
  /** The number of samples at 16 kHz. */
  readonly length: number;
  /** The first `MOST_SECONDS` of them. */
  readonly samples: Float32Array;
}

/** Seconds of a sound that are kept. */
export const MOST_SECONDS = 15;

/** Pixels on the longer side of a preview. */
const PREVIEW = 192;

/**
 * @param wanted numbers of documents in the data set
 * @returns by number; documents that were prepared before have no original
 */
export async function originalsOf(
  { read, codecs }: Pick<PreparedData, "read" | "codecs">,
  wanted: readonly number[],
  parts: ModelParts,
  host: DataHost,
): Promise<ReadonlyMap<number, Original>> {
  const originals = new Map<number, Original>();
  let first = 0;
  for (const source of read) {
    const end = first + source.documents;
    const own = wanted.filter((number) => number >= first && number < end).map((number) => number - first);
    for await (const [number, document] of documentsOf(source, own))
      originals.set(first + number, await originalOf(document, parts, codecs, host));
    first = end;
  }
  return originals;
}

/** These documents of a source, by their numbers without those that were skipped. */
async function* documentsOf(
  { open, skipped }: ReadSource,
  numbers: readonly number[],
): AsyncGenerator<readonly [number, SourceDocument], void, undefined> {
  if (open === undefined || numbers.length === 0) return;
  const [left, wanted] = [new Set(skipped), new Set(numbers)];
  const documents = open().documents();
  try {
    let found = 0;
    for (let [inSource, number] = [0, 0]; found < wanted.size; inSource++) {
      const next = await documents.next();
      if (next.done) return;
      if (left.has(inSource)) continue;
      if (wanted.has(number)) {
        found++;
        yield [number, next.value];
      }
      number++;
    }
  } finally {
    await documents.return("");
  }
}

async function originalOf(
  { place, segments, piece }: SourceDocument,
  parts: ModelParts,
  codecs: Codecs,
  host: DataHost,
): Promise<Original> {
  const made: Original["segments"][number][] = [];
  for (const segment of segments) {
    try {
      made.push(await fileOf(segment, place, parts, codecs, host));
    } catch {
      // The file has changed since it was prepared; what the model sees is shown without it.
      made.push(undefined);
    }
  }
  return { place, piece, segments: made };
}

async function fileOf(
  segment: SourceSegment,
  place: string,
  parts: ModelParts,
  codecs: Codecs,
  host: DataHost,
): Promise<OriginalPicture | OriginalSound | undefined> {
  if ("ids" in segment || "latent" in segment) return undefined;
  const { name } = segment;
  const at = filePlace(segment, place);
  if ("audio" in segment) {
    const samples = readAudio(await readFileBytes(host.disk, segment.audio, at), at);
    return {
      kind: "sound",
      name,
      length: samples.length,
      samples: samples.slice(0, MOST_SECONDS * SPEECH_FRAMES.rate),
    };
  }
  const fitted = pictureCodebook(codecs, segment.modality)?.facts.kind ?? itemOf(parts.modalities[segment.modality]);
  if (fitted === undefined) return undefined;
  const file = await readPicture(host.disk, segment.image, at);
  const { original } = await decodeOriginal(host, file, { height: 1, width: 1, channels: 3 }, at);
  const scale = Math.min(1, PREVIEW / Math.max(original.width, original.height));
  const size = {
    height: Math.max(1, Math.round(original.height * scale)),
    width: Math.max(1, Math.round(original.width * scale)),
  };
  const { pixels } = await decodeOriginal(host, file, { ...size, channels: 3, fit: "stretch" }, at);
  return { kind: "picture", name, ...original, fitted, preview: { ...size, pixels } };
}
