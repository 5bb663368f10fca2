// Reads a file that the user named.
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { InputError } from "../diagnostics/input-error.js";

/** @param place names the file, or where it is named, in errors */
export function readInput(path: string, place = path): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    const shown = relative("", path).startsWith("..") ? path : relative("", path);
    const reason = missing ? `there is no ${shown}` : error instanceof Error ? error.message : String(error);
    throw new InputError(`${place}: cannot read the file (${reason})`, "Correct the path, or put the file there.");
  }
}
