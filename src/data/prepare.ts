// Prepares a source once: looks through its documents, then decodes them into shards in the cache, or finds them there.
import type { BadFile } from "../diagnostics/bad-file.js";
import { InputError } from "../diagnostics/input-error.js";
import { itemOf, storedAs } from "../modalities/modality.fields.js";
import { patchesPerPicture } from "../modalities/pixels.js";
import type { ModelParts } from "../modalities/text.js";
import { listed, refuseBad } from "./bad-files.js";
import { pictureCodebook } from "./codebook.js";
import { type Codecs, openCodecs } from "./codecs.js";
import { contentHash } from "./content-hash.js";
import { type DataSet, dataSetOf } from "./data-set.js";
import type { Disk } from "./disk.js";
import { documentLength } from "./document.js";
import type { DataHost } from "./host.js";
import { lengthsWithin, positionsOf } from "./packing.js";
import { DECODER } from "./picture-file.js";
import { type Reach, reachOf } from "./reach.js";
import { readDocuments } from "./read-documents.js";
import { readShard, SHARD_FORMAT, type Shard, type SkippedDocument, shardPieces } from "./shard.js";
import { openSource } from "./sources/open.js";
import type { SourceFields } from "./sources/source.fields.js";
import type { Source, SourceDocument, SourceSegment } from "./sources/source.js";
import { makeFolderOf, writeWhole } from "./write-whole.js";

const WRITABLE = "Free some space, or set MOM_CACHE to a folder that can be written.";

/** The `data` section of a checked spec. */
export interface DataRequest {
  readonly source: SourceFields;
  readonly length: number;
  readonly held_out: number;
  /** Whether documents may be longer than a sequence. */
  readonly carry?: boolean;
}

export interface PrepareOptions {
  readonly host: DataHost;
  /** The folder that the path of `files` is relative to: that of the spec. */
  readonly folder: string;
  /** What the spec and its data may read; left out, the project of that folder. */
  readonly reach?: Reach | undefined;
  /** Where shards are kept; the host's folder if absent. */
  readonly cache?: string;
  /** Told what takes a while, and what was mended. */
  readonly notice?: (text: string) => void;
  /** Leave out documents whose files cannot be read, instead of refusing the data. */
  readonly skipBad?: boolean | undefined;
  /** Most bytes of contents in a shard; one document may exceed it. */
  readonly shardBytes?: number;
}

export interface PreparedData {
  readonly dataSet: DataSet;
  /** The shard files, in order: `loadDataSet` of src/api opens them, wherever they are copied. */
  readonly files: readonly string[];
  /** The tokenizers and codebooks that the model names. */
  readonly codecs: Codecs;
}

/** @throws InputError where the source is wrong, or does not fit the model */
export async function prepare(data: DataRequest, parts: ModelParts, options: PrepareOptions): Promise<PreparedData> {
  const { host, folder, reach, notice = () => {}, cache = host.cacheFolder(), shardBytes = 128 * 2 ** 20 } = options;
  const { disk } = host;
  const codecs = openCodecs(parts, folder, reach ?? reachOf(disk, disk.paths.join(folder, "_")));
  const source = openSource(data.source, { host, parts, codecs, folder, reach });
  const room = { parts, codecs, length: data.carry ? undefined : data.length, shardBytes };
  const survey = surveyOf(source, disk, room);
  const ingredients = [SHARD_FORMAT, DECODER, survey.fingerprint, shapesOf(parts), shardBytes];
  if (codecs.fingerprint !== "") ingredients.push(codecs.fingerprint);
  if (options.skipBad) ingredients.push("skip bad");
  const key = contentHash(JSON.stringify(ingredients));
  const files = survey.shards.map((_, index) => {
    const part = `${String(index + 1).padStart(5, "0")}-of-${String(survey.shards.length).padStart(5, "0")}`;
    return disk.paths.join(cache, "data", `${source.name}-${key.slice(0, 20)}-${part}.safetensors`);
  });
  const shards = files.map((file) => kept(disk, file, parts, notice));
  const making = { host, parts, codecs, notice, skipBad: options.skipBad === true };
  if (shards.includes(undefined)) await makeMissing(source, survey, files, shards, making);
  const dataSet = dataSetOf(shards as Shard[], parts, data.held_out);
  checkSounds(survey.sounds, dataSet, data.length);
  if (dataSet.skipped.length > 0)
    notice(
      `${dataSet.skipped.length} documents are left out, for these files:${listed(dataSet.skipped.flatMap(({ files }) => files))}`,
    );
  if (data.held_out > 0 && dataSet.validation.length === 0)
    notice(`none of ${dataSet.documents.length} documents is held out: there will be no validation losses`);
  return { dataSet, files, codecs };
}

/** What of the modalities decides on a shard's bytes: not their names. */
const shapesOf = ({ modalities }: ModelParts) => modalities.map(storedAs);

