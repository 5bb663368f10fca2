// Writes a file whole or not at all: aside, synced, renamed.
import { InputError } from "../diagnostics/input-error.js";
import type { Disk } from "./disk.js";

/**
 * @param bytes all of them, or a piece at a time
 * @param remedy what to do when the disk refuses
 */
export function writeWhole(disk: Disk, path: string, bytes: Uint8Array | Iterable<Uint8Array>, remedy: string): void {
  const aside = `${path}.${disk.processes.own}.part`;
  makeFolderOf(disk, path, remedy);
  try {
    disk.write(aside, bytes instanceof Uint8Array ? [bytes] : bytes);
    disk.rename(aside, path);
    disk.sync(disk.paths.dirname(path));
  } catch (error) {
    // What fails to be computed while it is written is no fault of the disk.
    throw error instanceof InputError ? error : refused(path, error, remedy);
  }
}

/** Makes the folder that a file will stand in: worth doing before what the file will hold is computed. */
export function makeFolderOf(disk: Disk, path: string, remedy: string): void {
  try {
    disk.makeFolders(disk.paths.dirname(path));
  } catch (error) {
    throw refused(path, error, remedy);
  }
}

const refused = (path: string, error: unknown, remedy: string) =>
  new InputError("disk", `cannot write ${path}: ${error instanceof Error ? error.message : error}`, remedy);
