// Unpacks gzip and Zstandard while a file is read. The compression is recognized by the first bytes, never by the name.
import { Decompress } from "fzstd";
import { InputError } from "../diagnostics/input-error.js";
import { resultsOf, streamOf } from "./web-streams.js";

const GZIP = [0x1f, 0x8b];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];

const begins = (bytes: Uint8Array, magic: readonly number[]) => magic.every((byte, i) => bytes[i] === byte);

/** Endings of compressed files, which do not count as the ending of a file's name. */
export const withoutCompression = (name: string): string => name.replace(/\.(gz|gzip|zst|zstd)$/i, "");

/**
 * The contents of a file that may be compressed.
 * @param pieces the file's bytes; a piece may be overwritten when the next is requested
 * @param place names the file in errors
 * @throws InputError if the compressed data are damaged or truncated
 */
export async function* decompressed(
  pieces: Iterable<Uint8Array>,
  place: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = pieces[Symbol.iterator]();
  try {
    const first = iterator.next();
    if (first.done) return;
    const rest = { [Symbol.iterator]: () => iterator };
    if (begins(first.value, GZIP)) yield* gunzipped(first.value, rest, place);
    else if (begins(first.value, ZSTD)) yield* unpackedZstd(first.value, rest, place);
    else {
      yield first.value;
      yield* rest;
    }
  } finally {
    iterator.return?.();
  }
}

const damaged = (place: string, what: string, error: unknown) =>
  new InputError(
    "file-unreadable",
    `${place}: the ${what} data are damaged or truncated (${error instanceof Error ? error.message : error})`,
    "Copy or download the file again.",
  );

/** `DecompressionStream` checks the checksum and the length of what it unpacks. */
const gunzipped = (first: Uint8Array, rest: Iterable<Uint8Array>, place: string) =>
  resultsOf(streamOf(piecesThen(first, rest)).pipeThrough(new DecompressionStream("gzip")), (error) =>
    damaged(place, "gzip", error),
  );

function* unpackedZstd(first: Uint8Array, rest: Iterable<Uint8Array>, place: string) {
  let unpacked: Uint8Array[] = [];
  let complete = false;
  const stream = new Decompress((piece, final) => {
    // A copy: the window is reused.
    if (piece.length > 0) unpacked.push(new Uint8Array(piece));
    complete = final === true;
  });
  const push = (piece: Uint8Array, final: boolean) => {
    try {
      stream.push(piece, final);
    } catch (error) {
      throw damaged(place, "Zstandard", error);
    }
    const made = unpacked;
    unpacked = [];
    return made;
  };
  for (const piece of piecesThen(first, rest)) yield* push(new Uint8Array(piece), false);
  yield* push(new Uint8Array(0), true);
  if (!complete) throw damaged(place, "Zstandard", "the end is missing");
}

function* piecesThen(first: Uint8Array, rest: Iterable<Uint8Array>): Generator<Uint8Array, void, undefined> {
  yield first;
  yield* rest;
}
