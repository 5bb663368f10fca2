// Prepares one source: surveys its documents, then decodes those of missing shards into the cache.
import type { BadFile } from "../diagnostics/bad-file.js";
import { InputError } from "../diagnostics/input-error.js";
import type { ModelParts } from "../modalities/text.js";
import { refuseBad } from "./bad-files.js";
import type { Codecs } from "./codecs.js";
import { contentHash } from "./content-hash.js";
import { dataSetOf, oneSource } from "./data-set.js";
import type { Disk } from "./disk.js";
import type { DataHost } from "./host.js";
import { type InWork, inOrder } from "./in-order.js";
import { withinLength } from "./long.js";
import { lengthsWithin, positionsOf } from "./packing.js";
import { DECODER } from "./picture-file.js";
import { shapesOf } from "./prepared-folder.js";
import { documentReader, type HashedDocument } from "./read-documents.js";
import {
  type PreparedDocument,
  readShard,
  SHARD_FORMAT,
  type Shard,
  type SkippedDocument,
  shardPieces,
} from "./shard.js";
import type { Long } from "./sources/source.fields.js";
import type { Source, SourceSegment } from "./sources/source.js";
import { type Survey, surveyOf } from "./survey.js";
import { makeFolderOf, writeWhole } from "./write-whole.js";

const WRITABLE = "Free some space, or set MOM_CACHE to a writable folder.";

/** Called after each document that is prepared, with the number of those that are done, and of all. */
export type Progress = (done: number, total: number) => void;

/** What preparing any source needs. */
export interface Preparing {
  readonly host: DataHost;
  readonly parts: ModelParts;
  readonly codecs: Codecs;
  /** Folder of the shards. */
  readonly cache: string;
  /** Positions in a sequence; documents may be longer if `carry` is set. */
  readonly length: number;
  readonly carry: boolean;
  /** Receives notices. */
  readonly notice: (text: string) => void;
  readonly progress: Progress;
  /** Skip documents whose files cannot be read, instead of failing. */
  readonly skipBad: boolean;
  /** Most bytes of content in a shard; a single document may exceed it. */
  readonly shardBytes: number;
}

/** A shard and its file. */
export interface ShardAt {
  readonly file: string;
  readonly shard: Shard;
}

type Lengths = Pick<Preparing, "parts" | "codecs" | "length" | "carry">;

const withinOf = (long: Long, { length, carry }: Lengths) =>
  carry || long === "refuse" ? undefined : { long, length };

/** The source with longer documents split or cut. */
export function fitting(source: Source, long: Long, lengths: Lengths): Source {
  const within = withinOf(long, lengths);
  return within === undefined ? source : withinLength(source, within, lengths);
}

/** @param long what happens to documents that are longer than a sequence @throws InputError for invalid documents */
export async function prepareSource(opened: Source, long: Long, preparing: Preparing): Promise<ShardAt[]> {
  const { host, parts, codecs, cache, length, carry, notice, shardBytes } = preparing;
  const { disk } = host;
  const within = withinOf(long, preparing);
  const source = fitting(opened, long, preparing);
  const survey = await surveyOf(source, disk, { parts, codecs, length: carry ? undefined : length, shardBytes });
  const ingredients: unknown[] = [SHARD_FORMAT, DECODER, survey.fingerprint, shapesOf(parts), shardBytes];
  if (codecs.fingerprint !== "") ingredients.push(codecs.fingerprint);
  if (preparing.skipBad) ingredients.push("skip bad");
  if (within !== undefined) ingredients.push(within);
  const key = contentHash(JSON.stringify(ingredients));
  const files = survey.shards.map((_, index) => {
    const part = `${String(index + 1).padStart(5, "0")}-of-${String(survey.shards.length).padStart(5, "0")}`;
    return disk.paths.join(cache, "data", `${source.name}-${key.slice(0, 20)}-${part}.safetensors`);
  });
  const shards = files.map((file) => kept(disk, file, parts, notice));
  if (shards.includes(undefined)) await makeMissing(source, survey, files, shards, preparing);
  const made = files.map((file, index) => ({ file, shard: shards[index] as Shard }));
  checkSounds(survey, made, preparing);
  return made;
}

/** Recordings have their number of units only now, so lengths of documents with them are checked again. */
function checkSounds({ sounds }: Survey, made: readonly ShardAt[], { parts, length, carry }: Preparing): void {
  if (sounds.size === 0 || carry) return;
  const dataSet = dataSetOf(oneSource(made.map(({ shard }) => shard)), parts, 0);
  const lengths = lengthsWithin(length);
  const left = dataSet.skipped.map(({ document }) => document);
  let before = 0;
  for (const [number, place] of sounds) {
    while (before < left.length && (left[before] as number) < number) before++;
    if (left[before] !== number) lengths.look(() => `${place}: the document`, positionsOf(dataSet, number - before));
  }
  lengths.refuse();
}

