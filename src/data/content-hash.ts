// Content hashes (SHA-256). Short content, for cache keys and the split into training and validation, is hashed by a
// library that runs everywhere; long content by the platform's own hash, which is much faster.
import { sha256 as shaOf } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Disk } from "./disk.js";
import type { Bytes } from "./safetensors.js";

export const contentHash = (content: string | Uint8Array): string =>
  bytesToHex(shaOf(typeof content === "string" ? utf8ToBytes(content) : content));

/** The same for content that may be long. */
export function longHash({ hash }: Pick<Disk, "hash">, content: string | Uint8Array): string {
  const sum = hash();
  sum.update(content);
  return sum.digest();
}

/** The first 32 bits of a document's hash. They alone decide its side of the split. */
export const splitHash = (hash: string): number => Number.parseInt(hash.slice(0, 8), 16);

/** Bytes that are read or hashed at a time. A hash function may accept less than 2 GiB in one call. */
const RUN_BYTES = 2 ** 26;

/** Consecutive pieces of a file of any size. */
export function* runsOf(bytes: Bytes | Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += RUN_BYTES) {
    const end = Math.min(at + RUN_BYTES, bytes.length);
    yield bytes instanceof Uint8Array ? bytes.subarray(at, end) : bytes.slice(at, end);
  }
}

/** The SHA-256 of consecutive pieces. */
export function sha256({ hash }: Pick<Disk, "hash">, pieces: Iterable<Bytes | Uint8Array>): string {
  const sum = hash();
  for (const piece of pieces) for (const run of runsOf(piece)) sum.update(run);
  return sum.digest();
}
