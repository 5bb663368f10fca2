// Determines which tokens may come next, so that a sampled document is well-formed: segments are closed and contain only
// tokens of their modality.
import { holdsIds, positionsOfItem } from "../modalities/modality.fields.js";
import { firstId, type ModelParts, ordinaryIds } from "../modalities/text.js";
import type { IdRange } from "./choosing.js";

/** The state of a document before its next position. */
export type Place =
  /** Between segments of other modalities: in the text of the markers' owner. */
  | { readonly kind: "outside" }
  /** In a segment of tokens, after `done` of them. */
  | { readonly kind: "inside"; readonly modality: number; readonly done: number }
  /** The next position is an item. */
  | { readonly kind: "item"; readonly modality: number }
  /** The segment is complete; its end marker follows. */
  | { readonly kind: "closing"; readonly modality: number }
  | { readonly kind: "ended" };

export interface Rules {
  readonly parts: ModelParts;
  /** Modalities that can occur in a sample. */
  readonly learned: readonly boolean[];
  /** The number of ids in a segment, by modality; undefined if it can be any number. */
  readonly counts: readonly (number | undefined)[];
}

export const OUTSIDE: Place = { kind: "outside" };

const just = (id: number): IdRange => ({ first: id, end: id + 1 });

/** The number of positions of the shortest segment of a modality, with its markers. */
export function segmentLength({ parts, counts }: Rules, modality: number): number {
  return 2 + (positionsOfItem(parts.modalities[modality]) || (counts[modality] ?? 1));
}

/**
 * The ids that are allowed next, with so many positions left, including this one; empty if the next position is not a token.
 * Outside of segments the ids of the text come first.
 */
export function allowedIds(rules: Rules, place: Place, left: number): IdRange[] {
  const { parts, counts, learned } = rules;
  const { vocabulary } = parts;
  const own = (modality: number): IdRange => {
    const first = firstId(modality, vocabulary);
    return { first, end: first + ordinaryIds(modality, parts) };
  };
  switch (place.kind) {
    case "outside": {
      const begins = vocabulary.spans.flatMap((span, modality) =>
        span && learned[modality] && segmentLength(rules, modality) <= left ? [just(span.begin)] : [],
      );
      return [own(vocabulary.owner), just(vocabulary.documentEnd), ...begins];
    }
    case "inside": {
      const { modality, done } = place;
      const end = just(vocabulary.spans[modality]?.end as number);
      if (counts[modality] !== undefined || done === 0) return [own(modality)];
      return left > 1 ? [own(modality), end] : [end];
    }
    case "closing":
      return [just(vocabulary.spans[place.modality]?.end as number)];
    default:
      return [];
  }
}

/** The state after an allowed token. */
export function afterToken({ parts, counts }: Rules, place: Place, id: number): Place {
  const { vocabulary, modalities } = parts;
  if (place.kind === "closing") return OUTSIDE;
  if (place.kind === "inside") {
    const { modality } = place;
    if (id === vocabulary.spans[modality]?.end) return OUTSIDE;
    const done = place.done + 1;
    return done === counts[modality] ? { kind: "closing", modality } : { ...place, done };
  }
  if (id === vocabulary.documentEnd) return { kind: "ended" };
  const modality = vocabulary.spans.findIndex((span) => span?.begin === id);
  if (modality < 0) return OUTSIDE;
  return holdsIds(modalities[modality]) ? { kind: "inside", modality, done: 0 } : { kind: "item", modality };
}

/**
 * The number of choices in a row, at most `most`, for which the same ids are allowed if each is the first of them, an
 * ordinary id of the place.
 */
export function steadyFor(rules: Rules, place: Place, left: number, most: number): number {
  const same = JSON.stringify(allowedIds(rules, place, left));
  let at = place;
  for (let count = 1; count < Math.min(most, left); count++) {
    const [ordinary] = allowedIds(rules, at, left);
    at = afterToken(rules, at, ordinary?.first as number);
    if (at.kind !== place.kind || JSON.stringify(allowedIds(rules, at, left - count)) !== same) return count;
  }
  return Math.max(1, Math.min(most, left));
}
