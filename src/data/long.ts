// Documents that are longer than a sequence: refused, cut off, or split into several documents.
import { patchesPerPicture } from "../modalities/pixels.js";
import type { ModelParts } from "../modalities/text.js";
import { pictureCodebook } from "./codebook.js";
import type { Codecs } from "./codecs.js";
import { documentLength } from "./document.js";
import { documentHash } from "./sources/content-hashes.js";
import type { Long } from "./sources/source.fields.js";
import type { Source, SourceDocument, SourceSegment } from "./sources/source.js";

interface Encoding {
  readonly parts: ModelParts;
  readonly codecs: Codecs;
}

/** The ids of a segment; undefined if it is an item, or a recording, whose number of units is not known yet. */
export function idsIn(segment: SourceSegment, { codecs }: Pick<Encoding, "codecs">): number | undefined {
  if ("ids" in segment) return segment.ids.length;
  const codebook = pictureCodebook(codecs, segment.modality);
  return codebook && patchesPerPicture(codebook.facts.kind);
}

/**
 * The same source with no document longer than a sequence. Documents with recordings stay as they are, and so do items
 * that do not fit into a sequence by themselves.
 */
export function withinLength(
  source: Source,
  { long, length }: { readonly long: Long; readonly length: number },
  encoding: Encoding,
): Source {
  const { parts } = encoding;
  /** Positions of a segment with this many ids, with its markers. */
  const sizeOf = (segment: SourceSegment, ids: number | undefined) =>
    documentLength([{ modality: segment.modality, ids }], parts) - 1;
  const markers = (segment: SourceSegment) => (segment.modality === parts.vocabulary.owner ? 0 : 2);

  function* pieces(document: SourceDocument): Generator<SourceDocument, void, undefined> {
    const sizes = document.segments.map((segment) => sizeOf(segment, idsIn(segment, encoding)));
    const whole = 1 + sizes.reduce((sum, size) => sum + size, 0);
    if (whole <= length || document.segments.some((segment) => "audio" in segment) || document.bad !== undefined) {
      yield document;
      return;
    }
    let segments: SourceSegment[] = [];
    let room = length - 1;
    // All pieces are on one side of the split.
    const hash = documentHash(document, source.hashesOf(document));
    let number = 0;
    const piece = () => ({ ...document, hash, segments, piece: { number: number++, of: whole } });
    for (const [index, segment] of document.segments.entries()) {
      if (!("ids" in segment)) {
        const size = sizes[index] as number;
        if (size > room && segments.length > 0) {
          yield piece();
          [segments, room] = [[], length - 1];
        }
        segments.push(segment);
        room -= size;
        continue;
      }
      for (let at = 0; at < segment.ids.length; ) {
        const most = room - markers(segment);
        if (most <= 0) {
          yield piece();
          [segments, room] = [[], length - 1];
          continue;
        }
        const ids = Array.prototype.slice.call(segment.ids, at, at + most) as number[];
        segments.push({ ...segment, ids });
        room -= ids.length + markers(segment);
        at += ids.length;
      }
    }
    if (segments.length > 0) yield piece();
  }

  return {
    ...source,
    async *documents() {
      const documents = source.documents();
      try {
        for (;;) {
          const next = await documents.next();
          if (next.done) return next.value;
          for (const piece of pieces(next.value)) {
            yield piece;
            if (long === "cut") break;
          }
        }
      } finally {
        await documents.return("");
      }
    },
  };
}
