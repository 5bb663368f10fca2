// The table of data sources.
import type { DataHost } from "../host.js";
import type { NamedFile } from "../named-files.js";
import { emojiFiles, openEmoji } from "./emoji.js";
import { openFiles } from "./files.js";
import { isSource, type SourceFields } from "./source.fields.js";
import type { Opening, Source } from "./source.js";

interface SourceRow<Fields> {
  open(opening: Opening, fields: Fields): Source;
  /** All of its pictures, for a source that its kind alone names. */
  pictures?(host: DataHost): NamedFile[];
}

const SOURCES: { readonly [K in SourceFields["kind"]]: SourceRow<Extract<SourceFields, { readonly kind: K }>> } = {
  emoji: { open: openEmoji, pictures: emojiFiles },
  files: { open: openFiles },
};

/** @throws InputError if the source does not fit the model */
export const openSource = (fields: SourceFields, opening: Opening): Source =>
  (SOURCES[fields.kind] as SourceRow<SourceFields>).open(opening, fields);

/** The pictures of a named source; undefined if the name is a path. */
export const picturesOf = (name: string, host: DataHost): NamedFile[] | undefined =>
  isSource(name) ? SOURCES[name].pictures?.(host) : undefined;
