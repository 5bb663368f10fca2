// Describes the data set of a spec and shows some of its documents as text.
import { type Codecs, decodersOf } from "../data/codecs.js";
import type { DataSet } from "../data/data-set.js";
import type { Segment } from "../data/document.js";
import type { DataHost } from "../data/host.js";
import { positionsOf } from "../data/packing.js";
import { type PreparedData, prepare } from "../data/prepare.js";
import type { Reach } from "../data/reach.js";
import { CLDR, licenceOf, usesCldr } from "../data/sources/emoji-sets.js";
import type { SourceFields } from "../data/sources/source.fields.js";
import type { CheckedSpec } from "../front/spec.js";
import { isBytes, itemOf, positionsOfItem } from "../modalities/modality.fields.js";
import { firstId, type ModelParts, textOf } from "../modalities/text.js";

/** The number of ids to show for a segment that is not text. */
const SHOWN_IDS = 16;

export interface LookOptions {
  /** The number of documents to show, spread evenly over all of them. */
  readonly documents: number;
  /** Skip documents whose files cannot be read. */
  readonly skipBad?: boolean | undefined;
  /** Receives status lines: slow operations and skipped documents. */
  readonly notice: (line: string) => void;
}

export interface ModalityCount {
  readonly modality: string;
  readonly kind: string;
  readonly segments: number;
  /** The number of tokens or patches, without markers. */
  readonly positions: number;
  readonly longest: number;
}

/** A segment for programs: the ids of its modality; for text also the text and the token of each id. */
export interface ShownSegment {
  readonly modality: string | undefined;
  readonly text?: string;
  readonly tokens?: readonly (string | null)[];
  readonly ids?: readonly number[];
}

export interface ShownDocument {
  readonly number: number;
  readonly held_out: boolean;
  readonly label: string;
  /** The document on one line. */
  readonly text: string;
  readonly segments: readonly ShownSegment[];
}

export interface Look {
  readonly documents: { readonly train: number; readonly held_out: number };
  /** Positions including markers: of all documents, the mean and the most of a document, and of a sequence. */
  readonly positions: { readonly all: number; readonly mean: number; readonly most: number; readonly length: number };
  readonly modalities: readonly ModalityCount[];
  /** The files of the prepared data. */
  readonly shards: readonly string[];
  /** The documents that were skipped. */
  readonly skipped: DataSet["skipped"];
  readonly shown: readonly ShownDocument[];
  /** The licences of what was fetched or is installed with mom, a line each. */
  readonly licences: readonly string[];
}

/** A spec that is looked at, and where it is. */
export interface LookedAt {
  readonly spec: CheckedSpec;
  readonly folder: string;
  readonly reach: Reach;
}

/** @throws InputError if the data are invalid */
export const look = async (host: DataHost, looked: LookedAt, options: LookOptions): Promise<Look> =>
  lookOf(await preparedFor(host, looked, options), looked.spec, options);

/** The data set of a spec. @throws InputError if the data are invalid */
export const preparedFor = (
  host: DataHost,
  { spec: { data, model }, folder, reach }: LookedAt,
  { skipBad, notice }: LookOptions,
): Promise<PreparedData> => prepare(data, model, { host, folder, reach, skipBad, notice });

export function lookOf(
  { dataSet, files, codecs }: PreparedData,
  { data }: CheckedSpec,
  { documents }: LookOptions,
): Look {
  const reading: Decoding = { tokenizers: codecs.tokenizers, decoders: decodersOf(codecs) };
  const shown = spread(dataSet, documents).map((number) => documentOf(dataSet, number, reading));
  const licences = licencesOf(data.source, ...data.validation.map(({ source }) => source));
  return { ...aboutOf(dataSet, data.length), shards: files, skipped: dataSet.skipped, shown, licences };
}

/** The numbers of so many documents, spread evenly over all. */
export function spread({ documents }: DataSet, count: number): number[] {
  const step = Math.max(1, Math.floor(documents.length / Math.max(1, count)));
  const shown = Math.min(count, Math.ceil(documents.length / step));
  return Array.from({ length: shown }, (_, index) => index * step);
}

