// The files of one kind in a folder, or those that a JSON Lines file names.

import { BadFile } from "../diagnostics/bad-file.js";
import { InputError } from "../diagnostics/input-error.js";
import { isRecord } from "./checked-json.js";
import type { Disk } from "./disk.js";
import { fileInFolder } from "./file-in-folder.js";
import { type Line, linesOf } from "./json-lines.js";
import { unreadable } from "./open-file.js";
import type { Reach } from "./reach.js";
import { inputPieces } from "./read-input.js";

export interface NamedFile {
  readonly path: string;
  /** Names it in errors. */
  readonly place: string;
}

/** What is looked for. */
interface FileKind {
  /** Endings of names, in lower case. */
  readonly endings: readonly string[];
  /** What a segment of a document names one as. */
  readonly key: "image" | "audio";
  /** One of them, for errors. */
  readonly what: string;
  /** What to do where there is nothing at the path; where a folder has none; where a file of documents names none. */
  readonly remedies: { readonly path: string; readonly folder: string; readonly documents: string };
  /** Several of them, for errors. */
  readonly several: string;
}

/**
 * @param reach what a file of documents may name
 * @param path a folder, all of which is searched, in the order of names; or a file of documents
 * @throws InputError where there is none
 */
export function namedFiles(path: string, kind: FileKind, reach: Reach): NamedFile[] {
  const { disk } = reach;
  const { several, remedies } = kind;
  let isFolder: boolean;
  try {
    isFolder = disk.isFolder(path);
  } catch (error) {
    const { missing, reason } = unreadable(error);
    if (missing) throw new InputError("file-unreadable", `there is no folder or file ${path}`, remedies.path);
    throw new InputError(
      "file-unreadable",
      `${path}: cannot be read (${reason})`,
      "Correct the path, or its permissions.",
    );
  }
  const files = isFolder
    ? filesBelow(disk, path, kind).map((file) => ({ path: file, place: file }))
    : Array.from(linesOf(inputPieces(disk, path), path), (line) =>
        named(line, disk.paths.dirname(path), kind, reach),
      ).flat();
  if (files.length > 0) return files;
  throw new InputError("no-documents", `${path}: no ${several}`, isFolder ? remedies.folder : remedies.documents);
}

function filesBelow(disk: Disk, folder: string, kind: FileKind): string[] {
  const { names, folders } = entriesOf(disk, folder);
  return names.flatMap((name) => {
    const path = disk.paths.join(folder, name);
    if (folders.has(name)) return filesBelow(disk, path, kind);
    return kind.endings.some((ending) => name.toLowerCase().endsWith(ending)) ? [path] : [];
  });
}

function entriesOf(disk: Disk, folder: string) {
  try {
    return { names: disk.list(folder), folders: disk.foldersIn(folder) };
  } catch (error) {
    throw new InputError(
      "file-unreadable",
      `${folder}: cannot read the folder (${unreadable(error).reason})`,
      "Name another folder.",
    );
  }
}

function named({ place, value }: Line, folder: string, { key, what }: FileKind, reach: Reach): NamedFile[] {
  const segments = isRecord(value) && Array.isArray(value.segments) ? value.segments : [];
  const pathOf = (file: string) => {
    try {
      return fileInFolder(file, { place, folder, what, reach });
    } catch (error) {
      // Whoever reads it finds out too, and tells of it with all others.
      if (error instanceof BadFile) return reach.disk.paths.resolve(folder, file);
      throw error;
    }
  };
  return segments.flatMap((segment: unknown) => {
    const file = isRecord(segment) ? segment[key] : undefined;
    return typeof file === "string" ? [{ path: pathOf(file), place: `${place}: ${file}` }] : [];
  });
}
