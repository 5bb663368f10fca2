// The file system as a run uses it: the one place where training meets Node's fs. Paths are the user's own.
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
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
import { openRegular, unreadable } from "../data/open-file.js";
import type { Bytes } from "../data/safetensors.js";
import { InputError } from "../diagnostics/input-error.js";

/** Functions that write throw Node's own error, with its `code`; those that read a file, InputError. */
export interface Disk {
  readonly exists: (path: string) => boolean;
  /** Whether a path is a link itself. */
  readonly isLink: (path: string) => boolean;
  /** Names in a folder, sorted. */
  readonly list: (folder: string) => string[];
  readonly read: (path: string) => Uint8Array;
  /** A file that may be larger than one array: its length, and any of its bytes, read when they are asked for. */
  readonly open: (path: string) => Bytes;
  /** Makes a folder, and those above it; EEXIST if it is there. */
  readonly makeFolder: (path: string) => void;
  /** Writes a new file, piece after piece, and returns when it is on the disk. */
  readonly create: (path: string, ...pieces: Uint8Array[]) => void;
  /** Adds to the end of a file, which it makes if need be: all of the bytes, or none where it throws. */
  readonly append: (path: string, bytes: Uint8Array) => void;
  /** Cuts a file to its first bytes and returns when that is on the disk. */
  readonly truncate: (path: string, bytes: number) => void;
  /** Returns when the contents of a file, or the names in a folder, are on the disk. */
  readonly sync: (path: string) => void;
  readonly rename: (from: string, to: string) => void;
  /** Makes a file appear at another place too, whole; false where there is something already. */
  readonly link: (from: string, to: string) => boolean;
  /** Removes a file or a folder with all in it, if it is there. */
  readonly remove: (path: string) => void;
}

export const nodeDisk: Disk = {
  exists: existsSync,
  isLink: (path) => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true,
  list: (folder) => readdirSync(folder).sort(),
  read: (path) => reading(path, (file) => readRange(file, 0, fstatSync(file).size)),
  open: (path) => ({
    length: reading(path, (file) => fstatSync(file).size),
    slice: (begin, end) => reading(path, (file) => readRange(file, begin, end)),
  }),
  makeFolder(path) {
    makeFolders(dirname(path));
    mkdirSync(path);
  },
  create: (path, ...pieces) =>
    withFile(path, "wx", (file) => {
      for (const piece of pieces) writeAll(file, piece);
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
  link,
  remove: (path) => rmSync(path, { recursive: true, force: true }),
};

/** What file systems without hard links say of one. */
const NO_LINKS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

function link(from: string, to: string): boolean {
  const refused = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "");
  const made = (make: () => void): boolean => {
    try {
      make();
      return true;
    } catch (error) {
      if (refused(error) === "EEXIST") return false;
      throw error;
    }
  };
  try {
    return made(() => linkSync(from, to));
  } catch (error) {
    if (!NO_LINKS.includes(refused(error))) throw error;
    return made(() => copyFileSync(from, to, constants.COPYFILE_EXCL));
  }
}

/** Node reads and writes less than 2 GiB in one call. */
const CALL_BYTES = 2 ** 30;

function readRange(file: number, begin: number, end: number): Uint8Array {
  const bytes = new Uint8Array(end - begin);
  let done = 0;
  while (done < bytes.length) {
    const read = readSync(file, bytes, done, Math.min(CALL_BYTES, bytes.length - done), begin + done);
    if (read === 0) return bytes.subarray(0, done);
    done += read;
  }
  return bytes;
}

function writeAll(file: number, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(file, bytes, done, Math.min(CALL_BYTES, bytes.length - done));
}

/** @throws InputError for what is no regular file, or cannot be read, the disk failing included */
function reading<T>(path: string, use: (file: number) => T): T {
  try {
    const file = openRegular(path);
    try {
      return use(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const { reason } = unreadable(error);
    throw new InputError(
      "file-unreadable",
      `${path} cannot be read: ${reason}.`,
      "Put the file there, or take another folder.",
    );
  }
}

function withFile<T>(path: string, flags: string | number, use: (file: number) => T): T {
  const file = openSync(path, flags);
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}
