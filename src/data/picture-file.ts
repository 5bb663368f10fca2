// Decodes image files to pixels of a modality's size.
import sharp from "sharp";
import { InputError } from "../diagnostics/input-error.js";
import type { PatchGeometry } from "../modalities/modality.fields.js";

/** Bumped when decoding gives other pixels, so that shards are prepared anew. */
export const DECODER = 1;

const WHITE = { r: 255, g: 255, b: 255, alpha: 1 };

/** Pixels of a picture, and numbers of a pixel. */
export type PictureSize = Pick<PatchGeometry, "height" | "width" | "channels">;

/**
 * Fits the whole image into the size, with white at its sides where the aspect differs and behind what is transparent.
 * With 1 channel: grey; 3: sRGB; 4: sRGB and alpha, which then stays as it is.
 * @param place names the image in errors
 * @returns pixels [height, width, channels]
 */
export async function decodePicture(bytes: Uint8Array, size: PictureSize, place: string): Promise<Uint8Array> {
  const { height, width, channels } = size;
  if (channels !== 1 && channels !== 3 && channels !== 4)
    throw new InputError(
      `${place}: the modality of the image has ${channels} channels`,
      "Pictures have 1 channel (grey), 3 (colour) or 4 (colour and transparency).",
    );
  const background = channels === 4 ? { ...WHITE, alpha: 0 } : WHITE;
  try {
    const oriented = sharp(bytes).autoOrient();
    const opaque = channels === 4 ? oriented.ensureAlpha() : oriented.flatten({ background });
    const fitted = opaque.resize({ width, height, fit: "contain", kernel: "lanczos3", background });
    const coloured = channels === 1 ? fitted.toColourspace("b-w") : fitted.toColourspace("srgb");
    const { data, info } = await coloured.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
    if (info.channels !== channels) throw new Error(`it decodes to ${info.channels} channels`);
    return new Uint8Array(data);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      `${place}: not an image that can be read (${reason})`,
      "Use a PNG, JPEG, WebP, AVIF, GIF, TIFF or SVG file.",
    );
  }
}
