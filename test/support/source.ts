// The fields of sources as a checked spec has them.
import type { EmojiFields, FilesFields } from "../../src/data/sources/source.fields.js";

export const filesAt = (...paths: string[]): FilesFields => ({
  kind: "files",
  paths,
  columns: {},
  either_order: false,
  long: "refuse",
});

/** `source: emoji`. */
export const bareEmoji: EmojiFields = { kind: "emoji", sets: ["fluent_3d"], languages: ["en"], keywords: 0 };
