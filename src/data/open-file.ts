// Opens regular files, and nothing else: a FIFO in a file's place would block for ever, a device might never end.
import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { open } from "node:fs/promises";

/** Why a file cannot be read. Never what is in it. */
export class Unreadable extends Error {
  override readonly name = "Unreadable";

  constructor(
    /** A clause: "it is a folder". */
    readonly reason: string,
    /** Whether there is nothing at all at the path. */
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
  ERR_INVALID_ARG_VALUE: "its name holds a null character",
};

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

/** Node shows what is not UTF-8 in a name as this character, under which the file is not found. */
const REPLACEMENT = "\ufffd";
const isReplaced = (error: unknown): boolean =>
  error instanceof Error && "path" in error && String(error.path).includes(REPLACEMENT);

/** What an error of Node's file system means, without the path, which may be foreign. */
export function unreadable(error: unknown): Unreadable {
  if (error instanceof Unreadable) return error;
  const code = codeOf(error);
  if (code === "ENOENT" || code === "ENOTDIR") {
    return isReplaced(error) ? new Unreadable(`${NO_FILE}, or its name is not UTF-8`) : new Unreadable(NO_FILE, true);
  }
  const reason = REASONS[code] ?? (code === "" ? undefined : `the system says ${code}`);
  if (reason === undefined) throw error;
  return new Unreadable(reason);
}

/** @throws Unreadable for what is no regular file */
export function refuseOthers(stats: Stats): void {
  if (stats.isFile()) return;
  if (stats.isDirectory()) throw new Unreadable(IS_FOLDER);
  throw new Unreadable(
    stats.isFIFO() ? "it is a FIFO, not a file" : stats.isSocket() ? "it is a socket" : "it is a device, not a file",
  );
}

/** Opening never waits for a writer, and makes no terminal this process's own. Windows has neither. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/** @throws Unreadable unless it is a regular file; the caller closes it */
export function openRegular(path: string): number {
  try {
    // Asked first, for opening a device may already do something; asked again of what was opened.
    refuseOthers(statSync(path));
    const file = openSync(path, FLAGS);
    try {
      refuseOthers(fstatSync(file));
    } catch (error) {
      closeSync(file);
      throw error;
    }
    return file;
  } catch (error) {
    throw unreadable(error);
  }
}

/** Node reads less than 2 GiB in one call. */
const CALL_BYTES = 2 ** 30;

/** Bytes that are read at once at most, as much as Node holds in one piece. */
const MOST_BYTES = 2 ** 32 - 1;

/** Of files that are read whole. @throws Unreadable */
function refuseLarger(size: number, most = MOST_BYTES): void {
  if (size > most) throw new Unreadable(`it has ${size} bytes, and the limit is ${most}`);
}

/** At most so many bytes, from the beginning of an open file. */
export function readOpened(file: number, limit = Number.POSITIVE_INFINITY): Buffer {
  refuseLarger(Math.min(fstatSync(file).size, limit));
  const bytes = Buffer.alloc(Math.min(fstatSync(file).size, limit));
  let length = 0;
  for (let got = -1; got !== 0 && length < bytes.length; length += got)
    got = readSync(file, bytes, length, Math.min(CALL_BYTES, bytes.length - length), length);
  return bytes.subarray(0, length);
}

const PIECE_BYTES = 2 ** 20;

/** The bytes of an open file, a piece at a time, each of which the next overwrites; closes it in the end. @throws Unreadable */
export function* piecesOf(file: number): Generator<Uint8Array, void, undefined> {
  try {
    const piece = Buffer.alloc(PIECE_BYTES);
    for (let at = 0; ; ) {
      const got = readSync(file, piece, 0, PIECE_BYTES, at);
      if (got === 0) return;
      yield piece.subarray(0, got);
      at += got;
    }
  } catch (error) {
    throw unreadable(error);
  } finally {
    closeSync(file);
  }
}

/** At most so many bytes of an open file, which it closes. @throws Unreadable */
export function readAndClose(file: number, limit?: number): Buffer {
  try {
    return readOpened(file, limit);
  } catch (error) {
    throw unreadable(error);
  } finally {
    closeSync(file);
  }
}

/** At most so many bytes of a regular file. @throws Unreadable */
export const readRegular = (path: string, limit?: number): Buffer => readAndClose(openRegular(path), limit);

/** All of it, without waiting. @param most bytes that it may have @throws Unreadable */
export async function readRegularLater(path: string, most?: number): Promise<Buffer> {
  try {
    refuseOthers(statSync(path));
    const file = await open(path, FLAGS);
    try {
      const stats = await file.stat();
      refuseOthers(stats);
      refuseLarger(stats.size, most);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unreadable(error);
  }
}
