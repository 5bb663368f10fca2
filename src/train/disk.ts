// The file system as a run uses it: the one place where training meets Node's fs. Paths are the user's own.
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { makeFolders } from "../data/make-folders.js";

/** Every function throws Node's own error, with its `code`. */
export interface Disk {
  readonly exists: (path: string) => boolean;
  /** Names in a folder, sorted. */
  readonly list: (folder: string) => string[];
  readonly read: (path: string) => Uint8Array;
  /** Makes a folder, and those above it; EEXIST if it is there. */
  readonly makeFolder: (path: string) => void;
  /** Writes a new file and returns when it is on the disk. */
  readonly create: (path: string, bytes: Uint8Array) => void;
  /** Adds to the end of a file, which it makes if need be: all of the bytes, or none where it throws. */
  readonly append: (path: string, bytes: Uint8Array) => void;
  /** Cuts a file to its first bytes and returns when that is on the disk. */
  readonly truncate: (path: string, bytes: number) => void;
  /** Returns when the contents of a file, or the names in a folder, are on the disk. */
  readonly sync: (path: string) => void;
  readonly rename: (from: string, to: string) => void;
  /** Removes a file or a folder with all in it, if it is there. */
  readonly remove: (path: string) => void;
}

export const nodeDisk: Disk = {
  exists: existsSync,
  list: (folder) => readdirSync(folder).sort(),
  read: (path) => withFile(path, "r", readWhole),
  makeFolder(path) {
    makeFolders(dirname(path));
    mkdirSync(path);
  },
  create: (path, bytes) =>
    withFile(path, "wx", (file) => {
      writeAll(file, bytes);
      fsyncSync(file);
    }),
  append: (path, bytes) =>
    withFile(path, "a", (file) => {
      const before = fstatSync(file).size;
      try {
        writeAll(file, bytes);
      } catch (error) {
        ftruncateSync(file, before);
        throw error;
      }
    }),
  truncate: (path, bytes) =>
    withFile(path, "r+", (file) => {
      ftruncateSync(file, bytes);
      fsyncSync(file);
    }),
  sync: (path) => withFile(path, constants.O_RDONLY, fsyncSync),
  rename: renameSync,
  remove: (path) => rmSync(path, { recursive: true, force: true }),
};

/** Node reads and writes less than 2 GiB in one call. */
const CALL_BYTES = 2 ** 30;

function readWhole(file: number): Uint8Array {
  const bytes = new Uint8Array(fstatSync(file).size);
  let done = 0;
  while (done < bytes.length) {
    const read = readSync(file, bytes, done, Math.min(CALL_BYTES, bytes.length - done), done);
    if (read === 0) return bytes.subarray(0, done);
    done += read;
  }
  return bytes;
}

function writeAll(file: number, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(file, bytes, done, Math.min(CALL_BYTES, bytes.length - done));
}

function withFile<T>(path: string, flags: string | number, use: (file: number) => T): T {
  const file = openSync(path, flags);
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}
