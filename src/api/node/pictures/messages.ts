// What the process that decodes pictures and the one that wants them say to each other.
import type { PictureSize } from "../../../data/picture-size.js";

/** Bytes of a picture as it is in its file. All pictures that are decoded at a time take no more, either. */
export const MOST_HELD = 2 ** 30;

export type ToDecoder =
  | { readonly kind: "decode"; readonly bytes: Uint8Array; readonly size: PictureSize }
  /** The memory that was asked for is free. */
  | { readonly kind: "go" };

export type FromDecoder =
  | { readonly kind: "ready" }
  /** The picture takes so many bytes, more than it may take unasked. */
  | { readonly kind: "asks"; readonly bytes: number }
  | { readonly kind: "done"; readonly pixels: Uint8Array }
  /** `remedy` where it is another than for every file that is no picture. */
  | { readonly kind: "failed"; readonly reason: string; readonly remedy?: string | undefined };
