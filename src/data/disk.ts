// The interface to the file system: only what runs, data and specs need. Paths are as the user writes them.
// `src/api/node/disk.ts` implements it for Node.
import type { Crc32 } from "./crc32.js";
import type { Bytes } from "./safetensors.js";

/** Path functions of the platform. */
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
  /** The id of this process. */
  readonly own: number;
  /** The machine, and within it the container, in which process ids are valid. Differs after a restart. */
  readonly machine: string;
  /** The machine's name, for messages. */
  readonly host: string;
  /** Names this process among those of all machines, for temporary files: its id, `-` and a hash of the machine. */
  readonly token: string;
  readonly isRunning: (pid: number) => boolean;
  /** When a process started, in a unit of the system; empty if unknown. */
  readonly startOf: (pid: number) => string;
}

/** A hash of bytes that arrive in pieces. */
interface Hasher {
  readonly update: (piece: Uint8Array | string) => void;
  /** The hash in hexadecimal. */
  readonly digest: () => string;
}

/** An open regular file. The caller that opened it closes it. */
export interface OpenFile {
  /** The current size. */
  readonly size: () => number;
  /** Returns fewer bytes if the file ends earlier. */
  readonly read: (begin: number, end: number) => Uint8Array;
  /** Whether the path, itself not a link, now names this file. */
  readonly isAt: (path: string) => boolean;
  readonly close: () => void;
}

/**
 * Functions that write throw the system's error with its `code`. Functions that read a file throw InputError, or
 * Unreadable (open-file.ts), which has no path; their comments then name Unreadable.
 */
export interface Disk {
  readonly paths: Paths;
  readonly processes: Processes;
  /** Folders that the user allows every spec to read. */
  readonly allowed: () => readonly string[];
  /** The platform's fastest SHA-256, for large content. */
  readonly hash: () => Hasher;
  /** The platform's fastest CRC-32 (crc32.ts), for large content. */
  readonly crc32: Crc32;

  readonly exists: (path: string) => boolean;
  /** Whether the path itself is a link. */
  readonly isLink: (path: string) => boolean;
  /** Whether it is a folder; follows links. Throws the system's error if the path does not exist. */
  readonly isFolder: (path: string) => boolean;
  /** Changes when the file does; follows links. Throws the system's error if the path does not exist. */
  readonly stamp: (path: string) => { readonly size: number; readonly modified: number };
  /** Names in a folder, sorted. */
  readonly list: (folder: string) => string[];
  /** Folders in a folder; does not follow links. */
  readonly foldersIn: (folder: string) => ReadonlySet<string>;
  /** A path with links resolved; the target of a link. Both throw the system's error if it does not exist. */
  readonly realpath: (path: string) => string;
  readonly readLink: (path: string) => string;

  /** Checks that the path is a readable regular file. @throws Unreadable if it is not */
  readonly checkFile: (path: string) => void;
  /** Opens a regular file and nothing else, so it never waits for a writer. @throws Unreadable */
  readonly openFile: (path: string) => OpenFile;
  /** Reads a complete regular file asynchronously. @param most limit in bytes @throws Unreadable */
  readonly readLater: (path: string, most?: number) => Promise<Uint8Array>;
  readonly read: (path: string) => Uint8Array;
  /** A file that may be larger than one array. Bytes are read on demand. */
  readonly open: (path: string) => Bytes;
  /** The same, kept open while the process runs, so that deleting the file does not affect its readers. */
  readonly hold: (path: string) => Bytes;

  /** Makes a folder and its parents. Throws EEXIST if it exists. */
  readonly makeFolder: (path: string) => void;
  /** The same, but the folder may exist. */
  readonly makeFolders: (path: string) => void;
  /** Writes a new file from pieces, and returns when it is on the disk. */
  readonly create: (path: string, ...pieces: Uint8Array[]) => void;
  /** The same from pieces that arrive one by one. What makes them may throw; the file is then not complete. */
  readonly createFrom: (path: string, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) => Promise<void>;
  /** Writes or replaces a file, and returns when it is on the disk. Leaves no file if it throws. */
  readonly write: (path: string, pieces: Iterable<Uint8Array>) => void;
  /** Appends to a file, which it creates if needed. Writes all of the bytes, or none if it throws. */
  readonly append: (path: string, bytes: Uint8Array) => void;
  /** Truncates a file, and returns when the change is on the disk. */
  readonly truncate: (path: string, bytes: number) => void;
  /** Returns when the contents of a file, or the names in a folder, are on the disk. */
  readonly sync: (path: string) => void;
  readonly rename: (from: string, to: string) => void;
  /** Links a complete file to a second path. Returns false if the path exists. */
  readonly link: (from: string, to: string) => boolean;
  /** Removes a file or a folder with its contents, if it exists. */
  readonly remove: (path: string) => void;
}
