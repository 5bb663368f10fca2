// The size of a decoded picture.
import type { PatchGeometry } from "../modalities/pixels.js";

/** The size in pixels, and the channels: 1 (grey), 3 (colour) or 4 (colour and transparency). */
export type PictureSize = Pick<PatchGeometry, "height" | "width" | "channels">;
