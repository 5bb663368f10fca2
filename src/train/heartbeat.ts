// Shows other machines that this process still trains a run, and keeps it from writing after another has taken the run over.
import type { Disk } from "../data/disk.js";
import { runTakenOver } from "./errors.js";
import { BEAT_MS, heartbeatPath, ownText } from "./lock-holder.js";
import { replaceFile } from "./replace-file.js";
import { holdsLock } from "./run-lock.js";

/** Writes the time beside the lock of a run every few seconds until the returned function is called. */
export function startHeartbeat(disk: Disk, lock: string): () => void {
  const path = heartbeatPath(disk, lock, ownText(disk));
  const beat = (): void => {
    try {
      replaceFile(disk, path, `${JSON.stringify({ at: new Date().toISOString() })}\n`, ".");
    } catch {
      // The disk is full, or the run was taken over: the training itself fails at its next write.
    }
  };
  beat();
  const timer = setInterval(beat, BEAT_MS);
  return () => {
    clearInterval(timer);
    try {
      disk.remove(path);
    } catch {
      // Taken over: the next holder removes it.
    }
  };
}

/** How long a process trusts that it still holds its lock. Far below the silence after which others may take it. */
const TRUST_MS = 1000;

/**
 * The disk for a run whose lock this process holds: writing fails once another process has taken the lock, as after a long
 * pause of this machine.
 * @param folder the run's folder
 */
export function fencedDisk(disk: Disk, lock: string, folder: string): Disk {
  let checked = Number.NEGATIVE_INFINITY;
  const check = (): void => {
    const now = Date.now();
    if (now - checked < TRUST_MS) return;
    if (!holdsLock(disk, lock)) throw runTakenOver(folder);
    checked = now;
  };
  const guarded =
    <Arguments extends readonly unknown[], Result>(write: (...given: Arguments) => Result) =>
    (...given: Arguments): Result => {
      check();
      return write(...given);
    };
  return {
    ...disk,
    create: guarded(disk.create),
    createFrom: guarded(disk.createFrom),
    write: guarded(disk.write),
    append: guarded(disk.append),
    truncate: guarded(disk.truncate),
    rename: guarded(disk.rename),
    link: guarded(disk.link),
    remove: guarded(disk.remove),
  };
}
