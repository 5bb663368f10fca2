// Files that are looked at again and again: that works for files which editors replace, that are on other machines, or that
// do not exist yet, where notices of the file system differ from system to system.
import { unwatchFile, watchFile } from "node:fs";

/** Between two looks at a file; what changes within it is told at once. */
const LOOK_MS = 200;

/**
 * Calls `look` at once and after every change of a file that the last call named. Never ends by itself.
 * @param look gives the paths that what it does depends on, of files that exist or not
 */
export function watching(look: () => Iterable<string>): Promise<never> {
  let watched = new Set<string>();
  let planned: NodeJS.Timeout | undefined;
  const changed = (): void => {
    clearTimeout(planned);
    planned = setTimeout(again, LOOK_MS / 4);
  };
  const again = (): void => {
    const wanted = new Set(look());
    for (const path of watched) if (!wanted.has(path)) unwatchFile(path, changed);
    for (const path of wanted) if (!watched.has(path)) watchFile(path, { interval: LOOK_MS }, changed);
    watched = wanted;
  };
  again();
  return new Promise(() => {});
}