/** @param sounds places of documents with recordings, by number in the source */
function checkSounds(sounds: ReadonlyMap<number, string>, dataSet: DataSet, length: number): void {
  const lengths = lengthsWithin(length);
  const left = dataSet.skipped.map(({ document }) => document);
  let before = 0;
  for (const [number, place] of sounds) {
    while (before < left.length && (left[before] as number) < number) before++;
    if (left[before] !== number) lengths.look(`${place}: the document`, positionsOf(dataSet, number - before));
  }
  lengths.refuse();
}

/**
 * The documents of each shard that is not there yet, with its index and the number of the first.
 * @throws InputError where the source is no longer what it was when it was surveyed
 */
function* groupsOf(
  source: Source,
  { shards: sizes, written }: Survey,
  there: readonly (Shard | undefined)[],
): Generator<{ readonly index: number; readonly first: number; readonly documents: readonly SourceDocument[] }> {
  const documents = source.documents();
  let first = 0;
  try {
    for (const [index, size] of sizes.entries()) {
      const group: SourceDocument[] = [];
      for (let i = 0; i < size; i++) {
        const next = documents.next();
        if (next.done) throw new Changed(source);
        if (there[index] === undefined) group.push(next.value);
      }
      if (group.length > 0) yield { index, first, documents: group };
      first += size;
    }
    const last = documents.next();
    if (!last.done || last.value !== written) throw new Changed(source);
  } finally {
    documents.return("");
  }
}

class Changed extends InputError {
  constructor({ name }: Source) {
    super(
      "other-data",
      `the documents of ${name} changed while they were prepared`,
      "Try again when nothing writes to them.",
    );
  }
}

/** The shard as the cache has it; undefined where it is missing or damaged. */
function kept(disk: Disk, file: string, { modalities }: ModelParts, notice: (text: string) => void): Shard | undefined {
  if (!disk.exists(file)) return undefined;
  try {
    return readShard(disk.hold(file), disk.paths.basename(file), modalities);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    notice(`${error.message}; it is prepared again`);
    return undefined;
  }
}

interface Making {
  readonly host: DataHost;
  readonly parts: ModelParts;
  readonly codecs: Codecs;
  readonly notice: (text: string) => void;
  readonly skipBad: boolean;
}

/** Makes the shards that are not there. @throws InputError where files cannot be read and may not be skipped */
async function makeMissing(
  source: Source,
  survey: Survey,
  files: readonly string[],
  shards: (Shard | undefined)[],
  making: Making,
): Promise<void> {
  const { disk } = making.host;
  const begun: string[] = [];
  const bad: BadFile[] = [];
  try {
    for (const { index, first, documents } of groupsOf(source, survey, shards)) {
      const file = files[index] as string;
      makeFolderOf(disk, file, WRITABLE);
      making.notice(`preparing ${documents.length} documents, once, into ${file}`);
      const read = await readDocuments(documents, making.parts, making.codecs, making.host);
      const skipped: SkippedDocument[] = [];
      const prepared = read.flatMap((document, i) => {
        if (!("bad" in document)) return [document];
        for (const one of document.bad) bad.push(one);
        skipped.push({ document: first + i, files: document.bad.map(({ message }) => message) });
        return [];
      });
      // The rest is read all the same, for what else is bad.
      if (bad.length > 0 && !making.skipBad) continue;
      begun.push(file);
      const codebooks = index === 0 ? making.codecs.codebookFiles : new Map<number, Uint8Array>();
      writeWhole(disk, file, shardPieces(prepared, making.parts.modalities, codebooks, skipped), WRITABLE);
      shards[index] = readShard(disk.hold(file), disk.paths.basename(file), making.parts.modalities);
    }
  } catch (error) {
    // Of documents that changed meanwhile a shard would stay under the name of what they were.
    if (error instanceof Changed) for (const file of begun) disk.remove(file);
    throw error;
  }
  if (!making.skipBad) refuseBad(bad);
}

/** What a first look at a source finds: its documents one after another, none decoded, of which only sums are kept. */
interface Survey {
  /** What the source said of its documents in the end. */
  readonly written: string;
  /** The same for the same documents and contents of files, and for no others. */
  readonly fingerprint: string;
  /** How many documents each shard takes. */
  readonly shards: readonly number[];
  /** Places of the documents with recordings, by their numbers: how many units these become is not known yet. */
  readonly sounds: ReadonlyMap<number, string>;
}

interface Room {
  readonly parts: ModelParts;
  readonly codecs: Codecs;
  /** Positions of a sequence; absent where documents may be longer. */
  readonly length: number | undefined;
  /** Most bytes of contents in a shard. */
  readonly shardBytes: number;
}

/** @throws InputError where a document cannot be read, or does not fit into a sequence */
function surveyOf(source: Source, disk: Pick<Disk, "hash">, { parts, codecs, length, shardBytes }: Room): Survey {
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

const hasSound = ({ segments }: SourceDocument) => segments.some((segment) => "audio" in segment);

const positionsIn = ({ segments }: SourceDocument, parts: ModelParts, codecs: Codecs) =>
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
