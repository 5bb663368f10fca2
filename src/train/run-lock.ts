// One writer at a time: a file in the run's folder that names the process which trains it.
import { readFileSync } from "node:fs";
import type { Disk } from "./disk.js";
import { diskFailure, folderInUse } from "./mistakes.js";

interface Holder {
  readonly pid: number;
  /** When that process began, in the kernel's ticks: a number given to another process later does not hold the lock. */
  readonly started: string;
}

/**
 * Takes the lock at `path` for this process; a killed process holds none.
 * @throws Failure where another process holds it
 */
export function takeLock(disk: Disk, path: string, folder: string): void {
  const holder = holderOf(disk, path);
  if (holder !== undefined && holder.pid !== process.pid && isAlive(holder)) throw folderInUse(folder, holder.pid);
  disk.remove(path);
  const own: Holder = { pid: process.pid, started: startOf(process.pid) };
  try {
    disk.create(path, new TextEncoder().encode(JSON.stringify(own)));
  } catch (error) {
    throw diskFailure(error, path, ".");
  }
}

/** The living process that holds the lock at `path`; undefined where none does. */
export function lockedBy(disk: Disk, path: string): number | undefined {
  const holder = holderOf(disk, path);
  return holder !== undefined && isAlive(holder) ? holder.pid : undefined;
}

function holderOf(disk: Disk, path: string): Holder | undefined {
  if (!disk.exists(path)) return undefined;
  try {
    const held: unknown = JSON.parse(new TextDecoder().decode(disk.read(path)));
    return isHolder(held) ? held : undefined;
  } catch {
    // Killed while it wrote the lock.
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

function isAlive({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and another user's.
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  return !hasEnded(pid) && startOf(pid) === started;
}

/** Ended, but its parent has not asked how: in a container without an init nobody may ever. */
const hasEnded = (pid: number): boolean => ["Z", "X"].includes(statOf(pid)[0] ?? "");

/** In the kernel's ticks; empty where the system does not tell. */
const startOf = (pid: number): string => statOf(pid)[19] ?? "";

/** The fields of /proc/PID/stat from the third on; none where there is no such file. The name before may hold spaces. */
function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}
