// Documents of a source with their pictures and recordings decoded, several at a time, and turned into codes where the
// modality has a codebook.
import { readFile } from "node:fs/promises";
import type { ModelParts } from "../modalities/text.js";
import { readAudio } from "./audio/read-audio.js";
import { unitsOf } from "./audio/units.js";
import { codesOf, pictureCodebook, speechCodebook } from "./codebook.js";
import type { Codecs } from "./codecs.js";
import { decodePicture } from "./picture-file.js";
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
  let failed = false;
  const work = async (): Promise<void> => {
    for (const [index, document] of waiting) {
      if (failed) return;
      try {
        const segments = await Promise.all(
          document.segments.map((segment) => read(segment, document.place, parts, codecs)),
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

async function read(
  segment: SourceSegment,
  place: string,
  { modalities }: ModelParts,
  codecs: Codecs,
): Promise<PreparedSegment> {
  if ("ids" in segment) return segment;
  if ("audio" in segment) {
    const codebook = speechCodebook(codecs, segment.modality);
    if (codebook === undefined) throw new RangeError(`modality ${segment.modality} holds no speech`);
    return { modality: segment.modality, ids: unitsOf(readAudio(await readFile(segment.audio), place), codebook) };
  }
  const codebook = pictureCodebook(codecs, segment.modality);
  if (codebook !== undefined) {
    const pixels = await decodePicture(await readFile(segment.image), codebook.facts.kind, place);
    return { modality: segment.modality, ids: codesOf(pixels, codebook) };
  }
  const modality = modalities[segment.modality];
  if (modality?.kind !== "patches") throw new RangeError(`modality ${segment.modality} holds no pictures`);
  return { modality: segment.modality, pixels: await decodePicture(await readFile(segment.image), modality, place) };
}
