// The size of a decoded picture.
import type { PatchGeometry } from "../modalities/pixels.js";

/** Pixels of a picture, and numbers of a pixel: 1 (grey), 3 (colour) or 4 (colour and transparency). */
export type PictureSize = Pick<PatchGeometry, "height" | "width" | "channels">;