/** A document of a missing shard. */
interface Missing {
  /** The index of its shard. */
  readonly shard: number;
  /** Its number in the source. */
  readonly number: number;
  readonly document: HashedDocument;
}

/**
 * The documents of all missing shards.
 * @param begin called before the first document of a shard
 * @throws InputError if the source changed since it was surveyed
 */
async function* missingDocuments(
  source: Source,
  { shards, written, hashes }: Survey,
  there: readonly (Shard | undefined)[],
  begin: (shard: number) => void,
): AsyncGenerator<Missing, void, undefined> {
  const documents = source.documents();
  let number = 0;
  try {
    for (const [shard, size] of shards.entries()) {
      for (let i = 0; i < size; i++, number++) {
        const next = await documents.next();
        if (next.done) throw new Changed(source);
        if (there[shard] !== undefined) continue;
        if (i === 0) begin(shard);
        yield { shard, number, document: { ...next.value, hash: hashes[number] as number } };
      }
    }
    const last = await documents.next();
    if (!last.done || last.value !== written) throw new Changed(source);
  } finally {
    await documents.return("");
  }
}

class Changed extends InputError {
  constructor({ name }: Source) {
    super(
      "other-data",
      `the documents of ${name} changed during preparation`,
      "Try again when no program writes to them.",
    );
  }
}

/** Holds the file of a shard. @throws InputError if it is damaged or was prepared for other modalities */
export const openShard = (disk: Disk, file: string, modalities: ModelParts["modalities"]): Shard =>
  readShard(disk.hold(file), disk.paths.basename(file), modalities, disk.crc32);

/** The shard from the cache; undefined if it is missing or damaged. */
function kept(disk: Disk, file: string, { modalities }: ModelParts, notice: (text: string) => void): Shard | undefined {
  if (!disk.exists(file)) return undefined;
  try {
    return openShard(disk, file, modalities);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    notice(`${error.message}; it is prepared again`);
    return undefined;
  }
}

/** Makes the missing shards. @throws InputError if files cannot be read and may not be skipped */
async function makeMissing(
  source: Source,
  survey: Survey,
  files: readonly string[],
  shards: (Shard | undefined)[],
  making: Preparing,
): Promise<void> {
  const { disk } = making.host;
  const begun: string[] = [];
  const bad: BadFile[] = [];
  const read = documentReader(making.parts, making.codecs, making.host);
  const missing = missingDocuments(source, survey, [...shards], (shard) => {
    const file = files[shard] as string;
    makeFolderOf(disk, file, WRITABLE);
    making.notice(`preparing ${survey.shards[shard]} documents into ${file} (only once)`);
  });
  const work = async ({ shard, number, document }: Missing) => ({ shard, number, read: await read(document) });
  const total = survey.shards.reduce((sum, size, index) => (shards[index] === undefined ? sum + size : sum), 0);
  let [done, ofShard] = [0, 0];
  let prepared: PreparedDocument[] = [];
  let skipped: SkippedDocument[] = [];
  try {
    for await (const { shard, number, read: document } of inOrder(missing, work, IN_WORK)) {
      const file = files[shard] as string;
      const size = survey.shards[shard] as number;
      ofShard++;
      if (!("bad" in document)) prepared.push(document);
      else {
        for (const one of document.bad) bad.push(one);
        skipped.push({ document: number, files: document.bad.map(({ message }) => message) });
      }
      making.progress(++done, total);
      // Continues reading, to report all bad files.
      const refused = bad.length > 0 && !making.skipBad;
      if (refused) prepared = [];
      if (ofShard < size) continue;
      if (!refused) {
        begun.push(file);
        const codebooks = shard === 0 ? making.codecs.codebookFiles : new Map<number, Uint8Array>();
        writeWhole(
          disk,
          file,
          shardPieces(prepared, making.parts.modalities, codebooks, skipped, disk.crc32),
          WRITABLE,
        );
        shards[shard] = openShard(disk, file, making.parts.modalities);
      }
      [ofShard, prepared, skipped] = [0, [], []];
    }
  } catch (error) {
    // A shard of changed documents must not stay under the name of the old ones.
    if (error instanceof Changed) for (const file of begun) disk.remove(file);
    throw error;
  }
  if (!making.skipBad) refuseBad(bad);
}

/** Documents that are read at a time: enough to keep decoders busy, in bounded memory. */
const IN_WORK: InWork<Missing> = {
  items: 64,
  size: 256 * 2 ** 20,
  sizeOf: ({ document }) => document.segments.reduce((sum, segment) => sum + bytesHeld(segment), 0),
};

/** The bytes of a file that a document holds in memory. */
function bytesHeld(segment: SourceSegment): number {
  if ("ids" in segment) return 0;
  const file = "image" in segment ? segment.image : "latent" in segment ? segment.latent : segment.audio;
  return "bytes" in file ? file.bytes.length : 0;
}
