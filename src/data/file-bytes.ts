// The bytes of a file that a document has: a file on the disk, or a file within an archive or a table.

import { InputError } from "../diagnostics/input-error.js";
import type { Disk } from "./disk.js";
import { Unreadable } from "./open-file.js";
import { inputPieces, readInputLater } from "./read-input.js";

export type FileBytes = { readonly path: string } | { readonly bytes: Uint8Array };

/** Reads it completely. @param place names it in errors @param most limit in bytes */
export async function readFileBytes(disk: Disk, file: FileBytes, place: string, most?: number): Promise<Uint8Array> {
  if ("path" in file) return readInputLater(disk, file.path, place, most);
  if (most === undefined || file.bytes.length <= most) return file.bytes;
  const { reason } = new Unreadable(`it has ${file.bytes.length} bytes; the limit is ${most}`);
  throw new InputError("file-unreadable", `${place}: cannot read the file (${reason})`, "Make the file smaller.");
}

/** Its bytes in pieces. @param place names it in errors */
export function* fileBytesPieces(disk: Disk, file: FileBytes, place: string): Generator<Uint8Array, void, undefined> {
  if ("path" in file) yield* inputPieces(disk, file.path, place);
  else yield file.bytes;
}
