// A data set opened from its shards: documents, pictures and the split.
import { InputError } from "../diagnostics/input-error.js";
import { itemOf } from "../modalities/modality.fields.js";
import type { ItemShape } from "../modalities/row.fields.js";
import { firstId, type ModelParts } from "../modalities/text.js";
import { type Codebook, codebookOf } from "./codebook.js";
import type { Crc32 } from "./crc32.js";
import type { Document, Segment } from "./document.js";
import { HELD_OUT } from "./held-out.js";
import type { PictureSize, View } from "./picture-size.js";
import type { Bytes } from "./safetensors.js";
import { readShard, type Shard, type ShardDocument, type ShardSegment, type SkippedDocument } from "./shard.js";

export interface DataSet {
  readonly parts: ModelParts;
  /** Codebooks by modality index; they decode codes into pictures. */
  readonly codebooks: ReadonlyMap<number, Codebook>;
  /** All documents. A document's number is its index here; it is stable while the source does not change. */
  readonly documents: readonly Document[];
  /** Numbers of the training documents and of the held-out documents, both ascending. */
  readonly train: readonly number[];
  readonly validation: readonly number[];
  /** The sources of the training documents: one, or those of a mixture with their weights. */
  readonly sources: readonly TrainingSource[];
  /** The named sets of held-out documents; one set without a name if they are a share of the training data. */
  readonly validationSets: readonly { readonly name: string | undefined; readonly documents: readonly number[] }[];
  /** The number of items. Items are numbered in the order of the documents. */
  readonly items: number;
  /** Documents that were skipped because of unreadable files. */
  readonly skipped: readonly SkippedDocument[];
  /** Changes when the documents do. A resumed run must find the same one. */
  readonly fingerprint: number;
  /** The label of a document in reports. */
  label(document: number): string;
  /** The first item of a document, or undefined. */
  firstItem(document: number): StoredItem | undefined;
  /** An item by its number. */
  itemById(id: number): StoredItem;
}

/** A source of training documents. */
interface TrainingSource {
  readonly weight: number;
  readonly train: readonly number[];
  /** The number of its documents, those that are held out among them. They have consecutive numbers. */
  readonly documents: number;
  /** A fingerprint of its first documents. A source that has grown at its end keeps those of its beginnings. */
  readonly begins: (documents: number) => number;
}

interface StoredItem {
  readonly id: number;
  readonly modality: number;
  /** [height, width, channels]; undefined if the numbers are not pixels. Read again at each call. */
  readonly pixels: () => Promise<Uint8Array | undefined>;
  /**
   * Values without noise, [positions, columns]. Read again at each call.
   * @param view the part of a picture, if it is decoded live
   * @param into is filled, and returned
   */
  readonly values: (view?: View, into?: Float32Array) => Promise<Float32Array>;
}

/** Decodes the file of a picture. @param name of the picture in errors */
export type DecodeLive = (file: Uint8Array, size: PictureSize, name: string) => Promise<Uint8Array>;

interface ShardFile {
  /** The file's name in errors. */
  readonly name: string;
  readonly bytes: Bytes;
}

/** Shards of a data set, or their files, by what they are for. */
export interface DataGroups<T> {
  /** Of each source, in order. */
  readonly training: readonly { readonly weight: number; readonly shards: readonly T[] }[];
  /** Of each named validation set. */
  readonly validation: readonly { readonly name: string; readonly shards: readonly T[] }[];
}

/** The groups of a single source. */
export const oneSource = <T>(shards: readonly T[]): DataGroups<T> => ({
  training: [{ weight: 1, shards }],
  validation: [],
});

/** All shards, in order. */
export const shardsIn = <T>({ training, validation }: DataGroups<T>): T[] =>
  [...training, ...validation].flatMap(({ shards }) => shards);

