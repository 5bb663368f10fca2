// Debian packages: downloaded or given as a file, checked by their SHA-256, and unpacked without other programs.
// A package is an ar archive, in which `data.tar.xz` holds the files. See deb(5) in the manual of dpkg.
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeStream } from "node:stream/web";
import { extract } from "tar-stream";
import { decompressed } from "../../data/decompress.js";
import { inputPieces } from "../../data/read-input.js";
import { makeFolderOf } from "../../data/write-whole.js";
import { InputError } from "../../diagnostics/input-error.js";
import { nodeDisk } from "./disk.js";

interface PackageFile {
  /** The path of a file, or a URL. */
  readonly from: string;
  /** In hexadecimal. */
  readonly sha256: string;
}

/**
 * The path of a package whose SHA-256 is right. A URL is downloaded to the folder, unless the package is already there.
 * @throws InputError if it cannot be read or downloaded, or is another file
 */
export async function fetchPackage(
  { from, sha256 }: PackageFile,
  folder: string,
  notice: (text: string) => void,
): Promise<string> {
  if (!/^https?:\/\//.test(from)) {
    checkHash(from, sha256);
    return from;
  }
  const path = join(folder, from.slice(from.lastIndexOf("/") + 1));
  makeFolderOf(nodeDisk, path, "Choose another --out.");
  if (nodeDisk.exists(path) && hashOf(path) === sha256.toLowerCase()) return path;
  notice(`downloading ${from}`);
  const part = `${path}.${process.pid}.part`;
  try {
    await download(from, part);
    checkHash(part, sha256, from);
    nodeDisk.rename(part, path);
  } finally {
    nodeDisk.remove(part);
  }
  return path;
}

async function download(url: string, path: string): Promise<void> {
  try {
    const response = await fetch(url);
    if (!response.ok || response.body === null) throw new Error(`the server answers ${response.status}`);
    await pipeline(Readable.fromWeb(response.body as NodeStream), createWriteStream(path));
  } catch (error) {
    // `fetch` puts the reason into the cause.
    const { message } = error instanceof Error && error.cause instanceof Error ? error.cause : (error as Error);
    throw new InputError(
      "file-unreadable",
      `${url}: cannot download the file (${message})`,
      "Download it with another program, and pass its path with --from.",
    );
  }
}

function hashOf(path: string): string {
  const hash = nodeDisk.hash();
  for (const piece of inputPieces(nodeDisk, path)) hash.update(piece);
  return hash.digest();
}

function checkHash(path: string, sha256: string, place = path): void {
  const found = hashOf(path);
  if (found !== sha256.toLowerCase())
    throw new InputError(
      "file-unreadable",
      `${place}: the SHA-256 of the file is ${found}, not ${sha256}`,
      "Download it again. For another version of the package, pass the hash that its distributor lists with --sha256.",
    );
}

interface Unpacked {
  /** Relative to the root of the system, such as `usr/share/doc/mom/copyright`. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The regular files of a package, in its order. @param wanted by name; other files are not kept in memory */
export async function* filesOfPackage(
  path: string,
  wanted: (name: string) => boolean,
): AsyncGenerator<Unpacked, void, undefined> {
  try {
    const entries = extract();
    // The loop below throws its errors.
    pipeline(await unpackedStream(path), entries).catch(() => {});
    for await (const entry of entries) {
      const name = entry.header.name.replace(/^\.\//, "");
      if (entry.header.type === "file" && wanted(name)) yield { name, bytes: await buffer(entry) };
      else entry.resume();
    }
  } catch (error) {
    throw error instanceof InputError ? error : noPackage(path, error instanceof Error ? error.message : `${error}`);
  }
}

const noPackage = (path: string, reason: string) =>
  new InputError(
    "file-unreadable",
    `${path}: the file is not an intact Debian package (${reason})`,
    "Download it again.",
  );

/** The tar archive of the files. */
async function unpackedStream(path: string): Promise<Readable> {
  const { name, begin, end } = dataMember(path);
  const pieces = rangeOf(path, begin, end);
  if (name !== "data.tar.xz") return Readable.from(decompressed(pieces, path));
  const { XzReadableStream } = (await import("xz-decompress")).default;
  const packed = Readable.toWeb(Readable.from(pieces)) as ReadableStream<Uint8Array>;
  return Readable.fromWeb(new XzReadableStream(packed) as NodeStream);
}

const MAGIC = "!<arch>\n";
const HEADER_BYTES = 60;

/** The member `data.tar`, with any compression. A header has the name in bytes 0 to 15 and the size in bytes 48 to 57. */
function dataMember(path: string): { readonly name: string; readonly begin: number; readonly end: number } {
  const file = nodeDisk.openFile(path);
  try {
    const textAt = (begin: number, end: number) => new TextDecoder("latin1").decode(file.read(begin, end));
    if (textAt(0, MAGIC.length) !== MAGIC) throw noPackage(path, "it is no ar archive");
    for (let at = MAGIC.length; at + HEADER_BYTES <= file.size(); ) {
      const header = textAt(at, at + HEADER_BYTES);
      const name = header.slice(0, 16).trim().replace(/\/$/, "");
      const size = Number(header.slice(48, 58));
      const begin = at + HEADER_BYTES;
      if (!header.endsWith("`\n") || !Number.isSafeInteger(size) || begin + size > file.size())
        throw noPackage(path, "it is truncated or damaged");
      if (/^data\.tar(\.|$)/.test(name)) return { name, begin, end: begin + size };
      // Members start at even offsets.
      at = begin + size + (size % 2);
    }
    throw noPackage(path, "it has no data.tar");
  } finally {
    file.close();
  }
}

const PIECE_BYTES = 2 ** 20;

function* rangeOf(path: string, begin: number, end: number): Generator<Uint8Array, void, undefined> {
  const file = nodeDisk.openFile(path);
  try {
    for (let at = begin; at < end; at += PIECE_BYTES) yield file.read(at, Math.min(at + PIECE_BYTES, end));
  } finally {
    file.close();
  }
}
