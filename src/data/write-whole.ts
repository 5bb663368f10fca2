// Writes a file whole or not at all: aside, synced, renamed.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { InputError } from "../diagnostics/input-error.js";
import { makeFolders } from "./make-folders.js";

/**
 * @param bytes all of them, or a piece at a time
 * @param remedy what to do when the disk refuses
 */
export function writeWhole(path: string, bytes: Uint8Array | Iterable<Uint8Array>, remedy: string): void {
  const aside = `${path}.${process.pid}.part`;
  makeFolderOf(path, remedy);
  try {
    writeSynced(aside, bytes instanceof Uint8Array ? [bytes] : bytes);
    renameSync(aside, path);
    syncFolder(dirname(path));
  } catch (error) {
    // What fails to be computed while it is written is no fault of the disk.
    throw error instanceof InputError ? error : refused(path, error, remedy);
  }
}

/** Makes the folder that a file will stand in: worth doing before what the file will hold is computed. */
export function makeFolderOf(path: string, remedy: string): void {
  try {
    makeFolders(dirname(path));
  } catch (error) {
    throw refused(path, error, remedy);
  }
}

const refused = (path: string, error: unknown, remedy: string): InputError =>
  new InputError("disk", `cannot write ${path}: ${error instanceof Error ? error.message : error}`, remedy);

/** Leaves no file where it fails. */
function writeSynced(path: string, pieces: Iterable<Uint8Array>): void {
  const file = openSync(path, "w");
  try {
    for (const bytes of pieces) for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    fsyncSync(file);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

/** Makes the rename itself last. Not every platform lets a folder be opened, and there it needs no sync. */
function syncFolder(path: string): void {
  try {
    const folder = openSync(path, "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch (error) {
    if (process.platform !== "win32") throw error;
  }
}
