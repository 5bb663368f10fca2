// A document: one training example.
import { positionsOfItem } from "../modalities/modality.fields.js";
import type { ModelParts } from "../modalities/text.js";

/** Consecutive positions of one modality. */
export type Segment = {
  readonly modality: number;
  /** Whether it counts in the loss; otherwise it is only read, and an item is fed without noise. */
  readonly counted: boolean;
} & (
  | {
      readonly kind: "ids";
      /** The number of ids, known without reading them. */
      readonly count: number;
      /** Ids in the vocabulary. A stored document reads them again each time. */
      readonly ids: Int32Array;
    }
  | {
      readonly kind: "item";
      /** The item's number in its data set. */
      readonly item: number;
    }
);

export interface Document {
  /** Its label in reports. */
  readonly label: string;
  readonly segments: readonly Segment[];
  /** Whether the segments may also be in reverse order. The order is drawn again in each epoch. */
  readonly eitherOrder: boolean;
  /** Other keys of the document as written, such as `id`. */
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
}

/** Positions that a document takes: its segments, their markers, and the end of the document. */
export function documentLength(segments: Iterable<SegmentSize>, parts: ModelParts): number {
  let length = 1;
  for (const { modality, ids } of segments)
    length += (ids ?? positionsOfItem(parts.modalities[modality])) + (modality === parts.vocabulary.owner ? 0 : 2);
  return length;
}

interface SegmentSize {
  readonly modality: number;
  /** Number of ids; undefined for an item. */
  readonly ids: number | undefined;
}

export const sizeOf = (segment: Segment): SegmentSize => ({
  modality: segment.modality,
  ids: segment.kind === "ids" ? segment.count : undefined,
});
