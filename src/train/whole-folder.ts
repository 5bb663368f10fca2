// Writes and removes folders atomically, even if the process is killed or the disk is full.
// A folder is written under a temporary name beside its place, synced and renamed. To be removed, it is renamed first.
import type { Disk } from "../data/disk.js";

export interface NamedFile {
  /** The path within the folder; `a/b` creates the folder `a`. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A file whose bytes arrive while it is written. */
export interface ArrivingFile {
  readonly name: string;
  readonly pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** Prefix of the name of a folder that is being written. */
export const WRITING = ".writing-";
const REPLACED = ".replaced-";
const REMOVED = ".removed-";

/** Writes or replaces the folder `parent/name` with these files. Leaves nothing on errors. */
export function writeWholeFolder(disk: Disk, parent: string, name: string, files: Iterable<NamedFile>): void {
  const folder = folderAside(disk, parent, name);
  try {
    folder.begin();
    for (const file of files) disk.create(folder.pathOf(file), file.bytes);
    folder.finish();
  } catch (error) {
    folder.undo();
    throw error;
  }
}

/** The same for files that arrive one by one. */
export async function writeArrivingFolder(
  disk: Disk,
  parent: string,
  name: string,
  files: AsyncIterable<ArrivingFile>,
): Promise<void> {
  const folder = folderAside(disk, parent, name);
  try {
    folder.begin();
    for await (const file of files) await disk.createFrom(folder.pathOf(file), file.pieces);
    folder.finish();
  } catch (error) {
    folder.undo();
    throw error;
  }
}

/** A folder that is written under a temporary name. */
function folderAside(disk: Disk, parent: string, name: string) {
  const { dirname, join } = disk.paths;
  const aside = join(parent, WRITING + name);
  const target = join(parent, name);
  const inner = new Set<string>();
  return {
    begin() {
      disk.remove(aside);
      disk.makeFolder(aside);
    },
    /** The temporary path of a file. Its folder exists afterwards. */
    pathOf(file: { readonly name: string }): string {
      const path = join(aside, file.name);
      const folder = dirname(path);
      if (folder !== aside && !inner.has(folder)) {
        if (!disk.exists(folder)) disk.makeFolder(folder);
        inner.add(folder);
      }
      return path;
    },
    finish() {
      for (const folder of [...inner, aside]) disk.sync(folder);
      if (disk.exists(target)) disk.rename(target, join(parent, REPLACED + name));
      disk.rename(aside, target);
      disk.sync(parent);
      disk.remove(join(parent, REPLACED + name));
    },
    undo() {
      // Only this folder's leftovers: others may be writing in a user's folder, too.
      for (const prefix of [REPLACED, WRITING])
        if (disk.exists(join(parent, prefix + name))) tidy(disk, parent, prefix + name);
    },
  };
}

/** Removes `parent/name`. */
export function removeWholeFolder(disk: Disk, parent: string, name: string): void {
  const { join } = disk.paths;
  const aside = join(parent, REMOVED + name);
  disk.remove(aside);
  disk.rename(join(parent, name), aside);
  disk.remove(aside);
}

/** Cleans up after a killed writer in `parent`: restores complete folders and removes the rest. */
export function tidyFolder(disk: Disk, parent: string): void {
  for (const entry of disk.exists(parent) ? disk.list(parent) : []) tidy(disk, parent, entry);
}

function tidy(disk: Disk, parent: string, entry: string): void {
  const { join } = disk.paths;
  const path = join(parent, entry);
  const replaced = entry.startsWith(REPLACED) ? join(parent, entry.slice(REPLACED.length)) : undefined;
  if (replaced !== undefined && !disk.exists(replaced)) disk.rename(path, replaced);
  else if ([WRITING, REPLACED, REMOVED].some((prefix) => entry.startsWith(prefix))) disk.remove(path);
}
