// Prepares the data of a spec once: each source into shards in the cache, or from a folder of prepared data.
import { allowHelp } from "../diagnostics/allow.js";
import { InputError } from "../diagnostics/input-error.js";
import type { ModelParts } from "../modalities/text.js";
import { listed } from "./bad-files.js";
import { type Codecs, openCodecs } from "./codecs.js";
import { type DataGroups, type DataSet, dataSetOf, shardsIn, withShards } from "./data-set.js";
import type { DataHost } from "./host.js";
import { lengthsWithin, positionsOf } from "./packing.js";
import { decodePicture } from "./picture-file.js";
import { fitting, openShard, type Preparing, type Progress, prepareSource, type ShardAt } from "./prepare-source.js";
import { preparedGroups } from "./prepared-folder.js";
import { locate, type Reach, reachOf } from "./reach.js";
import { openSource } from "./sources/open.js";
import { partsOf, type SourceFields } from "./sources/source.fields.js";
import type { Source } from "./sources/source.js";

/** The `data` section of a checked spec. */
export interface DataRequest {
  readonly source: SourceFields;
  /** Named sets of documents to validate on; by default, a share of the training documents is held out. */
  readonly validation?: readonly { readonly name: string; readonly source: SourceFields }[];
  readonly length: number;
  /** Absent if prepared data decide it. */
  readonly held_out?: number;
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
  readonly progress?: Progress | undefined;
  /** Skip documents whose files cannot be read, instead of failing. */
  readonly skipBad?: boolean | undefined;
  /** Most bytes of content in a shard; a single document may exceed it. */
  readonly shardBytes?: number;
}

export interface PreparedData {
  readonly dataSet: DataSet;
  /** The shard files by what they are for. */
  readonly groups: DataGroups<string>;
  /** The shard files, in order. `loadDataSet` of src/api opens them, also after they are copied. */
  readonly files: readonly string[];
  /** The tokenizers and codebooks that the model names. */
  readonly codecs: Codecs;
  /** The sources in the order of their documents: those of the training data, then those of the validation sets. */
  readonly read: readonly ReadSource[];
}

/** A source whose documents are in a data set. */
export interface ReadSource {
  readonly fields: SourceFields;
  /** The number of its documents in the data set. */
  readonly documents: number;
  /** The numbers, in the source, of documents that were skipped. */
  readonly skipped: readonly number[];
  /** The documents as they were prepared; undefined for data that were prepared before. */
  readonly open: (() => Source) | undefined;
}

/** @throws InputError if a source is invalid or does not fit the model */
export async function prepare(data: DataRequest, parts: ModelParts, options: PrepareOptions): Promise<PreparedData> {
  const { host, folder, reach, notice = () => {}, progress = () => {} } = options;
  const { disk } = host;
  const codecs = openCodecs(parts, folder, reach ?? reachOf(disk, disk.paths.join(folder, "_")));
  const preparing: Preparing = {
    ...{ host, parts, codecs, notice, progress },
    cache: options.cache ?? host.cacheFolder(),
    length: data.length,
    carry: data.carry === true,
    skipBad: options.skipBad === true,
    shardBytes: options.shardBytes ?? 128 * 2 ** 20,
  };
  const read: ReadSource[] = [];
  const found = await groupsOf(data, preparing, { folder, reach, read });
  const { held_out: heldOut = 0 } = data;
  if (heldOut > 0 && found.validation.length > 0) throw new HeldOutBeside(found.validation.map(({ name }) => name));
  const dataSet = dataSetOf(
    withShards(found, ({ shard }) => shard),
    parts,
    data.held_out,
    (file, size, name) => decodePicture(host, file, size, name),
  );
  checkPrepared(dataSet, read, data);
  if (dataSet.skipped.length > 0)
    notice(
      `${dataSet.skipped.length} documents are skipped because of these files:${listed(dataSet.skipped.flatMap(({ files }) => files))}`,
    );
  if (data.held_out !== 0 && dataSet.validation.length === 0)
    notice(`none of ${dataSet.documents.length} documents is held out, so there are no validation losses`);
  const groups = withShards(found, ({ file }) => file);
  return { dataSet, groups, files: shardsIn(groups), codecs, read };
}

/** The folder of prepared data; undefined for other sources. */
function folderOf(source: SourceFields): string | undefined {
  const asked = partsOf(source);
  return "prepared" in asked ? asked.prepared : undefined;
}

