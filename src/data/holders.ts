// Which modality holds which content: a text, a picture, a recording, ids.
import type { Modality } from "../modalities/modality.fields.js";
import { bytesOf, type ModelParts } from "../modalities/text.js";
import { pictureCodebook, speechCodebook } from "./codebook.js";
import type { Codecs } from "./codecs.js";

export type Content = "text" | "image" | "audio" | "tokens" | "codes" | "latent";

type Holds = (modality: Modality, index: number, codecs: Codecs) => boolean;

/** For each content: what can hold it, the first before the second wherever they stand; its name; and how to declare one. */
export const HOLDERS: Readonly<
  Record<Content, { readonly holds: readonly Holds[]; readonly kinds: string; readonly example: string }>
> = {
  text: {
    holds: [({ kind }, index, { tokenizers }) => kind === "bytes" || tokenizers.has(index)],
    kinds: "bytes or of tokens with a tokenizer",
    example: "modality text: bytes",
  },
  image: {
    holds: [
      (m) => m.kind === "patches" && m.values !== "latents",
      (_, index, codecs) => pictureCodebook(codecs, index) !== undefined,
    ],
    kinds: "patches or of codes with a codebook of pictures",
    example: "modality image: patches(size: 32x32, patch: 4x4, channels: 3)",
  },
  audio: {
    holds: [(_, index, codecs) => speechCodebook(codecs, index) !== undefined],
    kinds: "codes with a codebook of speech",
    example: 'modality speech: codes(codebook: "units.safetensors"), made by `mom data units`',
  },
  tokens: {
    holds: [({ kind }) => kind === "tokens"],
    kinds: "tokens",
    example: "modality text: tokens(vocab: 32_000)",
  },
  latent: {
    holds: [(m) => m.kind === "patches" && m.values === "latents"],
    kinds: "patches of latents",
    example: "modality image: patches(size: 32x32, patch: 2x2, channels: 8, values: latents)",
  },
  codes: {
    holds: [({ kind }) => kind === "codes"],
    kinds: "codes",
    example: "modality image: codes(vocab: 512)",
  },
};

/** The modalities that can hold a content, the preferred one first. */
export function holdersOf(content: Content, { modalities }: ModelParts, codecs: Codecs): number[] {
  return HOLDERS[content].holds.flatMap((holds) =>
    modalities.flatMap((modality, index) => (holds(modality, index, codecs) ? [index] : [])),
  );
}

/** A text as a modality's own ids. */
export const idsOfText = (text: string, modality: number, { tokenizers }: Codecs): ArrayLike<number> =>
  tokenizers.get(modality)?.encode(text) ?? bytesOf(text);
