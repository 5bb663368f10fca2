// Reads image files as pixels of a modality's size.
import { InputError } from "../diagnostics/input-error.js";
import { decode } from "./pictures/decode.js";
import type { PictureSize } from "./pictures/picture-size.js";
import { isPng, pngDepth } from "./pictures/png.js";

/** Bumped when decoding gives other pixels, so that shards are prepared anew. */
export const DECODER = 1;

/** No file is at fault. */
class UnfitModality extends InputError {}

/**
 * The whole image in the size, on white.
 * @param place names the image in errors
 * @returns pixels [height, width, channels]
 */
export async function decodePicture(bytes: Uint8Array, size: PictureSize, place: string): Promise<Uint8Array> {
  const { channels } = size;
  if (channels !== 1 && channels !== 3 && channels !== 4)
    throw new UnfitModality(
      `${place}: the modality of the image has ${channels} channels`,
      "Pictures have 1 channel (grey), 3 (colour) or 4 (colour and transparency).",
    );
  try {
    return await decode(bytes, size);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      `${place}: not an image that can be read (${reason})`,
      "Use a PNG, JPEG, WebP, AVIF, GIF, TIFF or SVG file.",
    );
  }
}

/** Of formats that may hold more than 8 bits a sample: bumped when these alone get other pixels. */
const DEEP_DECODER = 2;

/** What besides its bytes decides on an image's pixels, for cache keys: nothing for most. */
export function decoderOf(bytes: Uint8Array): string {
  const tiff = (bytes[0] === 0x49 && bytes[1] === 0x49) || (bytes[0] === 0x4d && bytes[1] === 0x4d);
  return tiff || (isPng(bytes) && pngDepth(bytes) > 8) ? `${DEEP_DECODER} ` : "";
}
