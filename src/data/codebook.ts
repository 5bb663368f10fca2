// Codebooks: their files, and the conversion between pictures and patch codes.
import { InputError } from "../diagnostics/input-error.js";
import {
  type CodebookFacts,
  type CodebookKind,
  codebookFacts,
  codebookMetadata,
  codesPictures,
  codesSpeech,
  type PictureCodes,
  type SpeechCodes,
} from "../modalities/codebook.fields.js";
import { fileFieldOf, idsOf, type Modality } from "../modalities/modality.fields.js";
import { patchesOf, patchesPerPicture, pixelsOf } from "../modalities/pixels.js";
import { nearestEntries } from "./nearest.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";

export interface Codebook<Kind extends CodebookKind = CodebookKind> {
  readonly facts: CodebookFacts<Kind>;
  /** [entries, columns] */
  readonly entries: Float32Array;
}

export type PictureCodebook = Codebook<PictureCodes>;
export type SpeechCodebook = Codebook<SpeechCodes>;

const FIT = "Fit one: `mom data codebook` for pictures, `mom data units` for speech.";

/**
 * @param name the file's name in errors
 * @throws InputError if the file is not a codebook
 */
export function readCodebook(bytes: Uint8Array, name: string): Codebook {
  const { tensors, metadata } = readSafetensors(bytes, name);
  const entries = tensors.get("entries");
  const facts = codebookFacts(metadata, entries?.shape ?? []);
  if (typeof facts === "string") throw new InputError("codebook", `${name} is not a codebook: ${facts}`, FIT);
  if (entries?.dtype !== "F32") throw new InputError("codebook", `${name}: the codebook's entries are not F32`, FIT);
  if (!entries.data.every(Number.isFinite))
    throw new InputError("codebook", `${name}: an entry of the codebook is not finite`, FIT);
  return { facts, entries: entries.data };
}

/**
 * The codebook of a modality.
 * @throws InputError if the bytes are not a codebook, or its size is not that of the modality's vocabulary
 */
export function codebookOf(bytes: Uint8Array, modality: Modality | undefined): Codebook {
  if (modality === undefined || fileFieldOf(modality) !== "codebook")
    throw new RangeError("the modality names no codebook");
  const { name } = modality;
  const { count: vocab = 0, file: path = name } = idsOf(modality) ?? {};
  const codebook = readCodebook(bytes, path);
  const { entries } = codebook.facts;
  if (entries !== vocab)
    throw new InputError(
      "codebook",
      `${path}: the codebook has ${entries} entries, but modality ${name} has a vocab of ${vocab}`,
      `Remove vocab, or fit a codebook with --entries ${vocab}.`,
    );
  return codebook;
}

/** The bytes of a codebook file. @throws RangeError if the entries do not have the kind's columns */
export function writeCodebook(kind: CodebookKind, entries: Float32Array, columns: number): Uint8Array {
  const shape = [entries.length / columns, columns];
  const facts = codebookFacts(codebookMetadata(kind), shape);
  if (typeof facts === "string") throw new RangeError(`not a codebook: ${facts}`);
  return writeSafetensors(new Map([["entries", { dtype: "F32", shape, data: entries }]]), codebookMetadata(kind));
}

export const isOfPictures = (codebook: Codebook): codebook is PictureCodebook => codesPictures(codebook.facts.kind);

export const isOfSpeech = (codebook: Codebook): codebook is SpeechCodebook => codesSpeech(codebook.facts.kind);

/** Codebooks by modality index, from a data set or a spec. */
interface Codebooks {
  readonly codebooks: ReadonlyMap<number, Codebook>;
}

/** The codebook that turns a modality's pictures into codes. */
export function pictureCodebook({ codebooks }: Codebooks, modality: number): PictureCodebook | undefined {
  const codebook = codebooks.get(modality);
  return codebook && isOfPictures(codebook) ? codebook : undefined;
}

/** The codebook that turns a modality's recordings into codes. */
export function speechCodebook({ codebooks }: Codebooks, modality: number): SpeechCodebook | undefined {
  const codebook = codebooks.get(modality);
  return codebook && isOfSpeech(codebook) ? codebook : undefined;
}

/** The code of each patch, row by row. @param pixels [height, width, channels] */
export function codesOf(pixels: Uint8Array, { facts, entries }: PictureCodebook): Int32Array {
  return nearestEntries(patchesOf(pixels, facts.kind), entries, facts.columns).codes;
}

/**
 * Decodes codes into a picture.
 * @param codes the modality's own ids, from 0, one per patch, row by row; a missing patch stays grey
 * @returns pixels [height, width, channels]
 */
export function pictureOf(codes: ArrayLike<number>, { facts, entries }: PictureCodebook): Uint8Array {
  const { columns, kind } = facts;
  const patches = new Float32Array(patchesPerPicture(kind) * columns);
  for (let i = 0; i < Math.min(codes.length, patchesPerPicture(kind)); i++) {
    const code = codes[i] as number;
    patches.set(entries.subarray(code * columns, (code + 1) * columns), i * columns);
  }
  return pixelsOf(patches, kind);
}
