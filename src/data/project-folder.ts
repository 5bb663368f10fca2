// Where a project's folder is, and what lies in a folder.
import type { Disk, Paths } from "./disk.js";

/** The nearest folder at or above `folder` that holds a package.json; undefined when there is none. */
export function packageFolder({ paths, exists }: Disk, folder: string): string | undefined {
  const { dirname, join, resolve } = paths;
  for (let here = resolve(folder); ; here = dirname(here)) {
    if (exists(join(here, "package.json"))) return here;
    if (dirname(here) === here) return undefined;
  }
}

/** Without links; undefined where there is nothing. */
export function realpathOf(disk: Disk, path: string): string | undefined {
  try {
    return disk.realpath(path);
  } catch {
    return undefined;
  }
}

/** Whether a path is a folder's, or something's in it; both without links on the way. */
export function isWithin({ relative, isAbsolute, sep }: Paths, folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
