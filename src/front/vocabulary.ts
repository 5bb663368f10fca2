// The one vocabulary of all token modalities, and the markers that its owner holds.
import type { Modality, Vocabulary } from "../modalities/modality.fields.js";

/** Document end and padding, then begin and end of each other modality. */
export const markersOf = (modalities: number): number => 2 + 2 * (modalities - 1);

/** The first `bytes` or `tokens` modality; −1 where there is none. */
export const ownerOf = (modalities: readonly Pick<Modality, "kind">[]): number =>
  modalities.findIndex((m) => m.kind === "bytes" || m.kind === "tokens");

/** Expects an owner, and that its markers are fewer than its ids. */
export function layOut(modalities: readonly Modality[]): Vocabulary {
  const owner = ownerOf(modalities);
  const markers = markersOf(modalities.length);
  let size = 0;
  const first = modalities.map((m, i) => {
    if (m.kind === "patches") return -1;
    const start = size;
    size += m.kind === "bytes" ? 256 + (i === owner ? markers : 0) : m.vocab;
    return start;
  });
  const owning = modalities[owner];
  const ids = owning?.kind === "tokens" ? owning.vocab : 256 + markers;
  let marker = (first[owner] ?? 0) + ids - markers;
  const documentEnd = marker++;
  const padding = marker++;
  const spans = modalities.map((_, i) => (i === owner ? undefined : { begin: marker++, end: marker++ }));
  return { size, owner, documentEnd, padding, first, spans };
}
