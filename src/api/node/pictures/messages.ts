// The messages between the process that decodes pictures and its parent.
import type { OriginalSize, PictureSize } from "../../../data/picture-size.js";

/** The most bytes of a decoded picture at its original size, and of all pictures that are decoded at the same time. */
export const MOST_HELD = 2 ** 30;

export type ToDecoder =
  | { readonly kind: "decode"; readonly bytes: Uint8Array; readonly size: PictureSize }
  /** The requested memory is free. */
  | { readonly kind: "go" };

export type FromDecoder =
  | { readonly kind: "ready" }
  /** The picture needs this many bytes, more than it may use without a request. */
  | { readonly kind: "asks"; readonly bytes: number }
  | { readonly kind: "done"; readonly pixels: Uint8Array; readonly original: OriginalSize }
  /** `remedy`, if it differs from the usual one for files that are not pictures. */
  | { readonly kind: "failed"; readonly reason: string; readonly remedy?: string | undefined };
