// Ids that data give directly: lists of numbers, and files of codes.
import { BadFile } from "../../diagnostics/bad-file.js";
import { InputError } from "../../diagnostics/input-error.js";
import { type ModelParts, ordinaryIds } from "../../modalities/text.js";
import { asBadFile } from "../bad-files.js";
import type { Disk } from "../disk.js";
import { type FileBytes, fileBytesPieces } from "../file-bytes.js";
import { joinedBytes } from "../joined.js";
import { readNpy, wholeNumbers } from "../npy.js";

const LONGEST = 60;

/** A value in an error, shortened. */
export function shown(value: unknown): string {
  const short = Array.isArray(value) ? value.slice(0, LONGEST) : value;
  const json = JSON.stringify(short) ?? "nothing";
  return json.length > LONGEST ? `${json.slice(0, LONGEST)}…` : json;
}

/** The codes in a .npy file of any shape, in C order. @throws BadFile if it is not one of whole numbers */
export function codesOfFile(file: FileBytes, place: string, disk: Disk): number[] {
  try {
    const pieces = Array.from(fileBytesPieces(disk, file, place), (piece) => new Uint8Array(piece));
    const codes = wholeNumbers(readNpy(joinedBytes(pieces), place));
    if (codes !== undefined) return codes;
    throw new BadFile(
      "bad-document",
      `${place}: the codes are not all whole numbers`,
      "Save them as integers, such as int32.",
    );
  } catch (error) {
    throw asBadFile(error);
  }
}

/** @param key the content's name in the data, for errors @throws InputError if it is not a list of the modality's ids */
export function checkIds(
  key: string,
  value: unknown,
  modality: number,
  { place, parts }: { readonly place: string; readonly parts: ModelParts },
): number[] {
  const limit = ordinaryIds(modality, parts);
  const isId = (id: unknown): id is number => Number.isInteger(id) && (id as number) >= 0 && (id as number) < limit;
  if (Array.isArray(value) && value.every(isId)) return value;
  const wrong: unknown = Array.isArray(value) ? value.find((id) => !isId(id)) : value;
  throw new InputError(
    "bad-document",
    `${place}: "${key}" contains ${shown(wrong)}, but the ids of ${parts.modalities[modality]?.name} are 0 to ${limit - 1}`,
    "Use whole numbers in that range (a vocabulary's last ids may be its markers), or increase vocab.",
  );
}
