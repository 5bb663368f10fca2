// The size of a decoded picture.
import type { Fit, PatchGeometry } from "../modalities/pixels.js";

/** The size in pixels, and the channels: 1 (grey), 3 (colour) or 4 (colour and transparency). */
export interface PictureSize extends Pick<PatchGeometry, "height" | "width" | "channels"> {
  /** How a picture of another shape fills the size; by default, `pad`. */
  readonly fit?: Fit | undefined;
}

/** The size of a picture before it was resized, in pixels, upright. */
export interface OriginalSize {
  readonly height: number;
  readonly width: number;
}
