// Documents of a source with their pictures and recordings decoded, several at a time, and turned into codes where the
// modality has a codebook.
import { BadFile } from "../diagnostics/bad-file.js";
import { itemOf } from "../modalities/modality.fields.js";
import type { ModelParts } from "../modalities/text.js";
import { readAudio } from "./audio/read-audio.js";
import { unitsOf } from "./audio/units.js";
import { asBadFile } from "./bad-files.js";
import { codesOf, pictureCodebook, speechCodebook } from "./codebook.js";
import type { Codecs } from "./codecs.js";
import type { DataHost } from "./host.js";
import { latentReader } from "./latent-file.js";
import { decodePicture, readPicture } from "./picture-file.js";
import { readInputLater } from "./read-input.js";
import type { PreparedDocument, PreparedSegment } from "./shard.js";
import { filePlace, type SourceDocument, type SourceSegment } from "./sources/source.js";

/** Enough to keep decoders busy while files are read. */
const AT_ONCE = 16;

/** A document, or the files that keep it from being one. */
export type ReadDocument = PreparedDocument | { readonly bad: readonly BadFile[] };

/** In the order of the documents. What is no fault of a file stops the rest. */
export async function readDocuments(
  documents: readonly SourceDocument[],
  parts: ModelParts,
  codecs: Codecs,
  host: DataHost,
): Promise<readonly ReadDocument[]> {
  const done = new Array<ReadDocument>(documents.length);
  const waiting = documents.entries();
  const reading = { parts, codecs, host, readLatent: latentReader(host.disk) };
  let failed = false;
  const work = async (): Promise<void> => {
    for (const [index, document] of waiting) {
      if (failed) return;
      try {
        done[index] = await readDocument(document, reading);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return done;
}

interface Reading {
  readonly parts: ModelParts;
  readonly codecs: Codecs;
  readonly host: DataHost;
  readonly readLatent: ReturnType<typeof latentReader>;
}

async function readDocument(document: SourceDocument, reading: Reading): Promise<ReadDocument> {
  const bad = [...(document.bad ?? [])];
  const segments: PreparedSegment[] = [];
  const read = await Promise.allSettled(
    document.segments.map((segment) => readSegment(segment, document.place, reading)),
  );
  for (const result of read) {
    if (result.status === "fulfilled") segments.push(result.value);
    else if (result.reason instanceof BadFile) bad.push(result.reason);
    else throw result.reason;
  }
  return bad.length > 0 ? { bad } : { ...document, segments };
}

async function readSegment(segment: SourceSegment, place: string, reading: Reading): Promise<PreparedSegment> {
  try {
    return "ids" in segment ? segment : await fileOf(segment, filePlace(segment, place), reading);
  } catch (error) {
    throw asBadFile(error);
  }
}

async function fileOf(
  segment: Exclude<SourceSegment, { readonly ids: unknown }>,
  place: string,
  { parts, codecs, host, readLatent }: Reading,
): Promise<PreparedSegment> {
  if ("audio" in segment) {
    const codebook = speechCodebook(codecs, segment.modality);
    if (codebook === undefined) throw new RangeError(`modality ${segment.modality} holds no speech`);
    return {
      modality: segment.modality,
      ids: unitsOf(readAudio(await readInputLater(host.disk, segment.audio, place), place), codebook),
    };
  }
  const item = itemOf(parts.modalities[segment.modality]);
  if ("latent" in segment) {
    if (item === undefined) throw new RangeError(`modality ${segment.modality} holds no latents`);
    const { latent: path, tensor } = segment;
    const file = tensor === undefined ? { path } : { path, tensor };
    return { modality: segment.modality, latent: await readLatent(file, item, place) };
  }
  const image = () => readPicture(host.disk, segment.image, place);
  const codebook = pictureCodebook(codecs, segment.modality);
  if (codebook !== undefined) {
    const pixels = await decodePicture(host, image, codebook.facts.kind, place);
    return { modality: segment.modality, ids: codesOf(pixels, codebook) };
  }
  if (item === undefined) throw new RangeError(`modality ${segment.modality} holds no pictures`);
  return { modality: segment.modality, pixels: await decodePicture(host, image, item, place) };
}
