// Which modalities can hold a text, a picture, a recording or ids.
import { InputError } from "../diagnostics/input-error.js";
import { holdersNamed, holdingOf } from "../modalities/modality.fields.js";
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

/** The preferred modality for such content. @param has what the source has, as a clause @throws InputError without one */
export function neededHolder(content: Content, has: string, parts: ModelParts, codecs: Codecs): number {
  const [modality] = holdersOf(content, parts, codecs);
  if (modality !== undefined) return modality;
  const { kinds, example } = holdersNamed(content);
  throw new InputError(
    "bad-document",
    `data.source: ${has}, but the model has no modality of ${kinds}`,
    `Add one to model: ${example}`,
  );
}

/** A text as a modality's own ids. */
export const idsOfText = (text: string, modality: number, { tokenizers }: Codecs): ArrayLike<number> =>
  tokenizers.get(modality)?.encode(text) ?? bytesOf(text);
