// Segments as people see them: text, pictures (those of codes too), lists of ids.
import { type Codebook, pictureCodebook, pictureOf } from "../data/codebook.js";
import { isBytes, itemOf } from "../modalities/modality.fields.js";
import { firstChannels, patchesPerPicture } from "../modalities/pixels.js";
import { type Decode, firstId, type ModelParts, textOf } from "../modalities/text.js";
import type { SampledSegment } from "./document.js";

/** What ids are shown with, by modality index. */
export interface Showing {
  readonly parts: ModelParts;
  readonly codebooks: ReadonlyMap<number, Codebook>;
  /** Of modalities with a tokenizer. */
  readonly decoders: ReadonlyMap<number, Decode>;
}

export interface ShownPicture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** [height, width, channels] */
  readonly pixels: Uint8Array;
}

export interface Shown {
  readonly modality: number;
  /** The modality's own, from 0; absent where it has none. */
  readonly ids?: readonly number[];
  readonly text?: string;
  readonly picture?: ShownPicture;
  /** What only the latents' own decoder makes a picture of. */
  readonly latent?: ShownLatent;
}

export interface ShownLatent {
  /** [channels, height, width] */
  readonly shape: readonly [number, number, number];
  readonly data: Float32Array;
}

export function shown(segment: SampledSegment, { parts, codebooks, decoders }: Showing): Shown {
  const { modality } = segment;
  const declared = parts.modalities[modality];
  if (segment.kind === "item") {
    const item = itemOf(declared);
    if (item === undefined) throw new Error(`modality ${modality} has no items`);
    const { width, height, channels } = item;
    const joined = item.join(segment.values);
    return joined instanceof Float32Array
      ? { modality, latent: { shape: [channels, height, width], data: firstChannels(joined, item) } }
      : { modality, picture: { width, height, channels, pixels: joined } };
  }
  const first = firstId(modality, parts.vocabulary);
  const ids = segment.ids.map((id) => id - first);
  const codebook = pictureCodebook({ codebooks }, modality);
  if (codebook !== undefined) {
    const { width, height, channels } = codebook.facts.kind;
    return { modality, ids, picture: { width, height, channels, pixels: pictureOf(ids, codebook) } };
  }
  const isText = isBytes(declared) || decoders.has(modality);
  return isText ? { modality, ids, text: textOf(segment.ids, parts, decoders) } : { modality, ids };
}

/** How many ids a span of each modality holds: as many as a picture has patches, where they are codes of pictures. */
export const idsInSpans = ({ parts, codebooks }: Pick<Showing, "parts" | "codebooks">): (number | undefined)[] =>
  parts.modalities.map((_, index) => {
    const codebook = pictureCodebook({ codebooks }, index);
    return codebook && patchesPerPicture(codebook.facts.kind);
  });
