// Node's file system as a disk: all files are opened, written and synced here. Also identifies the processes that lock files.
import { createHash } from "node:crypto";
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
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, delimiter, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { crc32 } from "node:zlib";
import type { Disk, OpenFile } from "../../data/disk.js";
import { IS_FOLDER, refuseLarger, Unreadable, unreadable } from "../../data/open-file.js";
import type { Bytes } from "../../data/safetensors.js";
import { InputError } from "../../diagnostics/input-error.js";

export const nodeDisk: Disk = {
  paths: { join, dirname, basename, resolve, relative, isAbsolute, sep },
  processes: { own: process.pid, ...machine(), isRunning, startOf },
  // In the format of PATH.
  allowed: () => (process.env.MOM_ALLOW ?? "").split(delimiter).filter((folder) => folder !== ""),
  hash() {
    const hash = createHash("sha256");
    return { update: (piece) => void hash.update(piece), digest: () => hash.digest("hex") };
  },
  // zlib takes no bytes as a request for its initial value, 0.
  crc32: (bytes, before = 0) => (bytes.length === 0 ? before : crc32(bytes, before)),
  exists: existsSync,
  isLink: (path) => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true,
  isFolder: (path) => statSync(path).isDirectory(),
  stamp(path) {
    const { size, mtimeMs } = statSync(path);
    return { size, modified: mtimeMs };
  },
  list: (folder) => readdirSync(folder).sort(),
  foldersIn: (folder) =>
    new Set(readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))),
  realpath: (path) => realpathSync(path),
  readLink: (path) => readlinkSync(path),
  checkFile(path) {
    try {
      refuseOthers(statSync(path));
    } catch (error) {
      throw unreadable(error);
    }
  },
  openFile,
  readLater,
  read: (path) => reading(path, (file) => readRange(file, 0, fstatSync(file).size)),
  open: (path) => ({
    length: reading(path, (file) => fstatSync(file).size),
    slice: (begin, end) => reading(path, (file) => readRange(file, begin, end)),
  }),
  hold,
  makeFolder(path) {
    makeFolders(dirname(path));
    mkdirSync(path);
  },
  makeFolders,
  create: (path, ...pieces) =>
    withFile(path, "wx", (file) => {
      for (const piece of pieces) writeAll(file, piece);
      fsyncSync(file);
    }),
  async createFrom(path, pieces) {
    const file = openSync(path, "wx");
    try {
      for await (const piece of pieces) writeAll(file, piece);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  },
  write: (path, pieces) =>
    withFile(path, "w", (file) => {
      try {
        for (const piece of pieces) writeAll(file, piece);
        fsyncSync(file);
      } catch (error) {
        rmSync(path, { force: true });
        throw error;
      }
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
  sync(path) {
    try {
      withFile(path, constants.O_RDONLY, fsyncSync);
    } catch (error) {
      // On Windows, a folder cannot be opened and needs no sync.
      if (process.platform !== "win32" || !statSync(path).isDirectory()) throw error;
    }
  },
  rename: renameSync,
  link,
  remove: (path) => rmSync(path, { recursive: true, force: true }),
};

/** Creates folders recursively. Node's `recursive` never returns if it can create none, for example in /proc. */
function makeFolders(path: string): void {
  if (existsSync(path)) return;
  makeFolders(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process created it first.
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}

/** @throws Unreadable if it is not a regular file */
function refuseOthers(stats: Stats): void {
  if (stats.isFile()) return;
  if (stats.isDirectory()) throw new Unreadable(IS_FOLDER);
  throw new Unreadable(
    stats.isFIFO() ? "it is a FIFO, not a file" : stats.isSocket() ? "it is a socket" : "it is a device, not a file",
  );
}

/** Opening does not wait for a writer and does not acquire a controlling terminal. Windows has neither flag. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/** @throws Unreadable unless it is a regular file; the caller closes it */
function openRegular(path: string): number {
  try {
    // Checked before opening, because opening a device can have effects, and again on the opened file.
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

function openFile(path: string): OpenFile {
  const file = openRegular(path);
  return {
    size: () => fstatSync(file).size,
    read: (begin, end) => readRange(file, begin, end),
    isAt(other) {
      const [has, is] = [fstatSync(file), lstatSync(other)];
      return has.ino === is.ino && has.dev === is.dev;
    },
    close: () => closeSync(file),
  };
}

async function readLater(path: string, most?: number): Promise<Uint8Array> {
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

function hold(path: string): Bytes {
  const file = openSync(path, "r");
  const { size: length } = fstatSync(file);
  return {
    length,
    slice: (begin, end) => readRange(file, begin, Math.max(begin, Math.min(end, length))),
  };
}

/** The error codes of file systems without hard links, and of links from one file system to another. */
const NO_LINKS = ["EXDEV", "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

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

/** Node's limit for one read or write is just below 2 GiB. */
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

/** @throws InputError if it is not a regular file or cannot be read, for example because the disk fails */
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
      "Copy the file there, or use another folder.",
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

/** Process ids are those of one boot of the system and, in a container, of its namespace. */
function machine(): { machine: string; host: string; token: string } {
  const host = hostname();
  let id = host;
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    id = `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    // Not Linux.
  }
  const hash = createHash("sha256").update(id).digest("hex").slice(0, 8);
  return { machine: id, host, token: `${process.pid}-${hash}` };
}

/** Whether a process with this number exists. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: the process exists and belongs to another user.
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  return !hasEnded(pid);
}

/** Whether the process is a zombie. In a container without an init, a zombie can remain forever. */
const hasEnded = (pid: number): boolean => ["Z", "X"].includes(statOf(pid)[0] ?? "");

/** The start time of the process in kernel ticks; empty if the system does not report it. */
function startOf(pid: number): string {
  return statOf(pid)[19] ?? "";
}

/** The fields of /proc/PID/stat from the third; none if the file does not exist. The name before them may contain spaces. */
function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}
