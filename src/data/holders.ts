// Which modalities can hold a text, a picture, a recording or ids.
import { holdingOf } from "../modalities/modality.fields.js";
import type { Content } from "../modalities/row.fields.js";
import { bytesOf, type ModelParts } from "../modalities/text.js";
import { isOfPictures, isOfSpeech } from "./codebook.js";
import type { Codecs } from "./codecs.js";

/** Whether the file that a modality names turns such content into ids. */
function codes(content: Content, index: number, { tokenizers, codebooks }: Codecs): boolean {
  const codebook = codebooks.get(index);
  if (content === "text") return tokenizers.has(index);
  return codebook !== undefined && (content === "image" ? isOfPictures(codebook) : isOfSpeech(codebook));
}

/** The modalities that can hold such content, the preferred one first. */
export function holdersOf(content: Content, { modalities }: ModelParts, codecs: Codecs): number[] {
  const holders = modalities.flatMap((modality, index) => {
    const holding = holdingOf(modality, content);
    return holding && (!holding.coded || codes(content, index, codecs)) ? [{ index, last: holding.last === true }] : [];
  });
  return [...holders.filter(({ last }) => !last), ...holders.filter(({ last }) => last)].map(({ index }) => index);
}

/** A text as a modality's own ids. */
export const idsOfText = (text: string, modality: number, { tokenizers }: Codecs): ArrayLike<number> =>
  tokenizers.get(modality)?.encode(text) ?? bytesOf(text);
