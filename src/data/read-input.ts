// Reads a file that the user, a spec or the data name.
import { allowHelp } from "../diagnostics/allow.js";
import { InputError } from "../diagnostics/input-error.js";
import type { Disk } from "./disk.js";
import { piecesOf, readRegular, Unreadable } from "./open-file.js";
import { Outside, openWithin, type Reach, readWithin } from "./reach.js";

/** @param place names the file, or where it is named, in errors */
export function readInput(disk: Disk, path: string, place = path): Uint8Array {
  try {
    return readRegular(disk, path);
  } catch (error) {
    throw inputError(disk, error, path, place);
  }
}

/** The same, asynchronously. @param most limit in bytes */
export async function readInputLater(disk: Disk, path: string, place = path, most?: number): Promise<Uint8Array> {
  try {
    return await disk.readLater(path, most);
  } catch (error) {
    throw inputError(disk, error, path, place);
  }
}

/** The file's bytes in pieces. @param place names the file, or where it is named, in errors */
export function* inputPieces(disk: Disk, path: string, place = path): Generator<Uint8Array, void, undefined> {
  try {
    yield* piecesOf(disk.openFile(path));
  } catch (error) {
    throw inputError(disk, error, path, place);
  }
}

const PUT = "Fix the path, or put the file there.";

/** Reads a file that a spec names. @param remedy help if it is missing or unreadable */
export function readNamed(path: string, place: string, reach: Reach, remedy = PUT): Uint8Array {
  try {
    return readWithin(path, reach);
  } catch (error) {
    throw namedError(error, place, remedy);
  }
}

/** The same, in pieces. */
export function* namedPieces(path: string, place: string, reach: Reach): Generator<Uint8Array, void, undefined> {
  try {
    yield* piecesOf(openWithin(path, reach));
  } catch (error) {
    throw namedError(error, place);
  }
}

/** The error of a file that a spec names. */
export function namedError(error: unknown, place: string, remedy = PUT): unknown {
  if (error instanceof Outside)
    return new InputError("file-outside", `${place} is outside the project's folder.`, allowHelp(error.folder));
  if (!(error instanceof Unreadable)) return error;
  const reason = error.missing ? `there is no ${place}` : error.reason;
  return new InputError("file-unreadable", `${place}: cannot read the file (${reason})`, remedy);
}

function inputError(disk: Disk, error: unknown, path: string, place: string): unknown {
  if (!(error instanceof Unreadable)) return error;
  const near = disk.paths.relative("", path);
  const shown = near.startsWith("..") ? path : near;
  const reason = error.missing ? `there is no ${shown}` : error.reason;
  return new InputError("file-unreadable", `${place}: cannot read the file (${reason})`, PUT);
}
