// Files that are looked at again and again: that works for files which editors replace, that are on other machines, or that
// do not exist yet, where notices of the file system differ from system to system.
import { statSync } from "node:fs";

/** Between two looks at the files. */
const LOOK_MS = 200;

/** What changes when a file does, and when it last changed; "" where there is none. */
function stateOf(path: string): { readonly state: string; readonly changed: number } {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return { state: "", changed: 0 };
  const { ino, size, mtimeMs, ctimeMs } = found;
  return { state: [ino, size, mtimeMs, ctimeMs].join(), changed: Math.max(mtimeMs, ctimeMs) };
}

/**
 * Calls `look` at once and after every change of a file that the last call named. Never ends by itself.
 * @param look gives the paths that what it does depends on, of files that exist or not
 */
export async function watching(look: () => Iterable<string>): Promise<never> {
  let before = "";
  for (;;) {
    const began = Date.now();
    const paths = [...new Set(look())];
    const states = paths.map(stateOf);
    // What has changed since may have been read before it did; looked at once more, it has not.
    const all = states.map(({ state }) => state).join(";");
    let changed = all !== before && states.some((one) => one.changed >= began - LOOK_MS / 10);
    before = all;
    do {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      changed ||= paths.some((path, i) => stateOf(path).state !== states[i]?.state);
    } while (!changed);
  }
}