function aboutOf(dataSet: DataSet, length: number): Pick<Look, "documents" | "positions" | "modalities"> {
  let [all, most] = [0, 0];
  const counts = dataSet.parts.modalities.map(() => ({ segments: 0, positions: 0, longest: 0 }));
  for (const [number, document] of dataSet.documents.entries()) {
    const positions = positionsOf(dataSet, number);
    all += positions;
    most = Math.max(most, positions);
    for (const segment of document.segments) {
      const [count, size] = [counts[segment.modality], sizeOf(segment, dataSet)];
      if (count === undefined) continue;
      count.segments++;
      count.positions += size;
      count.longest = Math.max(count.longest, size);
    }
  }
  return {
    documents: { train: dataSet.train.length, held_out: dataSet.validation.length },
    positions: { all, mean: all / Math.max(1, dataSet.documents.length), most, length },
    modalities: dataSet.parts.modalities.map(({ name, kind }, index) => ({
      modality: name,
      kind,
      ...(counts[index] as (typeof counts)[number]),
    })),
  };
}

/** Positions of a segment, without markers. */
export function sizeOf(segment: Segment, { parts }: DataSet): number {
  return segment.kind === "ids" ? segment.count : positionsOfItem(parts.modalities[segment.modality]);
}

interface Decoding extends Pick<Codecs, "tokenizers"> {
  readonly decoders: ReturnType<typeof decodersOf>;
}

function documentOf(dataSet: DataSet, number: number, reading: Decoding): ShownDocument {
  const { parts, validation } = dataSet;
  const { decoders } = reading;
  const text = (dataSet.documents[number]?.segments ?? []).map((segment) => {
    const declared = parts.modalities[segment.modality];
    if (segment.kind === "item") {
      return `${declared?.name}: ${itemOf(declared)?.type === "F32" ? "a latent" : "a picture"} of ${sizeOf(segment, dataSet)} patches`;
    }
    if (isBytes(declared) || decoders.has(segment.modality))
      return `${declared?.name}: ${JSON.stringify(textOf(segment.ids, parts, decoders))}`;
    const first = firstId(segment.modality, parts.vocabulary);
    const ids = [...segment.ids.slice(0, SHOWN_IDS)].map((id) => id - first);
    return `${declared?.name}: ${ids.join(" ")}${segment.count > SHOWN_IDS ? ` … (${segment.count})` : ""}`;
  });
  return {
    number,
    held_out: validation.includes(number),
    label: dataSet.label(number),
    text: text.join(" | "),
    segments: (dataSet.documents[number]?.segments ?? []).map((segment) => segmentOf(segment, parts, reading)),
  };
}

function segmentOf(segment: Segment, parts: ModelParts, { tokenizers, decoders }: Decoding): ShownSegment {
  const declared = parts.modalities[segment.modality];
  if (segment.kind === "item") return { modality: declared?.name };
  const first = firstId(segment.modality, parts.vocabulary);
  const ids = Array.from(segment.ids, (id) => id - first);
  const tokenizer = tokenizers.get(segment.modality);
  if (tokenizer === undefined && !isBytes(declared)) return { modality: declared?.name, ids };
  const text = textOf(segment.ids, parts, decoders);
  // Bytes have the names that a tokenizer with byte fallback gives them.
  const tokens = ids.map((id) => (tokenizer === undefined ? `<0x${hex(id)}>` : (tokenizer.tokenOf(id) ?? null)));
  return { modality: declared?.name, text, tokens, ids };
}

const hex = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, "0");

/** The licences of the data that come with mom or through it, each once. */
function licencesOf(...sources: readonly SourceFields[]): string[] {
  const all = sources.flatMap((source): string[] => {
    if ("of" in source) return licencesOf(...source.of.map((part) => part.source));
    if (!("sets" in source)) return [];
    return [...source.sets.map(licenceOf), ...(usesCldr(source) ? [CLDR.licence] : [])];
  });
  return [...new Set(all)];
}
