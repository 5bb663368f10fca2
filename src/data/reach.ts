// The one rule for every path in a spec or in data: what it leads to, links followed, lies in the project's folder, or in
// one that the user has opened. Paths on the command line are the user's own and need none of this.
import { InputError } from "../diagnostics/input-error.js";
import type { Disk, OpenFile } from "./disk.js";
import { NO_FILE, readAndClose, Unreadable, unreadable } from "./open-file.js";
import { isWithin, packageFolder, realpathOf } from "./project-folder.js";

/** Folders that may be read, without links, and the disk that they are on. */
export interface Reach {
  readonly disk: Disk;
  readonly folders: readonly string[];
}

/** Where a path leads: to something that may be read, to nothing, or outside. */
type Located =
  | { readonly kind: "inside"; readonly real: string }
  | { readonly kind: "missing"; readonly reason: string }
  /** `folder` is what would have to be opened. */
  | { readonly kind: "outside"; readonly folder: string };

/**
 * @param entry the spec's file, or one that could be
 * @param allow folders that the user opens besides those that are open for every spec
 * @throws InputError where one of these is no folder
 */
export function reachOf(disk: Disk, entry: string, allow: readonly string[] = []): Reach {
  const { dirname, join, resolve } = disk.paths;
  const real = (path: string) => realpathOf(disk, path);
  const folder = dirname(real(entry) ?? join(real(dirname(entry)) ?? dirname(resolve(entry)), "_"));
  const named = allow.map((one) => {
    const found = real(one);
    if (found !== undefined) return found;
    throw new InputError("bad-option", `--allow: there is no folder ${one}`, "Correct the path.");
  });
  const kept = disk.allowed().flatMap((one) => real(one) ?? []);
  return { disk, folders: [packageFolder(disk, folder) ?? folder, ...named, ...kept] };
}

/** The same, and the folder of a data file: paths in the file may lead there too. */
export const withFolder = ({ disk, folders }: Reach, folder: string): Reach => ({
  disk,
  folders: [...folders, realpathOf(disk, folder) ?? disk.paths.resolve(folder)],
});

/** Links that are followed one after another, as Linux does. */
const LINKS = 40;

/** Where a path is without links; of what does not exist, where it would be. A circle of links stays as it is. */
function realOrSo(disk: Disk, path: string, links = LINKS): string {
  const { basename, dirname, join, resolve } = disk.paths;
  const whole = resolve(path);
  const real = realpathOf(disk, whole);
  if (real !== undefined || dirname(whole) === whole) return real ?? whole;
  const place = join(realOrSo(disk, dirname(whole), links), basename(whole));
  const target = links > 0 ? linkAt(disk, place) : undefined;
  return target === undefined ? place : realOrSo(disk, resolve(dirname(place), target), links - 1);
}

function linkAt(disk: Disk, path: string): string | undefined {
  try {
    return disk.readLink(path);
  } catch {
    return undefined;
  }
}

/** Whether there is a folder. */
export const isFolder = (disk: Disk, path: string): boolean => {
  try {
    return disk.isFolder(path);
  } catch {
    return false;
  }
};

export function locate(path: string, { disk, folders }: Reach): Located {
  const { paths } = disk;
  const place = realOrSo(disk, path);
  if (!folders.some((folder) => isWithin(paths, folder, place)))
    return { kind: "outside", folder: isFolder(disk, place) ? place : paths.dirname(place) };
  if (realpathOf(disk, path) !== undefined) return { kind: "inside", real: place };
  try {
    // A link that leads nowhere throws here, and says why.
    if (!disk.isLink(place)) disk.stamp(place);
    disk.openFile(path).close();
  } catch (error) {
    return { kind: "missing", reason: unreadable(error).reason };
  }
  return { kind: "missing", reason: "it cannot be found" };
}

/**
 * Opens a file within reach; the caller closes it.
 * @throws Unreadable where it is no regular file, or has moved meanwhile; Outside
 */
export function openWithin(path: string, reach: Reach): OpenFile {
  const { disk } = reach;
  const real = realWithin(path, reach);
  const file = disk.openFile(real);
  try {
    // A link that was changed between looking and opening has led elsewhere: what is open must be what is there.
    if (!file.isAt(real) || realpathOf(disk, real) !== real)
      throw new Unreadable("it was replaced while it was opened");
    return file;
  } catch (error) {
    file.close();
    throw unreadable(error);
  }
}

/** Reads a file within reach. @throws as `openWithin` does */
export const readWithin = (path: string, reach: Reach, limit?: number): Uint8Array =>
  readAndClose(openWithin(path, reach), limit);

/** Whether `readWithin` would read it. @throws as that does */
export const checkWithin = (path: string, reach: Reach): void => reach.disk.checkFile(realWithin(path, reach));

function realWithin(path: string, reach: Reach): string {
  const located = locate(path, reach);
  if (located.kind === "outside") throw new Outside(located.folder);
  if (located.kind === "missing") throw new Unreadable(located.reason, located.reason === NO_FILE);
  return located.real;
}

/** A path that leads outside. */
export class Outside extends Error {
  override readonly name = "Outside";

  constructor(
    /** What would have to be opened. */
    readonly folder: string,
  ) {
    super(`${folder} is outside the project`);
  }
}
