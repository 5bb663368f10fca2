// Prepares a source once: surveys its documents, then decodes them into shards in the cache, or finds them there.
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

const WRITABLE = "Free some space, or set MOM_CACHE to a writable folder.";

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
  /** The spec's folder, which the path of `files` is relative to. */
  readonly folder: string;
  /** What the spec and its data may read; by default, the project of that folder. */
  readonly reach?: Reach | undefined;
  /** Folder of the shards; by default the host's cache. */
  readonly cache?: string;
  /** Receives progress and notices. */
  readonly notice?: (text: string) => void;
  /** Skip documents whose files cannot be read, instead of failing. */
  readonly skipBad?: boolean | undefined;
  /** Most bytes of content in a shard; a single document may exceed it. */
  readonly shardBytes?: number;
}

export interface PreparedData {
  readonly dataSet: DataSet;
  /** The shard files, in order. `loadDataSet` of src/api opens them, also after they are copied. */
  readonly files: readonly string[];
  /** The tokenizers and codebooks that the model names. */
  readonly codecs: Codecs;
}

/** @throws InputError if the source is invalid or does not fit the model */
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
      `${dataSet.skipped.length} documents are skipped because of these files:${listed(dataSet.skipped.flatMap(({ files }) => files))}`,
    );
  if (data.held_out > 0 && dataSet.validation.length === 0)
    notice(`none of ${dataSet.documents.length} documents is held out, so there are no validation losses`);
  return { dataSet, files, codecs };
}

/** What a shard's bytes depend on in the modalities: everything but their names. */
const shapesOf = ({ modalities }: ModelParts) => modalities.map(storedAs);

/** @param sounds places of documents with recordings, by document number in the source */
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
 * The documents of each missing shard, with its index and the number of its first document.
 * @throws InputError if the source changed since it was surveyed
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
      `the documents of ${name} changed during preparation`,
      "Try again when no program writes to them.",
    );
  }
}

/** The shard from the cache; undefined if it is missing or damaged. */
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

/** Makes the missing shards. @throws InputError if files cannot be read and may not be skipped */
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
      making.notice(`preparing ${documents.length} documents into ${file} (only once)`);
      const read = await readDocuments(documents, making.parts, making.codecs, making.host);
      const skipped: SkippedDocument[] = [];
      const prepared = read.flatMap((document, i) => {
        if (!("bad" in document)) return [document];
        for (const one of document.bad) bad.push(one);
        skipped.push({ document: first + i, files: document.bad.map(({ message }) => message) });
        return [];
      });
      // Continues reading, to report all bad files.
      if (bad.length > 0 && !making.skipBad) continue;
      begun.push(file);
      const codebooks = index === 0 ? making.codecs.codebookFiles : new Map<number, Uint8Array>();
      writeWhole(disk, file, shardPieces(prepared, making.parts.modalities, codebooks, skipped), WRITABLE);
      shards[index] = readShard(disk.hold(file), disk.paths.basename(file), making.parts.modalities);
    }
  } catch (error) {
    // A shard of changed documents must not stay under the name of the old ones.
    if (error instanceof Changed) for (const file of begun) disk.remove(file);
    throw error;
  }
  if (!making.skipBad) refuseBad(bad);
}

/** The result of a first pass over a source, which decodes nothing and keeps only sums. */
interface Survey {
  /** What `Source.documents` returned at the end. */
  readonly written: string;
  /** Equal only for equal documents and file contents. */
  readonly fingerprint: string;
  /** The number of documents in each shard. */
  readonly shards: readonly number[];
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
    // The length of a document with missing files is unknown.
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

/** The number of codes of a picture; undefined if it stays a picture. */
function codesPerPicture(codecs: Codecs, modality: number): number | undefined {
  const codebook = pictureCodebook(codecs, modality);
  return codebook && patchesPerPicture(codebook.facts.kind);
}

function bytesOfSegment(segment: SourceSegment, { modalities }: ModelParts): number {
  if ("ids" in segment) return 4 * segment.ids.length;
  const item = itemOf(modalities[segment.modality]);
  return item ? item.positions * item.columns * (item.type === "F32" ? 4 : 1) : 0;
}
