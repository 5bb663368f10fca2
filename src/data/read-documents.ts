// Documents of a source with their pictures and recordings decoded, several at a time, and turned into codes where the
// modality has a codebook.
import type { ModelParts } from "../modalities/text.js";
import { readAudio } from "./audio/read-audio.js";
import { unitsOf } from "./audio/units.js";
import { codesOf, pictureCodebook, speechCodebook } from "./codebook.js";
import type { Codecs } from "./codecs.js";
import { latentReader } from "./latent-file.js";
import { decodePicture } from "./picture-file.js";
import { readInputLater } from "./read-input.js";
import type { PreparedDocument, PreparedSegment } from "./shard.js";
import type { SourceDocument, SourceSegment } from "./source.js";

/** Enough to keep sharp's threads busy while files are read. */
const AT_ONCE = 16;

/** In the order of the documents; the first that fails stops the rest. */
export async function readDocuments(
  documents: readonly SourceDocument[],
  parts: ModelParts,
  codecs: Codecs,
): Promise<readonly PreparedDocument[]> {
  const prepared = new Array<PreparedDocument>(documents.length);
  const waiting = documents.entries();
  const readLatent = latentReader();
  let failed = false;
  const work = async (): Promise<void> => {
    for (const [index, document] of waiting) {
      if (failed) return;
      try {
        const segments = await Promise.all(
          document.segments.map((segment) => read(segment, document.place, { parts, codecs, readLatent })),
        );
        prepared[index] = { ...document, segments };
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return prepared;
}

interface Reading {
  readonly parts: ModelParts;
  readonly codecs: Codecs;
  readonly readLatent: ReturnType<typeof latentReader>;
}

async function read(
  segment: SourceSegment,
  place: string,
  { parts, codecs, readLatent }: Reading,
): Promise<PreparedSegment> {
  if ("ids" in segment) return segment;
  if ("audio" in segment) {
    const codebook = speechCodebook(codecs, segment.modality);
    if (codebook === undefined) throw new RangeError(`modality ${segment.modality} holds no speech`);
    return {
      modality: segment.modality,
      ids: unitsOf(readAudio(await readInputLater(segment.audio, place), place), codebook),
    };
  }
  const modality = parts.modalities[segment.modality];
  if ("latent" in segment) {
    if (modality?.kind !== "patches") throw new RangeError(`modality ${segment.modality} holds no latents`);
    const { latent: path, tensor } = segment;
    const file = tensor === undefined ? { path } : { path, tensor };
    return { modality: segment.modality, latent: await readLatent(file, modality, place) };
  }
  const codebook = pictureCodebook(codecs, segment.modality);
  if (codebook !== undefined) {
    const pixels = await decodePicture(await readInputLater(segment.image, place), codebook.facts.kind, place);
    return { modality: segment.modality, ids: codesOf(pixels, codebook) };
  }
  if (modality?.kind !== "patches") throw new RangeError(`modality ${segment.modality} holds no pictures`);
  return {
    modality: segment.modality,
    pixels: await decodePicture(await readInputLater(segment.image, place), modality, place),
  };
}