/** Checks the lengths of documents from prepared folders; those of other sources are checked when they are prepared. */
function checkPrepared(dataSet: DataSet, read: readonly ReadSource[], { length, carry }: DataRequest): void {
  if (carry) return;
  const lengths = lengthsWithin(
    length,
    "prepare the data again with `long: cut` or `long: split` in their source, and with this length",
  );
  let number = 0;
  const look = (path: string | undefined, end: number) => {
    for (; path !== undefined && number < end; number++)
      lengths.look(() => `${path}: document "${dataSet.label(number)}"`, positionsOf(dataSet, number));
    number = end;
  };
  for (const { fields, documents } of read) look(folderOf(fields), number + documents);
  // Those of the validation sets in the folder of the training data.
  const [first] = read;
  if (first !== undefined) look(folderOf(first.fields), dataSet.documents.length);
  lengths.refuse();
}

/** Documents that are held out beside validation sets would be neither trained on nor evaluated. */
class HeldOutBeside extends InputError {
  constructor(sets: readonly string[]) {
    super(
      "held-out-beside-validation",
      `data.held_out cannot be set, because the prepared data have validation sets: ${sets.join(", ")}`,
      "Remove held_out, to validate on these sets.",
    );
  }
}

/** Where the paths of a spec lead. */
interface Where {
  readonly folder: string;
  readonly reach: Reach | undefined;
  /** Receives each source after its preparation. */
  readonly read: ReadSource[];
}

/** The shards of the training sources and of the validation sets. */
async function groupsOf(
  { source, validation = [] }: DataRequest,
  preparing: Preparing,
  where: Where,
): Promise<DataGroups<ShardAt>> {
  const own = await groupsOfSource(source, preparing, where);
  const sets: { readonly name: string; readonly shards: readonly ShardAt[] }[] = [];
  for (const { name, source: documents } of validation) {
    const { training, validation: ownSets } = await groupsOfSource(documents, preparing, where);
    const prepared = folderOf(documents);
    if (prepared !== undefined) checkSet(prepared, { training, validation: ownSets }, own);
    sets.push({ name, shards: training.flatMap(({ shards }) => shards) });
  }
  return { training: own.training, validation: sets.length > 0 ? sets : own.validation };
}

/** @throws InputError if a prepared folder cannot be a validation set beside the training data */
function checkSet(path: string, set: DataGroups<ShardAt>, own: DataGroups<ShardAt>): void {
  const trained = new Set(own.training.flatMap(({ shards }) => shards.map(({ file }) => file)));
  const ownSets = own.validation.map(({ name }) => name);
  if (set.training.some(({ shards }) => shards.some(({ file }) => trained.has(file))))
    throw new InputError(
      "bad-shard",
      `data.validation: ${path} has the documents of the training data`,
      ownSets.length > 0
        ? `Remove \`validation\`: these prepared data have validation sets already: ${ownSets.join(", ")}.`
        : "Remove `validation`, and set the share of held-out documents with `held_out`.",
    );
  if (set.validation.length > 0)
    throw new InputError(
      "bad-shard",
      `data.validation: ${path} has validation sets of its own, beside its training documents`,
      "For a validation set, prepare its documents alone: `mom data prepare SPEC --out DIR`.",
    );
}

async function groupsOfSource(source: SourceFields, preparing: Preparing, where: Where): Promise<DataGroups<ShardAt>> {
  const add = (fields: SourceFields, shards: readonly ShardAt[], open?: () => Source) => {
    const documents = shards.reduce((sum, { shard }) => sum + shard.documents.length, 0);
    const skipped = shards.flatMap(({ shard }) => (shard.skipped ?? []).map(({ document }) => document));
    where.read.push({ fields, documents, skipped, open });
  };
  const asked = partsOf(source);
  if ("prepared" in asked) {
    const groups = ofPreparedFolder(asked.prepared, preparing, where);
    for (const { shards } of groups.training) add(source, shards);
    return groups;
  }
  const training: { readonly weight: number; readonly shards: readonly ShardAt[] }[] = [];
  for (const { source: one, weight } of asked.parts) {
    const long = "long" in one ? one.long : "refuse";
    const open = () => openSource(one, { ...preparing, ...where });
    const shards = await prepareSource(open(), long, preparing);
    add(one, shards, () => fitting(open(), long, preparing));
    training.push({ weight, shards });
  }
  return { training, validation: [] };
}

/** @throws InputError if the folder is outside, damaged or was prepared for another model */
function ofPreparedFolder(path: string, { host, parts, codecs }: Preparing, where: Where): DataGroups<ShardAt> {
  const { disk } = host;
  const { join, resolve } = disk.paths;
  const folder = resolve(where.folder, path);
  const reach = where.reach ?? reachOf(disk, join(where.folder, "_"));
  const located = locate(folder, reach);
  if (located.kind === "outside")
    throw new InputError("file-outside", `${path} is outside the project's folder.`, allowHelp(located.folder));
  const groups = preparedGroups(disk, folder, { name: path, parts, codecs });
  return withShards(groups, (file) => ({
    file,
    shard: openShard(disk, file, parts.modalities),
  }));
}
