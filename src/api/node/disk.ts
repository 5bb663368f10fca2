// Node's file system as a disk: the one place where files are opened, written and synced. And the processes that lock them.
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
import { basename, delimiter, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { Disk, OpenFile } from "../../data/disk.js";
import { IS_FOLDER, refuseLarger, Unreadable, unreadable } from "../../data/open-file.js";
import type { Bytes } from "../../data/safetensors.js";
import { InputError } from "../../diagnostics/input-error.js";

export const nodeDisk: Disk = {
  paths: { join, dirname, basename, resolve, relative, isAbsolute, sep },
  processes: { own: process.pid, isRunning, startOf },
  // As PATH lists folders.
  allowed: () => (process.env.MOM_ALLOW ?? "").split(delimiter).filter((folder) => folder !== ""),
  hash() {
    const hash = createHash("sha256");
    return { update: (piece) => void hash.update(piece), digest: () => hash.digest("hex") };
  },
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
      // Windows lets no folder be opened, and there it needs no sync.
      if (process.platform !== "win32" || !statSync(path).isDirectory()) throw error;
    }
  },
  rename: renameSync,
  link,
  remove: (path) => rmSync(path, { recursive: true, force: true }),
};

/** Node's own `recursive` never returns if none can be made (as in /proc). */
function makeFolders(path: string): void {
  if (existsSync(path)) return;
  makeFolders(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process was faster.
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}

/** @throws Unreadable for what is no regular file */
function refuseOthers(stats: Stats): void {
  if (stats.isFile()) return;
  if (stats.isDirectory()) throw new Unreadable(IS_FOLDER);
  throw new Unreadable(
    stats.isFIFO() ? "it is a FIFO, not a file" : stats.isSocket() ? "it is a socket" : "it is a device, not a file",
  );
}

/** Opening never waits for a writer, and makes no terminal this process's own. Windows has neither. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/** @throws Unreadable unless it is a regular file; the caller closes it */
function openRegular(path: string): number {
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

/** Whether there is a process of that number. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and another user's.
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  return !hasEnded(pid);
}

/** Ended, but its parent has not asked how: in a container without an init nobody may ever. */
const hasEnded = (pid: number): boolean => ["Z", "X"].includes(statOf(pid)[0] ?? "");

/** When it started, in the kernel's ticks; empty where the system does not tell. */
function startOf(pid: number): string {
  return statOf(pid)[19] ?? "";
}

/** The fields of /proc/PID/stat from the third on; none where there is no such file. The name before may hold spaces. */
function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}
