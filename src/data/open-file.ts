// Reads regular files only: a FIFO would block forever, and a device might never end.
import type { Disk, OpenFile } from "./disk.js";

/** Why a file cannot be read. Never contains the file's contents. */
export class Unreadable extends Error {
  override readonly name = "Unreadable";

  constructor(
    /** A clause: "it is a folder". */
    readonly reason: string,
    /** Whether the path does not exist. */
    readonly missing = false,
  ) {
    super(reason);
  }
}

export const IS_FOLDER = "it is a folder";
export const NO_FILE = "there is no such file";

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission is denied",
  EPERM: "permission is denied",
  EISDIR: IS_FOLDER,
  ELOOP: "its links lead in a circle",
  ENAMETOOLONG: "its name is too long",
  EMFILE: "too many files are open",
  ENFILE: "too many files are open",
  ENXIO: "it is a FIFO, a socket or a device, not a file",
  EIO: "the disk reports an error",
  ERR_INVALID_ARG_VALUE: "its name contains a null character",
};

const codeOf = (error: unknown) =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

/** Node replaces bytes of a name that are not UTF-8 by this character, and then does not find the file. */
const REPLACEMENT = "\ufffd";
const isReplaced = (error: unknown) =>
  error instanceof Error && "path" in error && String(error.path).includes(REPLACEMENT);

/** Describes a file system error, without the path, which may be untrusted. */
export function unreadable(error: unknown): Unreadable {
  if (error instanceof Unreadable) return error;
  const code = codeOf(error);
  if (code === "ENOENT" || code === "ENOTDIR") {
    return isReplaced(error) ? new Unreadable(`${NO_FILE}, or its name is not UTF-8`) : new Unreadable(NO_FILE, true);
  }
  const reason = REASONS[code] ?? (code === "" ? undefined : `the system reports ${code}`);
  if (reason === undefined) throw error;
  return new Unreadable(reason);
}

/** Most bytes that are read at once: the limit of a Node buffer. */
const MOST_BYTES = 2 ** 32 - 1;

/** Checks the size of a file that is read into one array. @throws Unreadable */
export function refuseLarger(size: number, most = MOST_BYTES): void {
  if (size > most) throw new Unreadable(`it has ${size} bytes; the limit is ${most}`);
}

const PIECE_BYTES = 2 ** 20;

/** The bytes of an open file in pieces; closes it at the end. @throws Unreadable */
export function* piecesOf(file: OpenFile): Generator<Uint8Array, void, undefined> {
  try {
    for (let at = 0; ; ) {
      const piece = file.read(at, at + PIECE_BYTES);
      if (piece.length === 0) return;
      yield piece;
      at += piece.length;
    }
  } catch (error) {
    throw unreadable(error);
  } finally {
    file.close();
  }
}

/** At most `limit` bytes of an open file, which it closes. @throws Unreadable */
export function readAndClose(file: OpenFile, limit = Number.POSITIVE_INFINITY): Uint8Array {
  try {
    const length = Math.min(file.size(), limit);
    refuseLarger(length);
    return file.read(0, length);
  } catch (error) {
    throw unreadable(error);
  } finally {
    file.close();
  }
}

/** At most `limit` bytes of a regular file. @throws Unreadable */
export const readRegular = (disk: Disk, path: string, limit?: number): Uint8Array =>
  readAndClose(disk.openFile(path), limit);

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Decodes UTF-8 and keeps a byte order mark. Invalid bytes become the replacement character. */
export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);
