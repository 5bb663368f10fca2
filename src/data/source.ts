// What a source of data says before anything is decoded: its documents, and what tells its contents apart.

export interface Source {
  /** For file names and notices. */
  readonly name: string;
  readonly documents: readonly SourceDocument[];
  /** The same for the same contents, and for no others. */
  readonly fingerprint: string;
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
