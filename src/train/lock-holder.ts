// Who holds a lock, and whether it still runs. On this machine the process id answers; on others, the holder's heartbeat.
import type { Disk } from "../data/disk.js";

/** How often a holder shows that it is alive, and the silence after which other machines take it for vanished. */
export const BEAT_MS = 10_000;
export const VANISHED_MS = 120_000;

/** The process that a lock names. */
export interface Holder {
  readonly pid: number;
  /** Start time of that process in kernel ticks, so that a later process with the same id does not hold the lock. */
  readonly started: string;
  /** The machine, and within it the container, in which the process id is valid. Absent in earlier versions. */
  readonly machine?: string;
  /** The name of the machine, for messages. */
  readonly host?: string;
}

/** The contents of a lock that this process holds. */
export function ownText({ processes: { own: pid, startOf, machine, host } }: Disk): string {
  const holder: Holder = { pid, started: startOf(pid), machine, host };
  return JSON.stringify(holder);
}

/** The process that the contents name; undefined if they name none, as in a damaged file. */
export function holderIn(contents: string): Holder | undefined {
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
  "started" in value &&
  typeof value.started === "string" &&
  (!("machine" in value) || typeof value.machine === "string") &&
  (!("host" in value) || typeof value.host === "string");

/** Whether the holder is on another machine, where process ids mean other processes. */
export const isElsewhere = ({ processes }: Disk, { machine }: Holder): boolean =>
  machine !== undefined && machine !== processes.machine;

/**
 * Whether the holder of a lock with these contents runs.
 * @param now the present time by the clock of the lock's file system, in milliseconds since 1970
 */
export function isAlive(disk: Disk, path: string, contents: string, now: number): boolean {
  const holder = holderIn(contents);
  if (holder === undefined) return false;
  if (isElsewhere(disk, holder)) return now - seenAt(disk, path, contents) < VANISHED_MS;
  return disk.processes.isRunning(holder.pid) && disk.processes.startOf(holder.pid) === holder.started;
}

/** When the holder last showed that it was alive, by the clock of the file system. */
export function seenAt(disk: Disk, path: string, contents: string): number {
  return Math.max(modified(disk, path), modified(disk, heartbeatPath(disk, path, contents)));
}

function modified(disk: Disk, path: string): number {
  try {
    return disk.stamp(path).modified;
  } catch {
    return 0;
  }
}

/** Each holder has its own heartbeat, so a holder that lost its lock cannot speak for the next one. */
export const heartbeatPath = (disk: Disk, path: string, contents: string): string =>
  `${path}.${digestOf(disk, contents)}.alive`;

/** A short hash that identifies a text. */
export function digestOf(disk: Disk, text: string): string {
  const hash = disk.hash();
  hash.update(text);
  return hash.digest().slice(0, 16);
}
