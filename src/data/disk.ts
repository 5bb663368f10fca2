// The disk as everything above it uses it: what a run, its data and its specs need of a file system, and no more. Paths
// are the user's own. `src/api/node/disk.ts` is Node's.
import type { Bytes } from "./safetensors.js";

/** How paths are put together and taken apart there. */
export interface Paths {
  readonly join: (...parts: string[]) => string;
  readonly dirname: (path: string) => string;
  readonly basename: (path: string) => string;
  readonly resolve: (...parts: string[]) => string;
  readonly relative: (from: string, to: string) => string;
  readonly isAbsolute: (path: string) => boolean;
  readonly sep: string;
}

/** The processes that share the disk. */
interface Processes {
  /** This one's number. */
  readonly own: number;
  readonly isRunning: (pid: number) => boolean;
  /** When a process began, in a unit of the system's; empty where that is not known. */
  readonly startOf: (pid: number) => string;
}

/** A sum of bytes that are given piece after piece. */
interface Hasher {
  readonly update: (piece: Uint8Array | string) => void;
  /** In hexadecimal digits. */
  readonly digest: () => string;
}

/** A regular file that is open; whoever opened it closes it. */
export interface OpenFile {
  /** Now. */
  readonly size: () => number;
  /** Fewer bytes where the file ends before. */
  readonly read: (begin: number, end: number) => Uint8Array;
  /** Whether it is what a path names now, which is no link. */
  readonly isAt: (path: string) => boolean;
  readonly close: () => void;
}

/**
 * Functions that write throw the system's own error, with its `code`; those that read a file InputError, but where they
 * say that they throw Unreadable (open-file.ts), which has no path.
 */
export interface Disk {
  readonly paths: Paths;
  readonly processes: Processes;
  /** Folders that the user lets every spec read. */
  readonly allowed: () => readonly string[];
  /** SHA-256 of what may be large, by the fastest means that there is. */
  readonly hash: () => Hasher;

  readonly exists: (path: string) => boolean;
  /** Whether a path is a link itself. */
  readonly isLink: (path: string) => boolean;
  /** Whether it is a folder, links followed. Throws the system's error where there is nothing. */
  readonly isFolder: (path: string) => boolean;
  /** Changes when the file does, links followed. Throws the system's error where there is nothing. */
  readonly stamp: (path: string) => { readonly size: number; readonly modified: number };
  /** Names in a folder, sorted. */
  readonly list: (folder: string) => string[];
  /** Folders in a folder, links not followed. */
  readonly foldersIn: (folder: string) => ReadonlySet<string>;
  /** Where a path leads, without links; what a link holds. Both throw the system's error where there is none. */
  readonly realpath: (path: string) => string;
  readonly readLink: (path: string) => string;

  /** Whether a regular file is there that could be read. @throws Unreadable where it is not */
  readonly checkFile: (path: string) => void;
  /** Opens a regular file, and nothing else: it never waits for a writer. @throws Unreadable */
  readonly openFile: (path: string) => OpenFile;
  /** Reads a regular file whole, without waiting. @param most bytes that it may have @throws Unreadable */
  readonly readLater: (path: string, most?: number) => Promise<Uint8Array>;
  readonly read: (path: string) => Uint8Array;
  /** A file that may be larger than one array: its length, and any of its bytes, read when they are asked for. */
  readonly open: (path: string) => Bytes;
  /** The same, open as long as the process runs: what deletes the file takes nothing from whoever reads it. */
  readonly hold: (path: string) => Bytes;

  /** Makes a folder, and those above it; EEXIST if it is there. */
  readonly makeFolder: (path: string) => void;
  /** The same; one that is there already is as good as made. */
  readonly makeFolders: (path: string) => void;
  /** Writes a new file, piece after piece, and returns when it is on the disk. */
  readonly create: (path: string, ...pieces: Uint8Array[]) => void;
  /** Writes a file, in place of one that is there, and returns when it is on the disk; leaves none where it throws. */
  readonly write: (path: string, pieces: Iterable<Uint8Array>) => void;
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
