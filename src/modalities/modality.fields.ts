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

export interface PatchesModality {
  readonly kind: "patches";
  readonly name: string;
  /** Pixels of a picture, and of a patch. */
  readonly height: number;
  readonly width: number;
  readonly patchHeight: number;
  readonly patchWidth: number;
  readonly channels: number;
}

export type Modality = BytesModality | TokensModality | PatchesModality;

/** Numbers in one patch: rows × columns × channels. */
export const patchSize = (m: PatchesModality): number => m.patchHeight * m.patchWidth * m.channels;

/** Positions that one picture takes. */
export const patchesPerPicture = (m: PatchesModality): number => (m.height / m.patchHeight) * (m.width / m.patchWidth);

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
export const pictureCapacity = (modality: PatchesModality, batch: number, length: number): number =>
  batch * Math.max(1, Math.floor(length / patchesPerPicture(modality)));
