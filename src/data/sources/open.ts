// The table of data sources.
import type { DataHost } from "../host.js";
import type { NamedFile } from "../named-files.js";
import { openConversations } from "./conversations.js";
import { emojiFiles, openEmoji } from "./emoji.js";
import { openFiles } from "./files.js";
import { openFolder } from "./folder.js";
import { openParquet } from "./parquet.js";
import { type DocumentSource, isSource } from "./source.fields.js";
import type { Opening, Source } from "./source.js";
import { openTable } from "./table.js";
import { openText } from "./text.js";
import { openWebdataset } from "./webdataset.js";

interface SourceRow<Fields> {
  open(opening: Opening, fields: Fields): Source;
  /** All of its pictures, for a source that its kind alone names. */
  pictures?(host: DataHost): NamedFile[];
}

const SOURCES: { readonly [K in DocumentSource["kind"]]: SourceRow<Extract<DocumentSource, { readonly kind: K }>> } = {
  emoji: { open: openEmoji, pictures: emojiFiles },
  files: { open: openFiles },
  webdataset: { open: openWebdataset },
  parquet: { open: openParquet },
  table: { open: openTable },
  folder: { open: openFolder },
  conversations: { open: openConversations },
  text: { open: openText },
};

/** @throws InputError if the source does not fit the model */
export const openSource = (fields: DocumentSource, opening: Opening): Source =>
  (SOURCES[fields.kind] as SourceRow<DocumentSource>).open(opening, fields);

/** The pictures of a named source; undefined if the name is a path. */
export const picturesOf = (name: string, host: DataHost): NamedFile[] | undefined =>
  isSource(name) ? SOURCES[name as DocumentSource["kind"]].pictures?.(host) : undefined;
