// The files of an editor: open files have the editor's text, others that of the disk. Results of checks are cached until a file
// that they read changes.
import type { Source } from "../diagnostics/diagnostic.js";
import { type KnownArms, noArms } from "../front/arms.js";
import { type Checked, check } from "../front/check.js";
import type { ReadBytes } from "../front/files.js";
import { load, type Read } from "../front/imports.js";
import { isRefused, type Refused } from "../front/refused.js";

/** Reads files by the rules of the command line. */
export interface Disk {
  /** The reason why the spec at `entry` may not or cannot read a file; undefined if it can, or the file does not exist. */
  readonly refusing: (entry: string) => (path: string) => Refused | undefined;
  /** Undefined if the file is not readable. */
  readonly readText: (path: string) => Source | undefined;
  /** Reads at most `limit` bytes. */
  readonly readStart: (path: string, limit: number) => Uint8Array | undefined;
  /** A value that changes when the file changes. */
  readonly stampOf: (path: string) => string;
  /** Names in a folder, sorted; folders end with a slash. Empty if it is not a folder. */
  readonly list: (folder: string) => string[];
}

export interface Workspace {
  /** Sets the text of a file and opens it if it is closed. */
  readonly open: (uri: string, text: string) => void;
  readonly close: (uri: string) => void;
  /** Clears the cache of files that are not open. */
  readonly refresh: () => void;
  readonly addFolder: (uri: string) => void;
  /** Paths of the open files. */
  readonly opened: () => string[];
  readonly source: (path: string) => Source | undefined;
  readonly check: (path: string) => Checked | undefined;
  /** Specs of the workspace and open specs. */
  readonly specs: () => string[];
  /** The file and all its imports. */
  readonly closure: (path: string) => readonly Source[];
  readonly uriOf: (path: string) => string;
  /** Names in the folder of a file, or in a folder relative to it; folders end with a slash. */
  readonly list: (folder: string) => string[];
}

/** Limits for the search of a workspace folder: the number of files, and the depth. */
const SPECS = 2000;
const DEPTH = 8;
const PASSED_OVER = new Set(["node_modules", "runs", "dist"]);

/** The key of a file: its path with slashes, or the URI if it is not on a disk. */
export function pathOf(uri: string): string {
  if (!uri.startsWith("file:")) return uri;
  const { host, pathname } = new URL(uri);
  const path = decodeURIComponent(pathname).replaceAll("\\", "/");
  return host === "" ? path.replace(/^\/(?=[A-Za-z]:)/, "") : `//${host}${path}`;
}

/** The URI of an absolute path, percent-encoded. */
const fileUri = (path: string): string =>
  new URL(`file://${path.replace(/^(?!\/)/, "/").replaceAll(/[%?#\\\n\r\t]/g, encodeURIComponent)}`).href;

/** A cached value for a file, and the state of the file at that time. */
interface Kept<T> {
  readonly stamp: string;
  readonly value: T | undefined;
}

function createFiles(disk: Disk) {
  const open = new Map<string, { readonly uri: string; readonly source: Source }>();
  const texts = new Map<string, Kept<Source>>();
  const bytes = new Map<string, Kept<Uint8Array>>();

  function kept<T>(all: Map<string, Kept<T>>, key: string, path: string, read: () => T | undefined): T | undefined {
    const stamp = disk.stampOf(path);
    const known = all.get(key);
    if (known?.stamp === stamp) return known.value;
    const value = read();
    all.set(key, { stamp, value });
    return value;
  }

  return {
    open,
    source: (path: string): Source | undefined =>
      open.get(path)?.source ?? kept(texts, path, path, () => disk.readText(path)),
    startOf: (path: string, limit: number): Uint8Array | undefined =>
      kept(bytes, `${limit} ${path}`, path, () => disk.readStart(path, limit)),
  };
}

