// How the files that a spec names are read: as far as it may reach, and never more of one than is needed.

import { SOURCE_LIMIT } from "../../grammar/parse.js";
import { IS_FOLDER, readRegular, Unreadable } from "../data/open-file.js";
import { checkWithin, Outside, type Reach, reachOf, readWithin } from "../data/reach.js";
import type { Source } from "../diagnostics/diagnostic.js";
import type { Refused } from "../front/refused.js";

/** Not more of a file than it takes to see that it is too large. */
export const SOURCE_BYTES = 4 * SOURCE_LIMIT + 4;

/** How the files that a spec names are read: undefined where there is none. */
export interface Readers {
  readonly readText: (path: string) => Source | undefined | Refused;
  /** At most so many bytes; with 0, only whether it may be read. */
  readonly readStart: (path: string, limit: number) => Buffer | undefined | Refused;
}

export function readersFor(reach: Reach): Readers {
  const readStart = (path: string, limit: number): Buffer | undefined | Refused => {
    try {
      return readWithin(path, reach, limit);
    } catch (error) {
      return refusal(error);
    }
  };
  const readText = (path: string): Source | undefined | Refused => {
    const bytes = readStart(path, SOURCE_BYTES);
    return bytes instanceof Uint8Array ? { path, text: bytes.toString("utf8") } : bytes;
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

/** For an editor, which keeps what it has read: why the spec at `entry` may not read a file, or cannot. */
export function refusingFor(entry: string): (path: string) => Refused | undefined {
  const reach = reachOf(entry);
  return (path) => {
    try {
      checkWithin(path, reach);
      return undefined;
    } catch (error) {
      return refusal(error);
    }
  };
}

/** At most so many bytes of any file; undefined where it cannot be read. */
export function readStart(path: string, limit: number): Buffer | undefined {
  try {
    return readRegular(path, limit);
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

export function readText(path: string): Source | undefined {
  const bytes = readStart(path, SOURCE_BYTES);
  return bytes && { path, text: bytes.toString("utf8") };
}
