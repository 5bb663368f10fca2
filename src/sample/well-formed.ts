// Which tokens may come next, so that a sampled document is one as data have them: spans are closed, and hold their own.
import { holdsIds, positionsOfItem } from "../modalities/modality.fields.js";
import { firstId, type ModelParts, ordinaryIds } from "../modalities/text.js";
import type { IdRange } from "./choose-token.js";

/** Where in a document the next position stands. */
export type Place =
  /** Between spans: in the text of the markers' owner. */
  | { readonly kind: "outside" }
  /** In a span of tokens, of which `done` stand. */
  | { readonly kind: "inside"; readonly modality: number; readonly done: number }
  /** An item stands next. */
  | { readonly kind: "item"; readonly modality: number }
  /** All that a span holds stands: its end marker comes. */
  | { readonly kind: "closing"; readonly modality: number }
  | { readonly kind: "ended" };

export interface Rules {
  readonly parts: ModelParts;
  /** Modalities that may come up in a sample. */
  readonly learned: readonly boolean[];
  /** By modality, how many ids a span holds; undefined if any number may. */
  readonly counts: readonly (number | undefined)[];
}

export const OUTSIDE: Place = { kind: "outside" };

const just = (id: number): IdRange => ({ first: id, end: id + 1 });

/** Positions that the shortest span of a modality takes, its markers among them. */
export function spanLength({ parts, counts }: Rules, modality: number): number {
  return 2 + (positionsOfItem(parts.modalities[modality]) || (counts[modality] ?? 1));
}

/**
 * The ids that may stand at a place, with so many positions left (this one among them); none if no token stands.
 * Outside of spans the text's own come first.
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
        span && learned[modality] && spanLength(rules, modality) <= left ? [just(span.begin)] : [],
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

/** Where one stands after a token that was allowed. */
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
