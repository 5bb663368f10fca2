// Reads image files as pixels of a modality's size.
import { InputError } from "../diagnostics/input-error.js";
import type { Disk } from "./disk.js";
import { type FileBytes, readFileBytes } from "./file-bytes.js";
import type { DataHost } from "./host.js";
import type { OriginalSize, PictureSize } from "./picture-size.js";
import { isPng, pngDepth } from "./png.js";

/** Increased when decoding changes, so that shards are prepared again. */
export const DECODER = 1;

/** The modality is at fault, not a file. */
class UnfitModality extends InputError {}

/** The file may be fine: another machine might decode it. */
class Undecoded extends InputError {}

const MOST_FILE_BYTES = 256 * 2 ** 20;

/**
 * The image in the given size, on white.
 * @param file its bytes, or a function that reads them once there is memory for them
 * @param place names the image in errors
 * @returns pixels [height, width, channels]
 */
export async function decodePicture(
  host: Pick<DataHost, "decodePicture">,
  file: Uint8Array | (() => Promise<Uint8Array>),
  size: PictureSize,
  place: string,
): Promise<Uint8Array> {
  return (await decodeOriginal(host, file, size, place)).pixels;
}

/** The same, with the size that the image had. */
export async function decodeOriginal(
  { decodePicture: decode }: Pick<DataHost, "decodePicture">,
  file: Uint8Array | (() => Promise<Uint8Array>),
  size: PictureSize,
  place: string,
): Promise<{ readonly pixels: Uint8Array; readonly original: OriginalSize }> {
  const { channels } = size;
  if (channels !== 1 && channels !== 3 && channels !== 4)
    throw new UnfitModality(
      "bad-picture",
      `${place}: the modality of the image has ${channels} channels`,
      "Use 1 channel (grey), 3 (colour) or 4 (colour and transparency).",
    );
  const read = typeof file === "function" ? file : () => Promise.resolve(file);
  const result = await decode(read, size);
  switch (result.kind) {
    case "done":
      return result;
    case "failed":
      throw new InputError(
        "bad-picture",
        `${place}: the image cannot be read (${result.reason})`,
        result.remedy ?? "Use a PNG, JPEG, WebP, AVIF, GIF, TIFF or SVG file.",
      );
    case "stopped":
      throw new Undecoded("bad-picture", `${place}: ${result.reason}`, result.remedy);
  }
}

/** The bytes of an image file; refuses files that are too large. */
export const readPicture = (disk: Disk, file: FileBytes, place: string): Promise<Uint8Array> =>
  readFileBytes(disk, file, place, MOST_FILE_BYTES);

/** The same for formats that may have more than 8 bits per sample: increased if only their decoding changes. */
const DEEP_DECODER = 2;

/** A cache key for the decoder of an image; empty for most. */
export function decoderOf(bytes: Uint8Array): string {
  const tiff = (bytes[0] === 0x49 && bytes[1] === 0x49) || (bytes[0] === 0x4d && bytes[1] === 0x4d);
  return tiff || (isPng(bytes) && pngDepth(bytes) > 8) ? `${DEEP_DECODER} ` : "";
}