export function createWorkspace(disk: Disk): Workspace {
  const { open, source, startOf } = createFiles(disk);
  const checks = new Map<
    string,
    { readonly entry: Source; readonly read: ReadonlyMap<string, unknown>; checked: Checked }
  >();
  const arms = new Map<string, KnownArms>();
  const folders = new Set<string>();
  let found: string[] | undefined;

  /** Readers of the files that a spec may read, which record the files that were read. */
  function readers(entry: string): { read: Read; readBytes: ReadBytes; seen: Map<string, unknown> } {
    const seen = new Map<string, unknown>();
    if (!isOnDisk(entry)) return { read: () => undefined, readBytes: () => undefined, seen };
    const refusing = disk.refusing(entry);
    const note = <T>(key: string, value: T): T => {
      seen.set(key, value);
      return value;
    };
    // An open file may not be saved yet.
    const read: Read = (path) => note(path, refusing(path) ?? source(path));
    const readBytes: ReadBytes = (path, limit) => note(`${limit} ${path}`, refusing(path) ?? startOf(path, limit));
    return { read, readBytes, seen };
  }

  function checkOf(path: string): Checked | undefined {
    const entry = source(path);
    if (entry === undefined) return undefined;
    const known = checks.get(path);
    const { read, readBytes, seen } = readers(path);
    const same = ([key, value]: [string, unknown]): boolean => {
      const [, limit, file] = /^(\d+) (.*)$/s.exec(key) ?? [];
      return sameFound(limit === undefined ? read(key) : readBytes(file ?? "", Number(limit)), value);
    };
    if (known?.entry === entry && [...known.read].every(same)) return known.checked;
    const knownArms = arms.get(path) ?? noArms();
    arms.set(path, knownArms);
    const checked = check(entry, read, readBytes, undefined, knownArms);
    checks.set(path, { entry, read: seen, checked });
    return checked;
  }

  const specs = (): string[] => {
    found ??= [...folders].flatMap((folder) => specsBelow(disk, folder, DEPTH)).slice(0, SPECS);
    return [...new Set([...open.keys(), ...found])];
  };

  return {
    open: (uri, text) => {
      const path = pathOf(uri);
      open.set(path, { uri, source: { path, text } });
    },
    close: (uri) => {
      open.delete(pathOf(uri));
      checks.delete(pathOf(uri));
      arms.delete(pathOf(uri));
    },
    refresh: () => {
      found = undefined;
    },
    addFolder: (uri) => {
      if (uri.startsWith("file:")) folders.add(pathOf(uri).replace(/\/$/, ""));
      found = undefined;
    },
    opened: () => [...open.keys()],
    source,
    check: checkOf,
    specs,
    closure: (path) => {
      const entry = source(path);
      return entry === undefined ? [] : load(entry, readers(path).read).sources;
    },
    uriOf: (path) => open.get(path)?.uri ?? (isOnDisk(path) ? fileUri(path) : path),
    list: disk.list,
  };
}

/** The text that a request is about, and the result of its check. */
export function asked(
  workspace: Pick<Workspace, "source" | "check">,
  uri: string,
): { readonly source: Source; readonly checked: Checked } | undefined {
  const path = pathOf(uri);
  const source = workspace.source(path);
  const checked = workspace.check(path);
  return source === undefined || checked === undefined ? undefined : { source, checked };
}

/** Whether it is an absolute path. `untitled:…` has no file. */
const isOnDisk = (path: string): boolean => /^(\/|[A-Za-z]:\/)/.test(path);

/** Whether two reads gave the same result. A file is the same object; refusals are compared by content. */
const sameFound = (one: object | undefined, other: unknown): boolean =>
  one === other || (isRefused(one) && JSON.stringify(one) === JSON.stringify(other));

function specsBelow(disk: Disk, folder: string, depth: number): string[] {
  const names = disk.list(folder).filter((name) => !name.startsWith("."));
  const here = names.filter((name) => name.endsWith(".mom")).map((name) => `${folder}/${name}`);
  if (depth === 0) return here;
  const inner = names.filter((name) => name.endsWith("/") && !PASSED_OVER.has(name.slice(0, -1)));
  return [...here, ...inner.flatMap((name) => specsBelow(disk, `${folder}/${name.slice(0, -1)}`, depth - 1))];
}
