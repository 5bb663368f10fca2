// A file written whole in place of another: the old contents stand until the new are on the disk.
import type { Disk } from "../data/disk.js";
import { diskFailure } from "./mistakes.js";

/**
 * @param then what to do once the disk takes it, after the remedy: ", then …."
 * @throws Failure if the disk refuses it; the old contents stand then
 */
export function replaceFile(disk: Disk, path: string, text: string, then: string): void {
  const aside = `${path}.${disk.processes.own}.writing`;
  try {
    disk.remove(aside);
    disk.create(aside, new TextEncoder().encode(text));
    disk.rename(aside, path);
  } catch (error) {
    disk.remove(aside);
    throw diskFailure(error, path, then);
  }
}
