// Lists of SHA-256 sums in the form of `sha256sum -c`: one written, one read strictly, and files compared with one.
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import type { Bytes } from "../data/safetensors.js";
import { InputError } from "../diagnostics/input-error.js";
import { CHECKPOINT_FILES } from "./checkpoint-state.js";
import type { Disk } from "./disk.js";

/** Bytes that are read or hashed at a time; Node hashes less than 2 GiB in one call. */
const RUN_BYTES = 2 ** 26;

/** A list of 16 MiB names a hundred thousand files. */
const LIST_BYTES = 2 ** 24;

function* runsOf(bytes: Bytes | Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += RUN_BYTES) {
    const end = Math.min(at + RUN_BYTES, bytes.length);
    yield bytes instanceof Uint8Array ? bytes.subarray(at, end) : bytes.slice(at, end);
  }
}

/** The sum of pieces, one after the other. */
export function sha256(pieces: Iterable<Bytes | Uint8Array>): string {
  const hash = createHash("sha256");
  for (const piece of pieces) for (const run of runsOf(piece)) hash.update(run);
  return hash.digest("hex");
}

export const sumLine = ({ name, sha256: sum }: { readonly name: string; readonly sha256: string }): string =>
  `${sum}  ${name}\n`;

/**
 * The sums of a list by the names of files: every line is a sum and a name, and each name stands once.
 * @param isName which names the list may have
 * @returns what is wrong, as a clause, where it is not such a list
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
  if (!text.endsWith("\n")) return "its last line is not whole";
  const sums = new Map<string, string>();
  for (const [index, line] of text.slice(0, -1).split("\n").entries()) {
    const [, sum, name] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
    if (sum === undefined || name === undefined) return `line ${index + 1} is not a sum and the name of a file`;
    if (!isName(name)) return `line ${index + 1} names ${JSON.stringify(name)}, which is no file of a checkpoint`;
    if (sums.has(name)) return `line ${index + 1} names ${name} again`;
    sums.set(name, sum);
  }
  return sums;
}

/**
 * Compares a file with the list of sums beside it, if there is one.
 * @param shown the file as the user knows it
 * @throws InputError where the list is malformed, or has no or another sum of the file
 */
export function checkAgainstSums(disk: Disk, path: string, shown: string): void {
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
      `${shownList} has no sum of ${basename(path)}.`,
      "Add it with `sha256sum`, or move the file to a folder of its own.",
    );
  if (sha256([disk.open(path)]) === sum) return;
  throw new InputError(
    "bad-checksum",
    `${shown} is not what its sum in ${shownList} says.`,
    "Restore the file from where it came from; if you changed it on purpose, remove the list or write it again.",
  );
}
