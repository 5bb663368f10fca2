// The one rule for paths in a spec or in data: with links resolved, they must be in the project's folder or in a folder
// that the user allows. Paths on the command line are the user's own and are not restricted.
import { InputError } from "../diagnostics/input-error.js";
import type { Disk, OpenFile } from "./disk.js";
import { NO_FILE, readAndClose, Unreadable, unreadable } from "./open-file.js";
import { isWithin, packageFolder, realpathOf } from "./project-folder.js";

/** Folders that may be read, with links resolved, and their disk. */
export interface Reach {
  readonly disk: Disk;
  readonly folders: readonly string[];
}

/** What a path resolves to: a readable file, nothing, or a file outside. */
type Located =
  | { readonly kind: "inside"; readonly real: string }
  | { readonly kind: "missing"; readonly reason: string }
  /** `folder` is what the user would have to allow. */
  | { readonly kind: "outside"; readonly folder: string };

/**
 * @param entry the path of the spec, which need not exist
 * @param allow folders that the user allows besides those allowed for every spec
 * @throws InputError if one of these is not a folder
 */
export function reachOf(disk: Disk, entry: string, allow: readonly string[] = []): Reach {
  const { dirname, join, resolve } = disk.paths;
  const real = (path: string) => realpathOf(disk, path);
  const folder = dirname(real(entry) ?? join(real(dirname(entry)) ?? dirname(resolve(entry)), "_"));
  const named = allow.map((one) => {
    const found = real(one);
    if (found !== undefined) return found;
    throw new InputError("bad-option", `--allow: there is no folder ${one}`, "Fix the path.");
  });
  const kept = disk.allowed().flatMap((one) => real(one) ?? []);
  return { disk, folders: [packageFolder(disk, folder) ?? folder, ...named, ...kept] };
}

/** Adds the folder of a data file, which paths in the file may use. */
export const withFolder = ({ disk, folders }: Reach, folder: string): Reach => ({
  disk,
  folders: [...folders, realpathOf(disk, folder) ?? disk.paths.resolve(folder)],
});

/** Most links that are followed in a row, as on Linux. */
const LINKS = 40;

/** A path with links resolved, also if it does not exist. A circle of links stays unresolved. */
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

/** Whether the path is a folder. */
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
    // A broken link throws here, with the reason.
    if (!disk.isLink(place)) disk.stamp(place);
    disk.openFile(path).close();
  } catch (error) {
    return { kind: "missing", reason: unreadable(error).reason };
  }
  return { kind: "missing", reason: "it cannot be found" };
}

/**
 * Opens a file within reach; the caller closes it.
 * @throws Unreadable if it is not a regular file, or was replaced; Outside
 */
export function openWithin(path: string, reach: Reach): OpenFile {
  const { disk } = reach;
  const real = realWithin(path, reach);
  const file = disk.openFile(real);
  try {
    // A link may have changed between the check and the opening, so the open file must be the one at the path.
    if (!file.isAt(real) || realpathOf(disk, real) !== real)
      throw new Unreadable("it was replaced while it was being opened");
    return file;
  } catch (error) {
    file.close();
    throw unreadable(error);
  }
}

/** Reads a file within reach. @throws as `openWithin` does */
export const readWithin = (path: string, reach: Reach, limit?: number): Uint8Array =>
  readAndClose(openWithin(path, reach), limit);

/** Checks that `readWithin` could read it. @throws as `readWithin` does */
export const checkWithin = (path: string, reach: Reach): void => reach.disk.checkFile(realWithin(path, reach));

function realWithin(path: string, reach: Reach): string {
  const located = locate(path, reach);
  if (located.kind === "outside") throw new Outside(located.folder);
  if (located.kind === "missing") throw new Unreadable(located.reason, located.reason === NO_FILE);
  return located.real;
}

/** The path is outside the allowed folders. */
export class Outside extends Error {
  override readonly name = "Outside";

  constructor(
    /** The folder that the user would have to allow. */
    readonly folder: string,
  ) {
    super(`${folder} is outside the project`);
  }
}
