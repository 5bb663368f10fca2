// Prepares a source once: decodes it into shards in the cache, or finds them there.
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { InputError } from "../diagnostics/input-error.js";
import { patchesPerPicture } from "../modalities/modality.fields.js";
import type { ModelParts } from "../modalities/text.js";
import { pictureCodebook } from "./codebook.js";
import { type Codecs, openCodecs } from "./codecs.js";
import { contentHash } from "./content-hash.js";
import { type DataSet, dataSetOf } from "./data-set.js";
import { documentLength } from "./document.js";
import { emojiSource } from "./emoji-source.js";
import { filesSource } from "./files-source.js";
import { positionsOf, refuseLonger } from "./packing.js";
import { DECODER } from "./picture-file.js";
import type { Reach } from "./reach.js";
import { readDocuments } from "./read-documents.js";
import { readShard, SHARD_FORMAT, type Shard, writeShard } from "./shard.js";
import type { Source, SourceDocument, SourceSegment } from "./source.js";
import { makeFolderOf, writeWhole } from "./write-whole.js";

const WRITABLE = "Free some space, or set MOM_CACHE to a folder that can be written.";

/** The `data` section of a checked spec. */
export interface DataRequest {
  readonly source: { readonly kind: "emoji" } | { readonly kind: "files"; readonly path: string };
  readonly length: number;
  readonly held_out: number;
  /** Whether documents may be longer than a sequence. */
  readonly carry?: boolean;
}

export interface PrepareOptions {
  /** The folder that the path of `files` is relative to: that of the spec. */
  readonly folder: string;
  /** What the spec and its data may read; left out, the project of that folder. */
  readonly reach?: Reach | undefined;
  /** Where shards are kept; `cacheFolder()` if absent. */
  readonly cache?: string;
  /** Told what takes a while, and what was mended. */
  readonly notice?: (text: string) => void;
  /** Most bytes of contents in a shard; one document may exceed it. */
  readonly shardBytes?: number;
}

export interface PreparedData {
  readonly dataSet: DataSet;
  /** The shard files, in order: `loadDataSet` opens them, wherever they are copied. */
  readonly files: readonly string[];
  /** The tokenizers and codebooks that the model names. */
  readonly codecs: Codecs;
}

/** `$MOM_CACHE`, else `$XDG_CACHE_HOME/mom`, else `~/.cache/mom`. */
export function cacheFolder(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const { MOM_CACHE, XDG_CACHE_HOME } = environment;
  return MOM_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "mom");
}

/** @throws InputError where the source is wrong, or does not fit the model */
export async function prepare(data: DataRequest, parts: ModelParts, options: PrepareOptions): Promise<PreparedData> {
  const { notice = () => {}, cache = cacheFolder(), shardBytes = 128 * 2 ** 20 } = options;
  const codecs = openCodecs(parts, options.folder, options.reach);
  const source =
    data.source.kind === "emoji"
      ? emojiSource(parts, codecs)
      : filesSource(data.source.path, options.folder, parts, codecs, options.reach);
  if (!data.carry) checkFits(source, parts, codecs, data.length);
  const groups = shardsOf(source.documents, parts, shardBytes);
  const ingredients = [SHARD_FORMAT, DECODER, source.fingerprint, shapesOf(parts), shardBytes];
  if (codecs.fingerprint !== "") ingredients.push(codecs.fingerprint);
  const key = contentHash(JSON.stringify(ingredients));
  const shards: Shard[] = [];
  const files: string[] = [];
  for (const [index, documents] of groups.entries()) {
    const part = `${String(index + 1).padStart(5, "0")}-of-${String(groups.length).padStart(5, "0")}`;
    const file = join(cache, "data", `${source.name}-${key.slice(0, 20)}-${part}.safetensors`);
    files.push(file);
    shards.push(
      kept(file, parts, notice) ?? (await made(file, documents, { parts, codecs, first: index === 0, notice })),
    );
  }
  const dataSet = dataSetOf(shards, parts, data.held_out);
  checkSounds(source, dataSet, data.length);
  if (data.held_out > 0 && dataSet.validation.length === 0)
    notice(`none of ${dataSet.documents.length} documents is held out: there will be no validation losses`);
  return { dataSet, files, codecs };
}

/** What of the modalities decides on a shard's bytes: not their names. */
const shapesOf = ({ modalities }: ModelParts) =>
  modalities.map((modality) =>
    modality.kind === "patches" ? { ...modality, name: "", patchHeight: 0, patchWidth: 0 } : modality.kind,
  );

const hasSound = ({ segments }: SourceDocument): boolean => segments.some((segment) => "audio" in segment);

/** A document's positions, by where it stands. */
const sized = (place: string, positions: number) => ({ place: `${place}: the document`, positions });

/** Before anything is decoded. How many units a recording becomes is not known yet. */
function checkFits(source: Source, parts: ModelParts, codecs: Codecs, length: number): void {
  const known = source.documents.filter((document) => !hasSound(document));
  const documents = known.map(({ place, segments }) => {
    const sizes = segments.map((segment) => ({
      modality: segment.modality,
      ids: "ids" in segment ? segment.ids.length : codesPerPicture(codecs, segment.modality),
    }));
    return sized(place, documentLength(sizes, parts));
  });
  refuseLonger(documents, length);
}

function checkSounds({ documents }: Source, dataSet: DataSet, length: number): void {
  const sounds = documents.flatMap((document, index) =>
    hasSound(document) ? [sized(document.place, positionsOf(dataSet, index))] : [],
  );
  refuseLonger(sounds, length);
}

/** How many codes a picture becomes; undefined where it stays a picture. */
function codesPerPicture(codecs: Codecs, modality: number): number | undefined {
  const codebook = pictureCodebook(codecs, modality);
  return codebook && patchesPerPicture(codebook.facts.kind);
}

/** Cuts the documents, in order, into groups of at most so many bytes. */
function shardsOf(documents: readonly SourceDocument[], parts: ModelParts, limit: number): SourceDocument[][] {
  const groups: SourceDocument[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const document of documents) {
    const size = document.segments.reduce((sum, segment) => sum + bytesOfSegment(segment, parts), 0);
    if (bytes + size > limit) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(document);
    bytes += size;
  }
  return groups;
}

function bytesOfSegment(segment: SourceSegment, { modalities }: ModelParts): number {
  if ("ids" in segment) return 4 * segment.ids.length;
  const modality = modalities[segment.modality];
  return modality?.kind === "patches"
    ? modality.height * modality.width * modality.channels * (modality.values === "latents" ? 4 : 1)
    : 0;
}

/** The shard as the cache has it; undefined where it is missing or damaged. */
function kept(file: string, { modalities }: ModelParts, notice: (text: string) => void): Shard | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return readShard(readFileSync(file), basename(file), modalities);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    notice(`${error.message}; it is prepared again`);
    return undefined;
  }
}

interface Making {
  readonly parts: ModelParts;
  readonly codecs: Codecs;
  /** The first shard keeps the codebooks, too. */
  readonly first: boolean;
  readonly notice: (text: string) => void;
}

async function made(
  file: string,
  documents: readonly SourceDocument[],
  { parts, codecs, first, notice }: Making,
): Promise<Shard> {
  makeFolderOf(file, WRITABLE);
  notice(`preparing ${documents.length} documents, once, into ${file}`);
  const bytes = writeShard(
    await readDocuments(documents, parts, codecs),
    parts.modalities,
    first ? codecs.codebookFiles : new Map(),
  );
  writeWhole(file, bytes, WRITABLE);
  return readShard(bytes, basename(file), parts.modalities);
}
