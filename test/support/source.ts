// The fields of `source: files("…")` as a checked spec has them.
import type { FilesFields } from "../../src/data/sources/source.fields.js";

export const filesAt = (...paths: string[]): FilesFields => ({
  kind: "files",
  paths,
  columns: {},
  either_order: false,
  long: "refuse",
});
