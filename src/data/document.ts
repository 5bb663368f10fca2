// A document: what is learned as one piece, never split over two sequences.
import { positionsOfItem } from "../modalities/modality.fields.js";
import type { ModelParts } from "../modalities/text.js";

/** Consecutive positions of one modality. */
export type Segment =
  | {
      readonly kind: "ids";
      readonly modality: number;
      /** How many ids there are: known without reading them. */
      readonly count: number;
      /** Ids in the vocabulary; of a stored document read anew each time. */
      readonly ids: Int32Array;
    }
  | {
      readonly kind: "item";
      readonly modality: number;
      /** The item's number in its data set. */
      readonly item: number;
    };

export interface Document {
  /** What reports call it. */
  readonly label: string;
  readonly segments: readonly Segment[];
  /** Whether the segments may also stand in reverse: which way is drawn anew in each epoch. */
  readonly eitherOrder: boolean;
}

/** Positions that the content and its markers take: what `segments` need, and the document end. */
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