export function withShards<T, U>({ training, validation }: DataGroups<T>, change: (shard: T) => U): DataGroups<U> {
  return {
    training: training.map((group) => ({ ...group, shards: group.shards.map((shard) => change(shard)) })),
    validation: validation.map((group) => ({ ...group, shards: group.shards.map((shard) => change(shard)) })),
  };
}

/**
 * @param files all shards, in order
 * @param crc32 the platform's, if it has a faster one
 * @throws InputError if a shard is damaged or no training document is left
 */
export const openDataSet = (
  files: DataGroups<ShardFile>,
  parts: ModelParts,
  heldOut: number | undefined,
  crc32?: Crc32,
): DataSet =>
  dataSetOf(
    withShards(files, ({ name, bytes }) => readShard(bytes, name, parts.modalities, crc32)),
    parts,
    heldOut,
  );

/**
 * @param heldOut the held-out share of the training sources: documents whose hash, as a fraction, is below it; by default,
 * the usual one if there are no validation sets
 * @param decode needed for pictures that are decoded live
 * @throws InputError if no training document of a source is left
 */
export function dataSetOf(
  groups: DataGroups<Shard>,
  parts: ModelParts,
  heldOut: number | undefined,
  decode?: DecodeLive,
): DataSet {
  const share = heldOut ?? (groups.validation.length > 0 ? 0 : HELD_OUT);
  const documents: Document[] = [];
  const items: ItemPlace[] = [];
  const shapes = parts.modalities.map(itemOf);
  /** Adds the documents of shards. @returns the numbers of those below and above the held-out share */
  const add = (shards: readonly Shard[], share: number) => {
    const below: number[] = [];
    const above: number[] = [];
    for (const shard of shards) {
      const opened = { shard, parts, shapes, decode };
      for (let row = 0; row < shard.documents.length; row++) {
        const document = shard.documents.at(row) as ShardDocument;
        (document.hash / 2 ** 32 < share ? below : above).push(documents.length);
        documents.push(new StoredDocument(opened, row, items.length));
        addItems(opened, row, document, items);
      }
    }
    return { below, above };
  };
  const training = groups.training.map(({ weight, shards }) => ({ weight, shards, ...add(shards, share) }));
  for (const { above, below } of training)
    if (above.length === 0)
      throw new InputError(
        "no-documents",
        `no training document is left: ${above.length + below.length} in total, ${below.length} held out`,
        "Lower data.held_out, or add documents.",
      );
  const named = groups.validation.map(({ name, shards }) => ({ name, documents: add(shards, 0).above }));
  const heldOutDocuments = training.flatMap(({ below }) => below);
  const validation = [...heldOutDocuments, ...named.flatMap(({ documents: of }) => of)];
  const itemById = (id: number) => {
    const place = items[id];
    if (place === undefined) throw new RangeError(`no item ${id}: there are ${items.length}`);
    return itemAt(place, id);
  };
  const shards = shardsIn(groups);
  return {
    parts,
    codebooks: new Map(
      [...(shards[0]?.codebooks ?? [])].map(([index, bytes]) => [index, codebookOf(bytes, parts.modalities[index])]),
    ),
    documents,
    train: training.flatMap(({ above }) => above),
    validation,
    sources: training.map(({ weight, shards, below, above }) => ({
      weight,
      train: above,
      documents: below.length + above.length,
      begins: (count) => beginning(shards, count),
    })),
    validationSets: named.length > 0 ? named : [{ name: undefined, documents: heldOutDocuments }],
    items: items.length,
    skipped: shards.flatMap(({ skipped = [] }) => skipped),
    fingerprint: shards.reduce((mixed, { checksum }) => (Math.imul(mixed, 31) + checksum) >>> 0, 0),
    label: (document) => documents[document]?.label ?? "",
    firstItem: (document) => {
      const segment = documents[document]?.segments.find(({ kind }) => kind === "item");
      return segment?.kind === "item" ? itemById(segment.item) : undefined;
    },
    itemById,
  };
}

