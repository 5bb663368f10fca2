// What a source of data says before anything is decoded: its documents, and what tells its contents apart.

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
}

export type SourceSegment =
  /** Ids of the modality's own, from 0. */
  | { readonly modality: number; readonly ids: ArrayLike<number> }
  /** The path of an image file. */
  | { readonly modality: number; readonly image: string }
  /** The path of a latent's file, and the tensor in it. */
  | { readonly modality: number; readonly latent: string; readonly tensor?: string }
  /** The path of a recording: how many units it becomes is only known when it has been read. */
  | { readonly modality: number; readonly audio: string };
