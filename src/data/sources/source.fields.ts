// The kinds of data source as a checked spec names them, and what everyone may ask of one without knowing its kind.

/** Emoji with their names. */
interface EmojiFields {
  readonly kind: "emoji";
}

/** Documents of a JSON Lines file. */
export interface FilesFields {
  readonly kind: "files";
  /** As the spec writes it, relative to its folder. */
  readonly path: string;
}

export type SourceFields = EmojiFields | FilesFields;

/** Whether its kind alone names a source. */
const NAMED: { readonly [K in SourceFields["kind"]]: boolean } = { emoji: true, files: false };

/** Whether a name is that of a source which needs nothing besides. */
export const isSource = (name: string): name is SourceFields["kind"] =>
  Object.hasOwn(NAMED, name) && NAMED[name as SourceFields["kind"]];

/** The file that the data are read from; undefined where they are no file. */
export const sourcePath = (source: SourceFields): string | undefined => ("path" in source ? source.path : undefined);
