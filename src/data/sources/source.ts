// The interface of a data source before decoding: its documents and the hashes of their contents.
import type { BadFile } from "../../diagnostics/bad-file.js";
import type { ModelParts } from "../../modalities/text.js";
import type { Codecs } from "../codecs.js";
import type { FileBytes } from "../file-bytes.js";
import type { DataHost } from "../host.js";
import type { Reach } from "../reach.js";

/** Arguments for opening a source. */
export interface Opening {
  readonly host: DataHost;
  readonly parts: ModelParts;
  readonly codecs: Codecs;
  /** The folder that paths in the spec are relative to. */
  readonly folder: string;
  /** What may be read; by default, the project of that folder. */
  readonly reach: Reach | undefined;
  /** Receives notices. */
  readonly notice?: (text: string) => void;
}

export interface Source {
  /** For file names and notices. */
  readonly name: string;
  /**
   * The documents in order, one at a time; each call starts again. Returns a text that is equal only for equal documents;
   * it does not cover the contents of files that they name.
   */
  readonly documents: () => AsyncGenerator<SourceDocument, string, undefined>;
  /** Hashes of the contents of a document's segments; none if the documents include the version of their files. */
  readonly hashesOf: (document: SourceDocument) => readonly ContentHash[];
}

export interface ContentHash {
  /** SHA-256 of the content. */
  readonly hash: string;
  /** The version of its decoder, if it has one. */
  readonly decoder: string;
}

export interface SourceDocument {
  /** Its place for errors: `pairs.jsonl:3`. */
  readonly place: string;
  readonly label: string;
  /** In [0, 2³²), computed from the content alone; by default, from the hashes of the segments' contents. */
  readonly hash?: number;
  readonly eitherOrder: boolean;
  readonly segments: readonly SourceSegment[];
  /** Other keys of the document, for readers. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** Set if it is a piece of a longer document: its number there, from 0, and the positions of that document. */
  readonly piece?: { readonly number: number; readonly of: number };
  /** Files that it names and that are missing or unreadable. */
  readonly bad?: readonly BadFile[];
}

export type SourceSegment = Uncounted &
  /** The modality's own ids, from 0; and a hash of what they were made from, if that decides the document's hash. */
  (
    | { readonly modality: number; readonly ids: ArrayLike<number>; readonly content?: string }
    | ({ readonly modality: number } & SourceFile)
  );

/** `counted` is false if the segment is only read: it has no loss, and an item is fed without noise. */
interface Uncounted {
  readonly counted?: false;
}

/** `name` is the file's name as written in the data; absent if the place is enough. */
type SourceFile = { readonly name?: string } & (
  | { readonly image: FileBytes }
  /** A .npy file, or a safetensors file and the tensor in it. */
  | { readonly latent: FileBytes; readonly tensor?: string }
  /** A recording. Its number of units is known only after it is read. */
  | { readonly audio: FileBytes }
);

/** The name of a document's file in errors: `pairs.jsonl:3: cat.png`. */
export const filePlace = ({ name }: { readonly name?: string }, place: string): string =>
  name === undefined ? place : `${place}: ${name}`;
