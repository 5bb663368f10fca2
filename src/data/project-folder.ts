// Finds a project's folder, and tests whether a path is in a folder.
import type { Disk, Paths } from "./disk.js";

/** The nearest folder at or above `folder` with a package.json, or undefined. */
export function packageFolder({ paths, exists }: Disk, folder: string): string | undefined {
  const { dirname, join, resolve } = paths;
  for (let here = resolve(folder); ; here = dirname(here)) {
    if (exists(join(here, "package.json"))) return here;
    if (dirname(here) === here) return undefined;
  }
}

/** The path with links resolved; undefined if it does not exist. */
export function realpathOf(disk: Disk, path: string): string | undefined {
  try {
    return disk.realpath(path);
  } catch {
    return undefined;
  }
}

/** Whether a path is the folder or is in it. Both must have their links resolved. */
export function isWithin({ relative, isAbsolute, sep }: Paths, folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
