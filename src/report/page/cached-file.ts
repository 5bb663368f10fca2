// What is made from files that may change: it is made again only when they have.
import type { Disk } from "../../data/disk.js";
import { readRegular } from "../../data/open-file.js";
import { InputError } from "../../diagnostics/input-error.js";
import { reasonOf } from "./follow.js";

/** A value that depends on files, each of which may be missing. */
export function cachedBy<T>(disk: Disk, paths: readonly string[], make: () => T): () => T {
  let made: { readonly stamp: string; readonly value: T } | undefined;
  return () => {
    const stamp = paths.map((path) => stampOf(disk, path)).join();
    if (made?.stamp !== stamp) made = { stamp, value: make() };
    return made.value;
  };
}

function stampOf(disk: Disk, path: string): string {
  try {
    const { size, modified } = disk.stamp(path);
    return `${size} ${modified}`;
  } catch {
    return "";
  }
}

interface FromFile<T> {
  readonly value?: T;
  /** What is wrong with the file, as a sentence. */
  readonly problem?: string;
}

/** Most bytes of a file with a spec or with facts. */
const FILE_BYTES = 2 ** 24;

/** A file that is read again only when it has changed. `make` throws an Error if the contents are wrong. */
export function cachedFile<T>(disk: Disk, path: string, make: (bytes: Uint8Array) => T): () => FromFile<T> {
  const name = disk.paths.basename(path);
  return cachedBy(disk, [path], (): FromFile<T> => {
    try {
      if (!disk.exists(path)) return { problem: `There is no ${name}.` };
      if (disk.isLink(path)) return { problem: `${name} is a link, and only files of the run are shown.` };
      return { value: make(readRegular(disk, path, FILE_BYTES)) };
    } catch (error) {
      return { problem: `${name} cannot be read: ${sentence(error)}` };
    }
  });
}

export const sentence = (error: unknown): string => {
  const text = error instanceof InputError ? error.message : reasonOf(error);
  return text.endsWith(".") ? text : `${text}.`;
};
