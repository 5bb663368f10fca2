// Allows one writer at a time: a file in the run's folder names the process that trains it. Works on a folder that several
// machines share: a lock is a complete file that is linked to its name, which a network file system does for one of them.
import type { Disk } from "../data/disk.js";
import { diskFailure, folderInUse } from "./errors.js";
import { digestOf, type Holder, holderIn, isAlive, isElsewhere, ownText, seenAt, VANISHED_MS } from "./lock-holder.js";

/** Suffix of a claim's name, before a digest. Its holder may replace the lock whose contents have that digest. */
const CLAIM = ".after-";
const TAKING = ".taking";

/**
 * Takes the lock at `path` for this process. The lock of a process that was killed or vanished does not count. If several
 * processes try at once, one succeeds: the file appears complete or not at all.
 * @throws Failure if another process holds it
 */
export function takeLock(disk: Disk, path: string, folder: string): void {
  const own = `${path}.${disk.processes.token}${TAKING}`;
  const text = ownText(disk);
  try {
    disk.remove(own);
    disk.create(own, new TextEncoder().encode(text));
    // The file system's own clock, since those of two machines differ.
    take(disk, path, { file: own, text, now: disk.stamp(own).modified }, folder);
  } catch (error) {
    throw diskFailure(error, path, ".");
  } finally {
    disk.remove(own);
  }
  sweep(disk, path, text);
}

/** Removes files of processes that were killed while taking or holding the lock; only its holder may. */
function sweep(disk: Disk, path: string, text: string): void {
  const { basename, dirname, join } = disk.paths;
  const parent = dirname(path);
  const alive = `.${digestOf(disk, text)}.alive`;
  for (const name of disk.list(parent)) {
    if (!name.startsWith(`${basename(path)}.`)) continue;
    const rest = name.slice(basename(path).length);
    const taking = /^\.(\d+(?:-[0-9a-f]+)?)\.taking/.exec(rest)?.[1];
    const isOld = taking !== undefined && hasLeft(disk, taking, join(parent, name));
    if (rest.startsWith(CLAIM) || isOld || (rest.includes(".alive") && rest !== alive)) disk.remove(join(parent, name));
  }
}

/**
 * Whether the process that made a temporary file has ended, or is on another machine and has not changed it for long.
 * @param token of the process, as in the file's name
 */
export function hasLeft(disk: Disk, token: string, file: string): boolean {
  const [pid, machine] = token.split("-");
  const [, own] = disk.processes.token.split("-");
  if (machine === undefined || machine === own) return !disk.processes.isRunning(Number(pid));
  return disk.exists(file) && Date.now() - disk.stamp(file).modified > VANISHED_MS;
}

/** Most claims in a row whose processes were killed while taking the lock. */
const MOST_CLAIMS = 4;

/** @param own a file that names this process, and its text and time; the file is kept */
function take(
  disk: Disk,
  path: string,
  own: { readonly file: string; readonly text: string; readonly now: number },
  folder: string,
  claims = 0,
): void {
  for (;;) {
    if (disk.link(own.file, path)) return;
    const held = contentsOf(disk, path);
    // The lock was released in between.
    if (held === undefined) continue;
    // Also if a network file system made the link, but its answer was lost and the second try found the name in use.
    if (held === own.text) return;
    if (isAlive(disk, path, held, own.now)) throw folderInUse(folder, holderIn(held));
    if (claims === MOST_CLAIMS) throw folderInUse(folder, holderIn(held));
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

/** The holder of a lock. */
export interface Held extends Holder {
  readonly alive: boolean;
  /** Whether the holder is this process, or runs on another machine. */
  readonly where: "here" | "same machine" | "elsewhere";
  /** When it last showed that it was alive, in milliseconds since 1970. */
  readonly seen: number;
}

/** The holder that the lock at `path` names, alive or not; undefined if there is no lock or it names none. */
export function heldAt(disk: Disk, path: string): Held | undefined {
  const contents = contentsOf(disk, path);
  const holder = contents === undefined ? undefined : holderIn(contents);
  if (contents === undefined || holder === undefined) return undefined;
  const where = isElsewhere(disk, holder) ? "elsewhere" : holder.pid === disk.processes.own ? "here" : "same machine";
  const alive = isAlive(disk, path, contents, Date.now());
  return { ...holder, alive, where, seen: seenAt(disk, path, contents) };
}

/** The id of the running process that holds the lock at `path`; undefined if none does. */
export function lockedBy(disk: Disk, path: string): number | undefined {
  const held = heldAt(disk, path);
  return held?.alive ? held.pid : undefined;
}

/** Whether this process holds the lock at `path`. */
export const holdsLock = (disk: Disk, path: string): boolean => contentsOf(disk, path) === ownText(disk);

/** Releases the lock at `path` unless another process has taken it. */
export function releaseLock(disk: Disk, path: string): void {
  if (holdsLock(disk, path)) disk.remove(path);
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
