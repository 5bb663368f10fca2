// How the files that a spec names are read: as far as it may reach, and never more of one than is needed.

import { SOURCE_LIMIT } from "../../grammar/parse.js";
import type { Disk } from "../data/disk.js";
import { IS_FOLDER, readRegular, textOf, Unreadable } from "../data/open-file.js";
import { checkWithin, Outside, type Reach, reachOf, readWithin } from "../data/reach.js";
import type { Source } from "../diagnostics/diagnostic.js";
import type { Refused } from "../front/refused.js";

/** Not more of a file than it takes to see that it is too large. */
export const SOURCE_BYTES = 4 * SOURCE_LIMIT + 4;

/** How the files that a spec names are read: undefined where there is none. */
export interface Readers {
  readonly readText: (path: string) => Source | undefined | Refused;
  /** At most so many bytes; with 0, only whether it may be read. */
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

/** Nothing where there is no file. */
function refusal(error: unknown): Refused | undefined {
  if (error instanceof Outside) return { refused: "outside", folder: error.folder };
  if (!(error instanceof Unreadable)) throw error;
  if (error.missing) return undefined;
  return { refused: "unreadable", reason: error.reason, isFolder: error.reason === IS_FOLDER };
}

/** The files of an editor, which keeps what it has read. */
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

/** At most so many bytes of any file; undefined where it cannot be read. */
function readStart(disk: Disk, path: string, limit: number): Uint8Array | undefined {
  try {
    return readRegular(disk, path, limit);
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}
