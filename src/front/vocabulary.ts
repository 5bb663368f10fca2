// The vocabulary that all modalities with ids share, and the markers of its owner.
import { idsOf, type Modality, type ModalityKind, markersOf, type Vocabulary } from "../modalities/modality.fields.js";

/** End of document and padding, then start and end of each other modality. */
export const markersFor = (modalities: number): number => 2 + 2 * (modalities - 1);

/** The first modality that can own the markers; −1 if there is none. */
export const ownerOf = (modalities: readonly { readonly kind: ModalityKind }[]): number =>
  modalities.findIndex((m) => markersOf(m) !== "none");

/** Requires an owner with more ids than markers. */
export function layOut(modalities: readonly Modality[]): Vocabulary {
  const owner = ownerOf(modalities);
  const markers = markersFor(modalities.length);
  const sizes = modalities.map((m, i) => {
    const { count } = idsOf(m) ?? { count: 0 };
    return count + (i === owner && markersOf(m) === "after" ? markers : 0);
  });
  let size = 0;
  const first = modalities.map((m, i) => {
    if (idsOf(m) === undefined) return -1;
    const start = size;
    size += sizes[i] as number;
    return start;
  });
  let marker = (first[owner] ?? 0) + (sizes[owner] ?? markers) - markers;
  const documentEnd = marker++;
  const padding = marker++;
  const spans = modalities.map((_, i) => (i === owner ? undefined : { begin: marker++, end: marker++ }));
  return { size, owner, documentEnd, padding, first, spans };
}
