// Lists of SHA-256 checksums in the format of `sha256sum -c`: writing, strict reading, and comparing a file with a list.
import { sha256 } from "../data/content-hash.js";
import type { Disk } from "../data/disk.js";
import type { Bytes } from "../data/safetensors.js";
import { InputError } from "../diagnostics/input-error.js";
import { CHECKPOINT_FILES } from "./checkpoint-state.js";

/** A list of 16 MiB names a hundred thousand files. */
const LIST_BYTES = 2 ** 24;

export const sumLine = ({ name, sha256: sum }: { readonly name: string; readonly sha256: string }): string =>
  `${sum}  ${name}\n`;

/**
 * The checksums of a list by file name. Every line is a checksum and a name, and each name occurs once.
 * @param isName which names the list may have
 * @returns what is wrong, as a clause, if the list is invalid
 */
export function listedSums(list: Bytes, isName: (name: string) => boolean = () => true): Map<string, string> | string {
  if (list.length > LIST_BYTES) return `it has more than ${LIST_BYTES} bytes`;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(list.slice(0, list.length));
  } catch {
    return "it is not UTF-8 text";
  }
  if (text === "") return "it is empty";
  if (!text.endsWith("\n")) return "its last line is incomplete";
  const sums = new Map<string, string>();
  for (const [index, line] of text.slice(0, -1).split("\n").entries()) {
    const [, sum, name] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
    if (sum === undefined || name === undefined) return `line ${index + 1} is not a checksum and a file name`;
    if (!isName(name)) return `line ${index + 1} names ${JSON.stringify(name)}, which is not a checkpoint file`;
    if (sums.has(name)) return `line ${index + 1} names ${name} again`;
    sums.set(name, sum);
  }
  return sums;
}

/**
 * Compares a file with the list of checksums beside it, if there is one.
 * @param shown the file's name in errors
 * @throws InputError if the list is invalid, or has no matching checksum of the file
 */
export function checkAgainstSums(disk: Disk, path: string, shown: string): void {
  const { basename, dirname, join } = disk.paths;
  const list = join(dirname(path), CHECKPOINT_FILES.sums);
  if (!disk.exists(list)) return;
  const shownList = join(dirname(shown), CHECKPOINT_FILES.sums);
  const sums = listedSums(disk.open(list));
  if (typeof sums === "string")
    throw new InputError("bad-checksum", `${shownList}: ${sums}.`, "Restore the list, or remove it.");
  const sum = sums.get(basename(path));
  if (sum === undefined)
    throw new InputError(
      "bad-checksum",
      `${shownList} has no checksum of ${basename(path)}.`,
      "Add it with `sha256sum`, or move the file to its own folder.",
    );
  if (sha256(disk, [disk.open(path)]) === sum) return;
  throw new InputError(
    "bad-checksum",
    `${shown} does not match its checksum in ${shownList}.`,
    "Restore the file from its source. If you changed it on purpose, remove the list or write it again.",
  );
}
