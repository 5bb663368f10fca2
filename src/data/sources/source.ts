// What a source of data says before anything is decoded: its documents, and what tells its contents apart.
import type { BadFile } from "../../diagnostics/bad-file.js";
import type { ModelParts } from "../../modalities/text.js";
import type { Codecs } from "../codecs.js";
import type { DataHost } from "../host.js";
import type { Reach } from "../reach.js";

/** What a source is opened with. */
export interface Opening {
  readonly host: DataHost;
  readonly parts: ModelParts;
  readonly codecs: Codecs;
  /** What paths in the spec are relative to. */
  readonly folder: string;
  /** What may be read; left out, the project of that folder. */
  readonly reach: Reach | undefined;
}

export interface Source {
  /** For file names and notices. */
  readonly name: string;
  /**
   * The documents, in order; each call begins again, and holds one at a time. Returns what is the same for the same
   * documents and for no others, but for the contents of the files that they name.
   */
  readonly documents: () => Generator<SourceDocument, string, undefined>;
  /** A hash of each file that a document names; of none where the documents say which version of them it is. */
  readonly hashesOf: (document: SourceDocument) => readonly string[];
}

export interface SourceDocument {
  /** Where it stands, for errors: `pairs.jsonl:3`. */
  readonly place: string;
  readonly label: string;
  /** In [0, 2³²), from the content alone. */
  readonly hash: number;
  readonly eitherOrder: boolean;
  readonly segments: readonly SourceSegment[];
  /** Files that it names and that are not there, or cannot be read already. */
  readonly bad?: readonly BadFile[];
}

export type SourceSegment =
  /** Ids of the modality's own, from 0. */
  { readonly modality: number; readonly ids: ArrayLike<number> } | ({ readonly modality: number } & SourceFile);

/** `name` is the path as the data write it; absent where their place says enough. */
type SourceFile = { readonly name?: string } & (
  | /** The path of an image file. */ { readonly image: string }
  /** The path of a latent's file, and the tensor in it. */
  | { readonly latent: string; readonly tensor?: string }
  /** The path of a recording: how many units it becomes is only known when it has been read. */
  | { readonly audio: string }
);

/** What errors call a document's file: `pairs.jsonl:3: cat.png`. */
export const filePlace = ({ name }: { readonly name?: string }, place: string): string =>
  name === undefined ? place : `${place}: ${name}`;
