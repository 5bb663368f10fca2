// Allows one writer at a time: a file in the run's folder names the process that trains it.
import type { Disk } from "../data/disk.js";
import { diskFailure, folderInUse } from "./errors.js";

interface Holder {
  readonly pid: number;
  /** Start time of that process in kernel ticks, so that a later process with the same id does not hold the lock. */
  readonly started: string;
}

/** Suffix of a claim's name, before a digest. Its holder may replace the lock whose contents have that digest. */
const CLAIM = ".after-";
const TAKING = ".taking";

/**
 * Takes the lock at `path` for this process. The lock of a killed process does not count. If several processes try at once,
 * one succeeds: the file appears complete or not at all.
 * @throws Failure if another process holds it
 */
export function takeLock(disk: Disk, path: string, folder: string): void {
  const { own: pid, startOf } = disk.processes;
  const own = `${path}.${pid}${TAKING}`;
  const holder: Holder = { pid, started: startOf(pid) };
  const text = JSON.stringify(holder);
  try {
    disk.remove(own);
    disk.create(own, new TextEncoder().encode(text));
    take(disk, path, { file: own, text }, folder);
  } catch (error) {
    throw diskFailure(error, path, ".");
  } finally {
    disk.remove(own);
  }
  sweep(disk, path);
}

/** Removes files of processes that were killed while taking the lock; only its holder may. */
function sweep(disk: Disk, path: string): void {
  const { basename, dirname, join } = disk.paths;
  const parent = dirname(path);
  for (const name of disk.list(parent)) {
    if (!name.startsWith(`${basename(path)}.`)) continue;
    const rest = name.slice(basename(path).length);
    const taking = /^\.(\d+)\.taking/.exec(rest)?.[1];
    if (rest.startsWith(CLAIM) || (taking !== undefined && !disk.processes.isRunning(Number(taking))))
      disk.remove(join(parent, name));
  }
}

/** Most claims in a row whose processes were killed while taking the lock. */
const MOST_CLAIMS = 4;

/** @param own a file that names this process, and its text; the file is kept */
function take(
  disk: Disk,
  path: string,
  own: { readonly file: string; readonly text: string },
  folder: string,
  claims = 0,
): void {
  for (;;) {
    if (disk.link(own.file, path)) return;
    const held = contentsOf(disk, path);
    // The lock was released in between.
    if (held === undefined) continue;
    if (held === own.text) return;
    const holder = holderIn(held);
    if (holder !== undefined && isAlive(disk, holder)) throw folderInUse(folder, holder.pid);
    if (claims === MOST_CLAIMS) throw folderInUse(folder, holder?.pid ?? 0);
    // The holder is dead. Only one process may replace the lock; otherwise a second would replace the first one's.
    const claim = path + CLAIM + digestOf(disk, held);
    take(disk, claim, own, folder, claims + 1);
    try {
      if (contentsOf(disk, path) !== held) continue;
      const moved = `${own.file}.moved`;
      disk.remove(moved);
      disk.link(own.file, moved);
      disk.rename(moved, path);
      return;
    } finally {
      disk.remove(claim);
    }
  }
}

/** The running process that holds the lock at `path`; undefined if none does. */
export function lockedBy(disk: Disk, path: string): number | undefined {
  const held = contentsOf(disk, path);
  const holder = held === undefined ? undefined : holderIn(held);
  return holder !== undefined && isAlive(disk, holder) ? holder.pid : undefined;
}

/** The lock's contents; undefined if it does not exist. */
function contentsOf(disk: Disk, path: string): string | undefined {
  try {
    return disk.exists(path) ? new TextDecoder().decode(disk.read(path)) : undefined;
  } catch (error) {
    // The lock was released after the check.
    if (!disk.exists(path)) return undefined;
    throw error;
  }
}

/** The process that the contents name; undefined if they name none, as in a damaged file. */
function holderIn(contents: string): Holder | undefined {
  try {
    const held: unknown = JSON.parse(contents);
    return isHolder(held) ? held : undefined;
  } catch {
    return undefined;
  }
}

const isHolder = (value: unknown): value is Holder =>
  typeof value === "object" &&
  value !== null &&
  "pid" in value &&
  Number.isSafeInteger(value.pid) &&
  Number(value.pid) > 0 &&
  "started" in value;

const isAlive = ({ processes }: Disk, { pid, started }: Holder) =>
  processes.isRunning(pid) && processes.startOf(pid) === started;

/** A short hash that identifies a text. */
function digestOf(disk: Disk, text: string): string {
  const hash = disk.hash();
  hash.update(text);
  return hash.digest().slice(0, 16);
}
