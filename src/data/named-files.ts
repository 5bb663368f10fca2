// Lists the files of one kind in a folder or in a JSON Lines file.

import { BadFile } from "../diagnostics/bad-file.js";
import { InputError } from "../diagnostics/input-error.js";
import { isRecord } from "../diagnostics/json-shape.js";
import type { Disk } from "./disk.js";
import { fileInFolder } from "./file-in-folder.js";
import { type Line, linesOf } from "./json-lines.js";
import { unreadable } from "./open-file.js";
import type { Reach } from "./reach.js";
import { inputPieces } from "./read-input.js";

export interface NamedFile {
  readonly path: string;
  /** Its name in errors. */
  readonly place: string;
}

/** The kind of file to list. */
interface FileKind {
  /** File extensions, in lower case. */
  readonly endings: readonly string[];
  /** The key of a document's segment that names one. */
  readonly key: "image" | "audio";
  /** Singular, for errors. */
  readonly what: string;
  /** Help if the path does not exist, if a folder has no such file, and if a JSON Lines file names none. */
  readonly remedies: { readonly path: string; readonly folder: string; readonly documents: string };
  /** Plural, for errors. */
  readonly several: string;
}

/**
 * @param reach what a JSON Lines file may name
 * @param path a folder, searched recursively in order of names, or a JSON Lines file
 * @throws InputError if no such file is found
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
    throw new InputError("file-unreadable", `${path}: cannot be read (${reason})`, "Fix the path or its permissions.");
  }
  const files = isFolder
    ? filesBelow(disk, path, kind).map((file) => ({ path: file, place: file }))
    : Array.from(linesOf(inputPieces(disk, path), path), (line) =>
        named(line, disk.paths.dirname(path), kind, reach),
      ).flat();
  if (files.length > 0) return files;
  throw new InputError("no-documents", `${path}: no ${several} found`, isFolder ? remedies.folder : remedies.documents);
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
      "Fix its permissions, or use another folder.",
    );
  }
}

function named({ place, value }: Line, folder: string, { key, what }: FileKind, reach: Reach): NamedFile[] {
  const segments = isRecord(value) && Array.isArray(value.segments) ? value.segments : [];
  const pathOf = (file: string) => {
    try {
      return fileInFolder(file, { place, folder, what, reach });
    } catch (error) {
      // Reading it fails too, and reports it with all others.
      if (error instanceof BadFile) return reach.disk.paths.resolve(folder, file);
      throw error;
    }
  };
  return segments.flatMap((segment: unknown) => {
    const file = isRecord(segment) ? segment[key] : undefined;
    return typeof file === "string" ? [{ path: pathOf(file), place: `${place}: ${file}` }] : [];
  });
}
