// The size of a decoded picture.
import type { PatchGeometry } from "../modalities/pixels.js";
import type { Fit } from "../modalities/row.fields.js";

/** The size in pixels, and the channels: 1 (grey), 3 (colour) or 4 (colour and transparency). */
export interface PictureSize extends Pick<PatchGeometry, "height" | "width" | "channels"> {
  /** How a picture of another shape fills the size; by default, `pad`. */
  readonly fit?: Fit | undefined;
  /** The part of the picture that is resized; by default, all of it. */
  readonly view?: View | undefined;
}

/** A part of a picture, as fractions of its sides and of the room that the part leaves. */
export interface View {
  /** The part of both sides, in (0, 1]. */
  readonly side: number;
  /** In [0, 1): 0 is at the left and at the top. */
  readonly left: number;
  readonly top: number;
  /** Whether it is mirrored, left to right. */
  readonly flip: boolean;
}

/** The size of a picture before it was resized, in pixels, upright. */
export interface OriginalSize {
  readonly height: number;
  readonly width: number;
}
