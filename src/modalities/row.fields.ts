// The description of a kind of modality. Other rooms use it instead of asking for the kind.
import type { Reporter } from "../diagnostics/diagnostic.js";
import type { PatchGeometry } from "./pixels.js";

/** What its positions hold: ids of the vocabulary, or items of numbers. */
export type Holds = "ids" | "items";

/** The kinds of content of a document's segments. */
export type Content = "text" | "image" | "audio" | "tokens" | "codes" | "latent";

/** How a segment gives its content: as ids (or a file of them), as text, or as the path of a file. */
export const WRITTEN: Readonly<Record<Content, "ids" | "ids or file" | "text" | "file">> = {
  text: "text",
  image: "file",
  audio: "file",
  latent: "file",
  tokens: "ids",
  codes: "ids or file",
};

/** How a modality holds one kind of content. */
export interface Holding<M> {
  /** Its kind and what it needs, for use after "a modality of". */
  readonly as: string;
  /** An example declaration. */
  readonly example: string;
  /** Limits the holding to modalities for which this is true. */
  readonly if?: (modality: M) => boolean;
  /** Only with a file that encodes such contents as ids. */
  readonly coded?: true;
  /** Only if no modality of another kind holds the content. */
  readonly last?: true;
}

/** The ids of a modality. */
export interface Ids {
  /** The number of its own ids. With `within`, they include the markers if it owns them. */
  readonly count: number;
  /** The path of the file that encodes contents as ids, as written in the spec. */
  readonly file?: string;
}

/** How training varies the pictures of a modality. */
export interface Varied {
  /** The probability that a picture is mirrored. */
  readonly flip: number;
  /** The smallest part of its sides that it is cropped to. */
  readonly crop: number;
}

/**
 * How a picture of another shape fills a size: the complete picture with a background at two sides, the part that fills
 * the size, or the complete picture in another shape.
 */
export type Fit = "pad" | "crop" | "stretch";

/**
 * The items of a modality of numbers. All items have the same number of consecutive positions, and a position holds
 * `columns` numbers. The layout in files and shards is [height, width, channels]; a position holds one patch of it.
 */
export interface ItemShape extends PatchGeometry {
  readonly positions: number;
  readonly columns: number;
  /** Of each number in files and shards. */
  readonly type: "U8" | "F32";
  /** How pictures of another shape fill the size; by default, `pad`. */
  readonly fit?: Fit;
  /** How training varies pictures, whose files are in the shards; absent if the shards hold pixels. */
  readonly live?: Varied;
  /** From the layout in shards to [positions, columns], in `into` if it is given. */
  split(stored: Uint8Array | Float32Array, into?: Float32Array): Float32Array;
  /** The inverse, rounded to values that shards can hold. */
  join(columns: Float32Array): Uint8Array | Float32Array;
}

interface CommonRow<M, Json> {
  /** Checks JSON that matches the schema. */
  check(name: string, json: Json, reporter: Reporter): M;
  readonly contents: { readonly [C in Content]?: Holding<M> };
  /** A short description. @param markers how many markers of spans and documents it owns */
  about(modality: M, markers: number): string;
}

export interface IdsRow<M, Json> extends CommonRow<M, Json> {
  readonly holds: "ids";
  /**
   * Where the ids of the markers are, if it owns them: after its own ids, or the last of them. `none`: it never owns
   * them.
   */
  readonly markers: "after" | "within" | "none";
  ids(modality: M): Ids;
  /** The name of one id in units of a loss. */
  readonly unit: string;
  /** The field that names the file with which contents are encoded as ids, and the kind of that file. */
  readonly file?: "tokenizer" | "codebook";
  /** Whether its ids are the bytes of a text. */
  readonly isBytes?: true;
}

export interface ItemsRow<M, Json> extends CommonRow<M, Json> {
  readonly holds: "items";
  item(modality: M): ItemShape;
  /** What determines the bytes of a shard. */
  stored(modality: M): object;
}

export type ModalityRow<M, Json> = IdsRow<M, Json> | ItemsRow<M, Json>;

/** A number with separators: 32,000. */
export const grouped = (n: number): string => n.toLocaleString("en-US");