/** Mixes the content hashes of the first documents, and the lengths that their segments have for the model. */
function beginning(shards: readonly Shard[], count: number): number {
  let mixed = 0;
  let left = count;
  const mix = (value: number) => {
    mixed = (Math.imul(mixed, 31) + value) >>> 0;
  };
  for (const { documents, segments } of shards)
    for (let row = 0; row < documents.length && left > 0; row++, left--) {
      const { hash, begin, end } = documents.at(row) as ShardDocument;
      mix(hash);
      for (let i = begin; i < end; i++) {
        const segment = segments.at(i) as ShardSegment;
        mix(segment.end - segment.begin);
      }
    }
  return mixed;
}

/** What all documents of a shard share. */
interface Opened {
  readonly shard: Shard;
  readonly parts: ModelParts;
  /** By modality index; undefined if the modality holds ids. */
  readonly shapes: readonly (ItemShape | undefined)[];
  readonly decode: DecodeLive | undefined;
}

/** Stores only where a document is, since there may be millions. A class, because instances share its getters. */
class StoredDocument implements Document {
  constructor(
    private readonly opened: Opened,
    private readonly row: number,
    /** The number of its first item, if it has one. */
    private readonly firstItem: number,
  ) {}

  private get stored(): ShardDocument {
    return this.opened.shard.documents.at(this.row) as ShardDocument;
  }
  get label(): string {
    return this.opened.shard.label(this.row);
  }
  get eitherOrder(): boolean {
    return this.stored.eitherOrder;
  }
  get extra(): Document["extra"] {
    return this.opened.shard.extra(this.row);
  }
  get segments(): Segment[] {
    let item = this.firstItem;
    return storedSegments(this.opened, this.stored).map((segment): Segment => {
      const { modality, counted } = segment;
      return this.opened.shapes[modality] !== undefined
        ? { kind: "item", modality, counted, item: item++ }
        : idsOf(this.opened, segment);
    });
  }
}

const storedSegments = ({ shard }: Opened, { begin, end }: ShardDocument) =>
  Array.from({ length: end - begin }, (_, i) => shard.segments.at(begin + i) as ShardSegment);

function idsOf({ shard, parts }: Opened, { modality, counted, begin, end }: ShardSegment): Segment {
  const first = firstId(modality, parts.vocabulary);
  return {
    kind: "ids",
    modality,
    counted,
    count: end - begin,
    get ids() {
      return shard.tokens.slice(begin, end).map((id) => first + id);
    },
  };
}

/** Where an item is. There may be millions, so this is all that is stored of each. */
interface ItemPlace {
  readonly opened: Opened;
  /** The document's row in the shard. */
  readonly document: number;
  readonly modality: number;
  /** The item's number among those of its modality in the shard. */
  readonly at: number;
}

/** Appends the places of a document's items. */
function addItems(opened: Opened, document: number, stored: ShardDocument, items: ItemPlace[]): void {
  for (const { modality, begin } of storedSegments(opened, stored))
    if (opened.shapes[modality] !== undefined) items.push({ opened, document, modality, at: begin });
}

function itemAt({ opened, document, modality, at }: ItemPlace, id: number): StoredItem {
  const { shard, shapes, decode } = opened;
  const shape = shapes[modality] as ItemShape;
  const size = shape.positions * shape.columns;
  const stored = async (view?: View) => {
    const file = shard.files?.get(modality)?.at(at);
    if (file === undefined)
      return shard.items.get(modality)?.slice(at * size, (at + 1) * size) as Uint8Array | Float32Array;
    if (decode === undefined) throw new RangeError("no decoder for pictures that are decoded live");
    const { height, width, channels, fit } = shape;
    return await decode(file, { height, width, channels, fit, view }, shard.label(document));
  };
  return {
    id,
    modality,
    async pixels() {
      const numbers = await stored();
      return numbers instanceof Float32Array ? undefined : numbers;
    },
    values: async (view, into) => shape.split(await stored(view), into),
  };
}
