// Checks the checksums of all chunks of a PNG file, also of chunks without pixels. Decoders skip some of them, but a file
// with one flipped bit is damaged.
// Format: https://www.w3.org/TR/png-3/#5DataRep
import { crc32 } from "./crc32.js";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Bytes of a chunk's length, type and checksum. */
const [LENGTH, TYPE, CHECKSUM] = [4, 4, 4];

export const isPng = (bytes: Uint8Array): boolean => SIGNATURE.every((byte, i) => bytes[i] === byte);

/** What is wrong with the chunks of a PNG file; undefined if they are intact. Ignores bytes after the last chunk. */
export function pngFault(bytes: Uint8Array): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = SIGNATURE.length; ; ) {
    if (at + LENGTH + TYPE + CHECKSUM > bytes.length) return "the file is truncated: its last chunk is missing";
    const begin = at + LENGTH;
    const end = begin + TYPE + view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(begin, begin + TYPE));
    if (!/^[A-Za-z]{4}$/.test(type)) return `there is no chunk at byte ${at}`;
    if (end + CHECKSUM > bytes.length) return `the file is truncated in the chunk ${type} at byte ${at}`;
    if (crc32(bytes.subarray(begin, end)) !== view.getUint32(end))
      return `the checksum of the chunk ${type} at byte ${at} does not match`;
    if (type === "IEND") return undefined;
    at = end + CHECKSUM;
  }
}

/** Bits per sample, from the header. */
export const pngDepth = (bytes: Uint8Array): number => bytes[24] ?? 0;
