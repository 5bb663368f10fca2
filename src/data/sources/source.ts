// The interface of a data source before decoding: its documents and the hashes of their contents.
import type { BadFile } from "../../diagnostics/bad-file.js";
import type { ModelParts } from "../../modalities/text.js";
import type { Codecs } from "../codecs.js";
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
}

export interface Source {
  /** For file names and notices. */
  readonly name: string;
  /**
   * The documents in order, one at a time; each call starts again. Returns a text that is equal only for equal documents;
   * it does not cover the contents of files that they name.
   */
  readonly documents: () => Generator<SourceDocument, string, undefined>;
  /** A hash of each file that a document names; none if the documents include the version of their files. */
  readonly hashesOf: (document: SourceDocument) => readonly string[];
}

export interface SourceDocument {
  /** Its place for errors: `pairs.jsonl:3`. */
  readonly place: string;
  readonly label: string;
  /** In [0, 2³²), computed from the content alone. */
  readonly hash: number;
  readonly eitherOrder: boolean;
  readonly segments: readonly SourceSegment[];
  /** Files that it names and that are missing or unreadable. */
  readonly bad?: readonly BadFile[];
}

export type SourceSegment =
  /** The modality's own ids, from 0. */
  { readonly modality: number; readonly ids: ArrayLike<number> } | ({ readonly modality: number } & SourceFile);

/** `name` is the path as written in the data; absent if the place is enough. */
type SourceFile = { readonly name?: string } & (
  | /** The path of an image file. */ { readonly image: string }
  /** The path of a latent's file, and the tensor in it. */
  | { readonly latent: string; readonly tensor?: string }
  /** The path of a recording. Its number of units is known only after it is read. */
  | { readonly audio: string }
);

/** The name of a document's file in errors: `pairs.jsonl:3: cat.png`. */
export const filePlace = ({ name }: { readonly name?: string }, place: string): string =>
  name === undefined ? place : `${place}: ${name}`;
