// Text and token ids: the ids that each modality may use, and how ids are displayed.
import { idsOf, isBytes, type Modality, markersOf, type Vocabulary } from "./modality.fields.js";

/** The parts of a checked model that determine how data become positions. `CheckedSpec.model` is one. */
export interface ModelParts {
  readonly modalities: readonly Modality[];
  readonly vocabulary: Vocabulary;
}

/** A text as the ids of a `bytes` modality: its UTF-8 bytes. */
export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/**
 * The number of ids, from 0, that the data may use: the modality's range without markers. 0 for a modality of numbers.
 */
export function ordinaryIds(index: number, { modalities, vocabulary }: ModelParts): number {
  const modality = modalities[index];
  const count = modality === undefined ? 0 : (idsOf(modality)?.count ?? 0);
  return modality !== undefined && index === vocabulary.owner && markersOf(modality) === "within"
    ? Math.min(...markers(vocabulary)) - firstId(index, vocabulary)
    : count;
}

/** First id of a modality's range in the vocabulary. */
export const firstId = (index: number, vocabulary: Vocabulary): number => vocabulary.first[index] as number;

const markers = (vocabulary: Vocabulary): number[] => [
  vocabulary.documentEnd,
  vocabulary.padding,
  ...vocabulary.spans.flatMap((span) => (span === undefined ? [] : [span.begin, span.end])),
];

/** Decodes a modality's own ids as text. */
export type Decode = (ids: readonly number[]) => string;

const bytesAsText: Decode = (ids) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(ids));

/**
 * Ids of the vocabulary as text: bytes decoded, a marker as `<image>` or `<end>`, any other id as `‹17›`.
 * @param decoders of the modalities with a tokenizer, by index
 */
export function textOf(
  ids: Iterable<number>,
  parts: ModelParts,
  decoders: ReadonlyMap<number, Decode> = new Map(),
): string {
  const { modalities, vocabulary } = parts;
  const names = markerNames(parts);
  const ranges = modalities.flatMap((modality, index) => {
    const decode = isBytes(modality) ? bytesAsText : decoders.get(index);
    const first = firstId(index, vocabulary);
    return decode ? [{ decode, first, end: first + ordinaryIds(index, parts) }] : [];
  });
  let text = "";
  let run: number[] = [];
  let open: (typeof ranges)[number] | undefined;
  const flush = (): void => {
    if (open) text += open.decode(run);
    run = [];
  };
  for (const id of ids) {
    const range = ranges.find(({ first, end }) => id >= first && id < end);
    if (range !== open) flush();
    open = range;
    if (range) run.push(id - range.first);
    else text += names.get(id) ?? `‹${id}›`;
  }
  flush();
  return text;
}

function markerNames({ modalities, vocabulary }: ModelParts): ReadonlyMap<number, string> {
  const names = new Map([
    [vocabulary.documentEnd, "<end>"],
    [vocabulary.padding, "<pad>"],
  ]);
  vocabulary.spans.forEach((span, index) => {
    if (span === undefined) return;
    names.set(span.begin, `<${modalities[index]?.name}>`);
    names.set(span.end, `</${modalities[index]?.name}>`);
  });
  return names;
}
