// Reads a file that the user, a spec or data name.
import { relative } from "node:path";
import { allowHelp } from "../diagnostics/allow.js";
import { InputError } from "../diagnostics/input-error.js";
import { readRegular, readRegularLater, Unreadable } from "./open-file.js";
import { Outside, type Reach, readWithin } from "./reach.js";

/** @param place names the file, or where it is named, in errors */
export function readInput(path: string, place = path): Uint8Array {
  try {
    return readRegular(path);
  } catch (error) {
    throw inputError(error, path, place);
  }
}

/** The same without waiting. */
export async function readInputLater(path: string, place = path): Promise<Uint8Array> {
  try {
    return await readRegularLater(path);
  } catch (error) {
    throw inputError(error, path, place);
  }
}

/** A file that a spec names. @param remedy where it is missing or unfit */
export function readNamed(
  path: string,
  place: string,
  reach: Reach,
  remedy = "Correct the path, or put the file there.",
): Uint8Array {
  try {
    return readWithin(path, reach);
  } catch (error) {
    if (error instanceof Outside)
      throw new InputError(`${place} is outside the project's folder.`, allowHelp(error.folder));
    if (!(error instanceof Unreadable)) throw error;
    const reason = error.missing ? `there is no ${place}` : error.reason;
    throw new InputError(`${place}: cannot read the file (${reason})`, remedy);
  }
}

function inputError(error: unknown, path: string, place: string): unknown {
  if (!(error instanceof Unreadable)) return error;
  const shown = relative("", path).startsWith("..") ? path : relative("", path);
  const reason = error.missing ? `there is no ${shown}` : error.reason;
  return new InputError(`${place}: cannot read the file (${reason})`, "Correct the path, or put the file there.");
}
