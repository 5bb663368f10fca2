// The first look at a source: its documents one after another, of which only sums are kept. Nothing is decoded yet.
import { itemOf } from "../modalities/modality.fields.js";
import { patchesPerPicture } from "../modalities/pixels.js";
import type { ModelParts } from "../modalities/text.js";
import { pictureCodebook } from "./codebook.js";
import type { Codecs } from "./codecs.js";
import { contentHash } from "./content-hash.js";
import type { Disk } from "./disk.js";
import { documentLength } from "./document.js";
import { lengthsWithin } from "./packing.js";
import type { Source, SourceDocument, SourceSegment } from "./sources/source.js";

export interface Survey {
  /** What the source said of its documents in the end. */
  readonly written: string;
  /** The same for the same documents and contents of files, and for no others. */
  readonly fingerprint: string;
  /** How many documents each shard takes. */
  readonly shards: readonly number[];
  /** Places of the documents with recordings, by their numbers: how many units these become is not known yet. */
  readonly sounds: ReadonlyMap<number, string>;
}

export interface Room {
  readonly parts: ModelParts;
  readonly codecs: Codecs;
  /** Positions of a sequence; absent where documents may be longer. */
  readonly length: number | undefined;
  /** Most bytes of contents in a shard. */
  readonly shardBytes: number;
}

/** @throws InputError where a document cannot be read, or does not fit into a sequence */
export function surveyOf(
  source: Source,
  disk: Pick<Disk, "hash">,
  { parts, codecs, length, shardBytes }: Room,
): Survey {
  const contents = disk.hash();
  let [files, count, bytes] = [0, 0, Number.POSITIVE_INFINITY];
  const shards: number[] = [];
  const lengths = lengthsWithin(length ?? Number.POSITIVE_INFINITY);
  const sounds = new Map<number, string>();
  const look = (document: SourceDocument): void => {
    const { place, segments } = document;
    for (const hash of source.hashesOf(document)) {
      contents.update(`${hash}\n`);
      files++;
    }
    const size = segments.reduce((sum, segment) => sum + bytesOfSegment(segment, parts), 0);
    if (bytes + size > shardBytes) {
      shards.push(0);
      bytes = 0;
    }
    shards.push((shards.pop() ?? 0) + 1);
    bytes += size;
    if (hasSound(document)) sounds.set(count, place);
    // What misses files misses positions.
    else if (document.bad === undefined) lengths.look(`${place}: the document`, positionsIn(document, parts, codecs));
    count++;
  };
  const documents = source.documents();
  for (let next = documents.next(); ; next = documents.next()) {
    if (next.done) {
      const { value: written } = next;
      lengths.refuse();
      const fingerprint = files === 0 ? written : contentHash(`${written}\n${contents.digest()}`);
      return { written, fingerprint, shards, sounds };
    }
    look(next.value);
  }
}

const hasSound = ({ segments }: SourceDocument): boolean => segments.some((segment) => "audio" in segment);

const positionsIn = ({ segments }: SourceDocument, parts: ModelParts, codecs: Codecs): number =>
  documentLength(
    segments.map((segment) => ({
      modality: segment.modality,
      ids: "ids" in segment ? segment.ids.length : codesPerPicture(codecs, segment.modality),
    })),
    parts,
  );

/** How many codes a picture becomes; undefined where it stays a picture. */
function codesPerPicture(codecs: Codecs, modality: number): number | undefined {
  const codebook = pictureCodebook(codecs, modality);
  return codebook && patchesPerPicture(codebook.facts.kind);
}

function bytesOfSegment(segment: SourceSegment, { modalities }: ModelParts): number {
  if ("ids" in segment) return 4 * segment.ids.length;
  const item = itemOf(modalities[segment.modality]);
  return item ? item.positions * item.columns * (item.type === "F32" ? 4 : 1) : 0;
}
