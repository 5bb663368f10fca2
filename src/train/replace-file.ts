// Replaces a file: the old contents remain until the new ones are completely on the disk.
import type { Disk } from "../data/disk.js";
import { diskFailure } from "./errors.js";

/**
 * @param then the next step for the user, appended to the help: ", then …."
 * @throws Failure if writing fails; the old contents then remain
 */
export function replaceFile(disk: Disk, path: string, contents: string | Uint8Array, then: string): void {
  const aside = `${path}.${disk.processes.token}.writing`;
  try {
    disk.remove(aside);
    disk.create(aside, typeof contents === "string" ? new TextEncoder().encode(contents) : contents);
    disk.rename(aside, path);
  } catch (error) {
    disk.remove(aside);
    throw diskFailure(error, path, then);
  }
}
