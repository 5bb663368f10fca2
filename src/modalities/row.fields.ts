// What a kind of modality says of itself, so that nobody else asks which kind it is.
import type { Reporter } from "../diagnostics/diagnostic.js";

/** What stands at its positions: ids of the vocabulary, or items of numbers. */
export type Holds = "ids" | "items";

/** What a segment of a document is written as. */
export type Content = "text" | "image" | "audio" | "tokens" | "codes" | "latent";

/** How a segment gives a content: its ids (or a file of them), a text, the path of a file. */
export const WRITTEN: Readonly<Record<Content, "ids" | "ids or file" | "text" | "file">> = {
  text: "text",
  image: "file",
  audio: "file",
  latent: "file",
  tokens: "ids",
  codes: "ids or file",
};

/** How a modality comes to hold a content of documents. */
export interface Holding<M> {
  /** Its kind and what it needs, after "a modality of". */
  readonly as: string;
  /** A declaration to add. */
  readonly example: string;
  /** Only one of which this holds. */
  readonly if?: (modality: M) => boolean;
  /** Only with a file that turns such contents into ids. */
  readonly coded?: true;
  /** Only where no modality of another kind holds it. */
  readonly last?: true;
}

/** The ids of a modality. */
export interface Ids {
  /** How many of its own it has; with `within`, the markers are among them if it owns these. */
  readonly count: number;
  /** The path of the file that makes them, as the spec writes it. */
  readonly file?: string;
}

/**
 * The items of a modality of numbers: each takes as many consecutive positions as any other, and a position holds
 * `columns` numbers.
 */
export interface ItemShape {
  readonly positions: number;
  readonly columns: number;
  /** As files and shards hold it: [height, width, channels], a byte or an f32 each. */
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly type: "U8" | "F32";
  /** From what a shard holds to [positions, columns]. */
  split(stored: Uint8Array | Float32Array): Float32Array;
  /** The nearest of what a shard holds. */
  join(columns: Float32Array): Uint8Array | Float32Array;
}

interface CommonRow<M, Json> {
  /** From JSON that the schema has passed. */
  check(name: string, json: Json, reporter: Reporter): M;
  readonly contents: { readonly [C in Content]?: Holding<M> };
  /** What it is in a few words. @param markers how many markers of spans and documents it owns */
  about(modality: M, markers: number): string;
}

export interface IdsRow<M, Json> extends CommonRow<M, Json> {
  readonly holds: "ids";
  /** Where the markers' ids are, if it owns them: after its own, or the last of its own; `none`: it never does. */
  readonly markers: "after" | "within" | "none";
  ids(modality: M): Ids;
  /** One of them, as units of a loss say it. */
  readonly unit: string;
  /** The field that names the file which makes ids of contents, and what that is. */
  readonly file?: "tokenizer" | "codebook";
  /** Whether its ids are the bytes of a text. */
  readonly isBytes?: true;
}

export interface ItemsRow<M, Json> extends CommonRow<M, Json> {
  readonly holds: "items";
  item(modality: M): ItemShape;
  /** What of it decides on a shard's bytes. */
  stored(modality: M): object;
}

export type ModalityRow<M, Json> = IdsRow<M, Json> | ItemsRow<M, Json>;

/** A number as people write it: 32,000. */
export const grouped = (n: number): string => n.toLocaleString("en-US");
