// The processes of this machine, by their numbers.
import { readFileSync } from "node:fs";

/** Whether there is a process of that number. */
export function isRunning(pid: number): boolean {
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

/** In the kernel's ticks; empty where the system does not tell. */
export const startOf = (pid: number): string => statOf(pid)[19] ?? "";

/** The fields of /proc/PID/stat from the third on; none where there is no such file. The name before may hold spaces. */
function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}
