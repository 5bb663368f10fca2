// What a checked modality says.

export interface BytesModality {
  readonly kind: "bytes";
  readonly name: string;
}

export interface TokensModality {
  readonly kind: "tokens";
  readonly name: string;
  /** Number of ids, its markers among them if it owns them (the last ids then). */
  readonly vocab: number;
  /** Path of the tokenizer file as written, relative to the spec that wrote it. */
  readonly tokenizer?: string;
}

/** Discrete codes of pictures or speech, any number an item. Never owns the markers. */
export interface CodesModality {
  readonly kind: "codes";
  readonly name: string;
  /** Number of codes: the entries of the codebook. */
  readonly vocab: number;
  /** Path of the codebook file as written, relative to the spec that wrote it. */
  readonly codebook?: string;
}

/** How a picture is cut into patches. */
export interface PatchGeometry {
  /** Pixels of a picture, and of a patch. */
  readonly height: number;
  readonly width: number;
  readonly patchHeight: number;
  readonly patchWidth: number;
  readonly channels: number;
}

export interface PatchesModality extends PatchGeometry {
  readonly kind: "patches";
  readonly name: string;
  /** Latents are taken as they are; pixels, which is meant where this is absent, are scaled to [−1, 1]. */
  readonly values?: "latents";
}

export type Modality = BytesModality | TokensModality | CodesModality | PatchesModality;

/** Numbers in one patch: rows × columns × channels. */
export const patchSize = (m: PatchGeometry): number => m.patchHeight * m.patchWidth * m.channels;

/** Positions that one picture takes. */
export const patchesPerPicture = (m: PatchGeometry): number => (m.height / m.patchHeight) * (m.width / m.patchWidth);

/** The one vocabulary of all token modalities, laid out in the order of declaration. */
export interface Vocabulary {
  readonly size: number;
  /** Index of the modality that owns the markers: the first `bytes` or `tokens`. */
  readonly owner: number;
  readonly documentEnd: number;
  readonly padding: number;
  /** First id of each modality's own range; −1 for a continuous modality. */
  readonly first: readonly number[];
  /** Markers around the spans of each modality but the owner; undefined at the owner. */
  readonly spans: readonly ({ readonly begin: number; readonly end: number } | undefined)[];
}

/** The most pictures of a modality that a batch can hold. */
export const pictureCapacity = (modality: PatchGeometry, batch: number, length: number): number =>
  batch * Math.max(1, Math.floor(length / patchesPerPicture(modality)));
