// Checks the files that a spec names: each must be allowed, and a regular file. Missing data are reported when they are needed. Of a
// pattern, the folder is checked now, and its files when they are needed.
import { beforePattern, isPattern, pathsInJson } from "../data/sources/source.fields.js";
import type { Diagnostic, Span } from "../diagnostics/diagnostic.js";
import { fileOutside, fileUnreadable } from "../diagnostics/fields.js";
import { beside } from "./paths.js";
import { below, valueAt } from "./places.js";
import { isRefused, type Refused } from "./refused.js";
import type { Shaping } from "./shaping.js";
import type { SpecJson } from "./spec-json.js";

/** Reads at most so many of the first bytes of a file; undefined if the file does not exist. */
export type ReadBytes = (path: string, limit: number) => Uint8Array | undefined | Refused;

export const refusalOf = (refused: Refused, span: Span, path: string): Diagnostic =>
  refused.refused === "outside" ? fileOutside(span, path, refused.folder) : fileUnreadable(span, path, refused.reason);

/** The files of the data and of the initial weights, which may be a folder. Tokenizers and codebooks are read anyway. */
export function checkFiles(spec: SpecJson, readBytes: ReadBytes, { entry, places, diagnostics }: Shaping): void {
  const look = (pointer: string, path: string, folderToo: boolean) => {
    const found = readBytes(beside(entry, path), 0);
    if (!isRefused(found) || (folderToo && found.refused === "unreadable" && found.isFolder)) return;
    diagnostics.push(refusalOf(found, valueAt(places, pointer), path));
  };
  const { source, validation = {} } = spec.data;
  const sources = [
    ["/data/source", source] as const,
    ...Object.entries(validation).map(([name, json]) => [below("/data/validation", name), json] as const),
  ];
  for (const [at, json] of sources)
    for (const { keys, path, isFolder } of pathsInJson(json))
      if (!isPattern(path)) look(keys.reduce<string>(below, at), path, isFolder);
      else look(keys.reduce<string>(below, at), beforePattern(path), true);
  const { init } = spec.train;
  if (init !== undefined && init.kind === "checkpoint") look("/train/init/path", init.path, true);
}
