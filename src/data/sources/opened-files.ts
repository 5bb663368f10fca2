// What sources of files share: the files that they name, read through the one rule of paths, unpacked and hashed.
import { InputError } from "../../diagnostics/input-error.js";
import { decompressed, withoutCompression } from "../decompress.js";
import type { Disk, OpenFile } from "../disk.js";
import { joinedBytes } from "../joined.js";
import { filesOfPatterns, type PatternFile } from "../patterns.js";
import { openWithin, type Reach, reachOf, withFolder } from "../reach.js";
import { namedError, namedPieces } from "../read-input.js";
import { type Columns, layoutOf } from "./layout.js";
import type { Opening } from "./source.js";

export interface SourceFile extends PatternFile {
  readonly folder: string;
  /** What the spec may read. */
  readonly reach: Reach;
  /** What it may name itself, besides files of its folder. */
  readonly inner: Reach;
  /** The columns that the source maps, for errors. */
  readonly columns?: Columns | undefined;
}

/** The files of a source, in order. @throws InputError if there is none */
export function sourceFiles(
  paths: readonly string[],
  { host: { disk }, folder, reach }: Opening,
  columns?: Columns,
): SourceFile[] {
  const { dirname, join } = disk.paths;
  const projectOf = (inside: string) => reach ?? reachOf(disk, join(inside, "_"));
  const within = projectOf(folder);
  return filesOfPatterns(paths, folder, within).map(({ name, path }) => {
    const own = dirname(path);
    return { name, path, folder: own, reach: within, inner: projectOf(own), columns };
  });
}

/** A place in a file without the file's folder, for labels, which must not change when data move. */
export const withoutFolder = (place: string): string => place.slice(place.lastIndexOf("/") + 1);

/** The name of prepared data: that of the first file, without endings. */
export const dataName = (paths: readonly string[], { basename }: Pick<Disk["paths"], "basename">): string =>
  withoutCompression(basename(paths[0] ?? "data"))
    .replace(/\.[^.]*$/, "")
    .replaceAll(/[^\p{L}\p{N}_-]+/gu, "-")
    .replace(/^-+|-+$/g, "") || "data";

/**
 * The contents of a file, unpacked, in pieces.
 * @param kind the source's kind; a file of another layout is refused
 * @param look sees the file's own bytes
 */
export async function* contentsOf(
  { name, path, reach, columns }: SourceFile,
  kind: string,
  look: (piece: Uint8Array) => void = () => {},
): AsyncGenerator<Uint8Array, void, undefined> {
  function* raw() {
    for (const piece of namedPieces(path, name, reach)) {
      look(piece);
      yield piece;
    }
  }
  let first = true;
  for await (const piece of decompressed(raw(), name)) {
    if (first) refuseLayout(piece, { name, columns }, kind);
    first = false;
    yield piece;
  }
}

/** The same as one array. @throws InputError if it has more than `most` bytes */
export async function wholeContents(file: SourceFile, kind: string, most: number, look?: (piece: Uint8Array) => void) {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of contentsOf(file, kind, look)) {
    size += piece.length;
    if (size > most)
      throw new InputError(
        "file-unreadable",
        `${file.name}: has more than ${most / 2 ** 20} MiB`,
        "Split it into several files.",
      );
    // A copy: the piece may be overwritten.
    pieces.push(new Uint8Array(piece));
  }
  return joinedBytes(pieces);
}

/** Opens a file for reads at any position; the caller closes it. */
export function openedFile({ name, path, reach }: SourceFile): OpenFile {
  try {
    return openWithin(path, reach);
  } catch (error) {
    throw namedError(error, name);
  }
}

/** @throws InputError if a file begins like one that another source takes */
export function refuseLayout(
  start: Uint8Array,
  { name, columns }: Pick<SourceFile, "name" | "columns">,
  kind: string,
): void {
  const layout = layoutOf(start, name);
  if (layout === undefined || layout.kinds.includes(kind)) return;
  throw new InputError(
    "wrong-layout",
    `${name}: it is ${layout.is}, which \`${kind}\` does not read`,
    layout.remedy(name, columns),
  );
}

/** Joins the fingerprints of a source's files. */
export function fileHashes(disk: Disk) {
  const all = disk.hash();
  return {
    /** Starts the next file. Its name does not count: moved data are the same data. @returns what adds its bytes */
    next() {
      const hash = disk.hash();
      return {
        add: (piece: Uint8Array) => hash.update(piece),
        /** Called when the file was read to its end. */
        end: () => all.update(`${hash.digest()}\n`),
      };
    },
    /** Adds what else decides the documents. */
    add: (text: string) => all.update(`${text}\n`),
    digest: () => all.digest(),
  };
}

/** Data files may name files of their own folder. */
export const reachFrom = ({ inner, folder }: SourceFile): Reach => withFolder(inner, folder);
