// The fields of data sources in a checked spec, and functions that work for every kind.

/** Emoji with their names. */
interface EmojiFields {
  readonly kind: "emoji";
}

/** Documents of a JSON Lines file. */
export interface FilesFields {
  readonly kind: "files";
  /** The path as written in the spec, relative to the spec's folder. */
  readonly path: string;
}

export type SourceFields = EmojiFields | FilesFields;

/** Whether its kind alone names a source. */
const NAMED: { readonly [K in SourceFields["kind"]]: boolean } = { emoji: true, files: false };

/** Whether a name is that of a source without fields. */
export const isSource = (name: string): name is SourceFields["kind"] =>
  Object.hasOwn(NAMED, name) && NAMED[name as SourceFields["kind"]];

/** The file of a source; undefined if it has none. */
export const sourcePath = (source: SourceFields): string | undefined => ("path" in source ? source.path : undefined);
