// The one rule for every path in a spec or in data: what it leads to, links followed, lies in the project's folder, or in
// one that the user has opened. Paths on the command line are the user's own and need none of this.
import { closeSync, fstatSync, lstatSync, readlinkSync, statSync } from "node:fs";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import { InputError } from "../diagnostics/input-error.js";
import { NO_FILE, openRegular, readAndClose, refuseOthers, Unreadable, unreadable } from "./open-file.js";
import { isWithin, packageFolder, realpathOf } from "./project-folder.js";

/** Folders that may be read, without links. */
export interface Reach {
  readonly folders: readonly string[];
}

/** Where a path leads: to something that may be read, to nothing, or outside. */
export type Located =
  | { readonly kind: "inside"; readonly real: string }
  | { readonly kind: "missing"; readonly reason: string }
  /** `folder` is what would have to be opened. */
  | { readonly kind: "outside"; readonly folder: string };

/** MOM_ALLOW lists folders as PATH does. */
const opened = (): string[] => (process.env.MOM_ALLOW ?? "").split(delimiter).filter((folder) => folder !== "");

/**
 * @param entry the spec's file, or one that could be
 * @param allow folders that the user opens besides those of MOM_ALLOW
 * @throws InputError where one of these is no folder
 */
export function reachOf(entry: string, allow: readonly string[] = []): Reach {
  const folder = dirname(realpathOf(entry) ?? join(realpathOf(dirname(entry)) ?? dirname(resolve(entry)), "_"));
  const named = allow.map((one) => {
    const real = realpathOf(one);
    if (real !== undefined) return real;
    throw new InputError("bad-option", `--allow: there is no folder ${one}`, "Correct the path.");
  });
  const kept = opened().flatMap((one) => realpathOf(one) ?? []);
  return { folders: [packageFolder(folder) ?? folder, ...named, ...kept] };
}

/** The same, and the folder of a data file: paths in the file may lead there too. */
export const withFolder = ({ folders }: Reach, folder: string): Reach => ({
  folders: [...folders, realpathOf(folder) ?? resolve(folder)],
});

/** Links that are followed one after another, as Linux does. */
const LINKS = 40;

/** Where a path is without links; of what does not exist, where it would be. A circle of links stays as it is. */
function realOrSo(path: string, links = LINKS): string {
  const whole = resolve(path);
  const real = realpathOf(whole);
  if (real !== undefined || dirname(whole) === whole) return real ?? whole;
  const place = join(realOrSo(dirname(whole), links), basename(whole));
  const target = links > 0 ? linkAt(place) : undefined;
  return target === undefined ? place : realOrSo(resolve(dirname(place), target), links - 1);
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};

export function locate(path: string, { folders }: Reach): Located {
  const inside = (real: string): boolean => folders.some((folder) => isWithin(folder, real));
  const place = realOrSo(path);
  if (!inside(place)) return { kind: "outside", folder: isFolder(place) ? place : dirname(place) };
  if (realpathOf(path) !== undefined) return { kind: "inside", real: place };
  try {
    lstatSync(place);
    closeSync(openRegular(path));
  } catch (error) {
    return { kind: "missing", reason: unreadable(error).reason };
  }
  return { kind: "missing", reason: "it cannot be found" };
}

/**
 * Opens a file within reach; the caller closes it.
 * @throws Unreadable where it is no regular file, or has moved meanwhile; Outside
 */
export function openWithin(path: string, reach: Reach): number {
  const real = realWithin(path, reach);
  const file = openRegular(real);
  try {
    // A link that was changed between looking and opening has led elsewhere: what is open must be what is there.
    const [has, is] = [fstatSync(file), lstatSync(real)];
    if (has.ino !== is.ino || has.dev !== is.dev || realpathOf(real) !== real)
      throw new Unreadable("it was replaced while it was opened");
    return file;
  } catch (error) {
    closeSync(file);
    throw unreadable(error);
  }
}

/** Reads a file within reach. @throws as `openWithin` does */
export const readWithin = (path: string, reach: Reach, limit?: number): Buffer =>
  readAndClose(openWithin(path, reach), limit);

/** Whether `readWithin` would read it. @throws as that does */
export function checkWithin(path: string, reach: Reach): void {
  try {
    refuseOthers(statSync(realWithin(path, reach)));
  } catch (error) {
    throw unreadable(error);
  }
}

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
