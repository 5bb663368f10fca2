// `codes`: discrete codes of pictures or speech, any number per item. It never owns the markers.
import { vocabularyMissing } from "../diagnostics/modality.js";
import { grouped, type IdsRow } from "./row.fields.js";

export interface CodesModality {
  readonly kind: "codes";
  readonly name: string;
  /** Number of codes: the entries of the codebook. */
  readonly vocab: number;
  /** Path of the codebook file, relative to the spec that names it. */
  readonly codebook?: string;
}

export interface CodesJson {
  readonly kind: "codes";
  vocab?: number;
  readonly codebook?: string;
}

export const codes: IdsRow<CodesModality, CodesJson> = {
  holds: "ids",
  check(name, { vocab, codebook }, { at, report }) {
    if (vocab === undefined && codebook === undefined)
      report(vocabularyMissing(at(), name, "codebook", "codes(vocab: 512)"));
    return { kind: "codes", name, vocab: vocab ?? 0, ...(codebook !== undefined && { codebook }) };
  },
  markers: "none",
  ids: ({ vocab, codebook: file }) => ({ count: vocab, ...(file !== undefined && { file }) }),
  unit: "code",
  file: "codebook",
  contents: {
    image: {
      as: "codes with a codebook of pictures",
      example: 'modality image: codes(codebook: "image.safetensors"), made by `mom data codebook`',
      coded: true,
      last: true,
    },
    audio: {
      as: "codes with a codebook of speech",
      example: 'modality speech: codes(codebook: "units.safetensors"), made by `mom data units`',
      coded: true,
    },
    codes: { as: "codes", example: "modality image: codes(vocab: 512)" },
  },
  about: ({ vocab }) => `codes: ${grouped(vocab)} ids`,
};
