// Writes or links a complete file or none: makes a temporary file, syncs it and renames it.
import { InputError } from "../diagnostics/input-error.js";
import type { Disk } from "./disk.js";

/**
 * @param bytes all bytes, or pieces
 * @param remedy help if writing fails
 */
export function writeWhole(disk: Disk, path: string, bytes: Uint8Array | Iterable<Uint8Array>, remedy: string): void {
  const aside = `${path}.${disk.processes.token}.part`;
  makeFolderOf(disk, path, remedy);
  try {
    disk.write(aside, bytes instanceof Uint8Array ? [bytes] : bytes);
    disk.rename(aside, path);
    disk.sync(disk.paths.dirname(path));
  } catch (error) {
    // An error in computing the contents is not the disk's fault.
    throw error instanceof InputError ? error : refused(path, error, remedy);
  }
}

/** Gives a complete file a second path, without a copy where the file system allows it. */
export function placeWhole(disk: Disk, from: string, path: string, remedy: string): void {
  const aside = `${path}.${disk.processes.token}.part`;
  makeFolderOf(disk, path, remedy);
  try {
    disk.remove(aside);
    disk.link(from, aside);
    disk.sync(aside);
    // Renaming a link onto another link of the same file would do nothing.
    disk.remove(path);
    disk.rename(aside, path);
    disk.sync(disk.paths.dirname(path));
  } catch (error) {
    disk.remove(aside);
    throw refused(path, error, remedy);
  }
}

/** Makes the folder of a file. Called before the contents are computed, so that errors show early. */
export function makeFolderOf(disk: Disk, path: string, remedy: string): void {
  try {
    disk.makeFolders(disk.paths.dirname(path));
  } catch (error) {
    throw refused(path, error, remedy);
  }
}

const refused = (path: string, error: unknown, remedy: string) =>
  new InputError("disk", `cannot write ${path}: ${error instanceof Error ? error.message : error}`, remedy);
