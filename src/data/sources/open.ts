// The sources by their kinds.
import { openEmoji } from "./emoji.js";
import { openFiles } from "./files.js";
import type { SourceFields } from "./source.fields.js";
import type { Opening, Source } from "./source.js";

type Open<Fields> = (opening: Opening, fields: Fields) => Source;

const SOURCES: { readonly [K in SourceFields["kind"]]: Open<Extract<SourceFields, { readonly kind: K }>> } = {
  emoji: openEmoji,
  files: openFiles,
};

/** @throws InputError where the source does not fit the model */
export const openSource = (fields: SourceFields, opening: Opening): Source =>
  (SOURCES[fields.kind] as Open<SourceFields>)(opening, fields);
