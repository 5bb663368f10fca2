// The first pass over a source, which decodes nothing: what is in it, and which documents go into which shard.
import { itemOf } from "../modalities/modality.fields.js";
import type { ModelParts } from "../modalities/text.js";
import type { Codecs } from "./codecs.js";
import { contentHash } from "./content-hash.js";
import type { Disk } from "./disk.js";
import { documentLength } from "./document.js";
import type { FileBytes } from "./file-bytes.js";
import { idsIn } from "./long.js";
import { lengthsWithin } from "./packing.js";
import { documentHash } from "./sources/content-hashes.js";
import type { Source, SourceDocument, SourceSegment } from "./sources/source.js";

export interface Survey {
  /** What `Source.documents` returned at the end. */
  readonly written: string;
  /** Equal only for equal documents and file contents. */
  readonly fingerprint: string;
  /** The number of documents in each shard. */
  readonly shards: readonly number[];
  /** The hash of each document. */
  readonly hashes: Uint32Array;
  /** Places of the documents with recordings, by document number. Their number of units is not known yet. */
  readonly sounds: ReadonlyMap<number, string>;
}

interface Room {
  readonly parts: ModelParts;
  readonly codecs: Codecs;
  /** Positions in a sequence; undefined if documents may be longer. */
  readonly length: number | undefined;
  /** Most bytes of content in a shard. */
  readonly shardBytes: number;
}

/** @throws InputError if a document cannot be read or does not fit into a sequence */
export async function surveyOf(
  source: Source,
  disk: Pick<Disk, "hash" | "stamp">,
  { parts, codecs, length, shardBytes }: Room,
): Promise<Survey> {
  const contents = disk.hash();
  let [files, count, bytes] = [0, 0, Number.POSITIVE_INFINITY];
  const shards: number[] = [];
  const hashes = growing();
  const lengths = lengthsWithin(length ?? Number.POSITIVE_INFINITY);
  const sounds = new Map<number, string>();
  const look = (document: SourceDocument): void => {
    const { place, segments } = document;
    const found = source.hashesOf(document);
    for (const { decoder, hash } of found) {
      contents.update(`${decoder}${hash}\n`);
      files++;
    }
    hashes.push(documentHash(document, found));
    const size = segments.reduce((sum, segment) => sum + bytesOfSegment(segment, parts, disk), 0);
    if (bytes + size > shardBytes) {
      shards.push(0);
      bytes = 0;
    }
    shards.push((shards.pop() ?? 0) + 1);
    bytes += size;
    if (hasSound(document)) sounds.set(count, place);
    // The length of a document with missing files is unknown.
    else if (document.bad === undefined)
      lengths.look(() => `${place}: the document`, positionsIn(document, parts, codecs));
    count++;
  };
  const documents = source.documents();
  for (let next = await documents.next(); ; next = await documents.next()) {
    if (next.done) {
      const { value: written } = next;
      lengths.refuse();
      const fingerprint = files === 0 ? written : contentHash(`${written}\n${contents.digest()}`);
      return { written, fingerprint, shards, hashes: hashes.all(), sounds };
    }
    look(next.value);
  }
}

/** A list of 32-bit numbers that grows. */
function growing() {
  let numbers = new Uint32Array(1024);
  let count = 0;
  return {
    push(number: number): void {
      if (count === numbers.length) {
        const larger = new Uint32Array(2 * count);
        larger.set(numbers);
        numbers = larger;
      }
      numbers[count++] = number;
    },
    all: () => numbers.slice(0, count),
  };
}

const hasSound = ({ segments }: SourceDocument) => segments.some((segment) => "audio" in segment);

const positionsIn = ({ segments }: SourceDocument, parts: ModelParts, codecs: Codecs) =>
  documentLength(
    segments.map((segment) => ({ modality: segment.modality, ids: idsIn(segment, { codecs }) })),
    parts,
  );

function bytesOfSegment(segment: SourceSegment, { modalities }: ModelParts, disk: Pick<Disk, "stamp">): number {
  if ("ids" in segment) return 4 * segment.ids.length;
  const item = itemOf(modalities[segment.modality]);
  if (item?.live !== undefined && "image" in segment) return bytesOf(segment.image, disk);
  return item ? item.positions * item.columns * (item.type === "F32" ? 4 : 1) : 0;
}

/** The size of a file; 0 if it is missing, which is an error elsewhere. */
function bytesOf(file: FileBytes, disk: Pick<Disk, "stamp">): number {
  if ("bytes" in file) return file.bytes.length;
  try {
    return disk.stamp(file.path).size;
  } catch {
    return 0;
  }
}
