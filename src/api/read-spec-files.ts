// Reads the files that a spec names: only those that it may read, and only the bytes that are needed.

import { SOURCE_LIMIT } from "../../grammar/parse.js";
import type { Disk } from "../data/disk.js";
import { IS_FOLDER, readRegular, textOf, Unreadable } from "../data/open-file.js";
import { checkWithin, Outside, type Reach, reachOf, readWithin } from "../data/reach.js";
import type { Source } from "../diagnostics/diagnostic.js";
import type { Refused } from "../front/refused.js";

/** Enough bytes to detect that a file is too large. */
export const SOURCE_BYTES = 4 * SOURCE_LIMIT + 4;

/** Readers of the files that a spec names. They return undefined for a missing file. */
export interface Readers {
  readonly readText: (path: string) => Source | undefined | Refused;
  /** Reads at most `limit` bytes; with 0, only checks whether the file may be read. */
  readonly readStart: (path: string, limit: number) => Uint8Array | undefined | Refused;
}

export function readersFor(reach: Reach): Readers {
  const readStart = (path: string, limit: number): Uint8Array | undefined | Refused => {
    try {
      return readWithin(path, reach, limit);
    } catch (error) {
      return refusal(error);
    }
  };
  const readText = (path: string): Source | undefined | Refused => {
    const bytes = readStart(path, SOURCE_BYTES);
    return bytes instanceof Uint8Array ? { path, text: textOf(bytes) } : bytes;
  };
  return { readText, readStart };
}

/** The reason of an error; undefined if the file does not exist. */
function refusal(error: unknown): Refused | undefined {
  if (error instanceof Outside) return { refused: "outside", folder: error.folder };
  if (!(error instanceof Unreadable)) throw error;
  if (error.missing) return undefined;
  return { refused: "unreadable", reason: error.reason, isFolder: error.reason === IS_FOLDER };
}

/** A disk for an editor, with a cache of the files that were read. */
export const editorDisk = (disk: Disk) => ({
  refusing: (entry: string) => {
    const reach = reachOf(disk, entry);
    return (path: string): Refused | undefined => {
      try {
        checkWithin(path, reach);
        return undefined;
      } catch (error) {
        return refusal(error);
      }
    };
  },
  readStart: (path: string, limit: number): Uint8Array | undefined => readStart(disk, path, limit),
  readText(path: string): Source | undefined {
    const bytes = readStart(disk, path, SOURCE_BYTES);
    return bytes && { path, text: textOf(bytes) };
  },
  stampOf(path: string): string {
    try {
      const { modified, size } = disk.stamp(path);
      return `${modified} ${size}`;
    } catch {
      return "none";
    }
  },
  list(folder: string): string[] {
    try {
      const folders = disk.foldersIn(folder);
      return disk.list(folder).map((name) => (folders.has(name) ? `${name}/` : name));
    } catch {
      return [];
    }
  },
});

/** At most `limit` bytes of a file; undefined if it cannot be read. */
function readStart(disk: Disk, path: string, limit: number): Uint8Array | undefined {
  try {
    return readRegular(disk, path, limit);
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}
