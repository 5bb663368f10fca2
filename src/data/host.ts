// What data preparation needs from its host: the disk, image decoding, installed packages.
import type { Disk } from "./disk.js";
import type { NpmPackage } from "./package-archive.js";
import type { OriginalSize, PictureSize } from "./picture-size.js";

export type Decoded =
  | { readonly kind: "done"; readonly pixels: Uint8Array; readonly original: OriginalSize }
  /** `remedy` is set if it differs from the usual one for files that are not pictures. */
  | { readonly kind: "failed"; readonly reason: string; readonly remedy?: string | undefined }
  /** Decoding took too long, or the decoder is gone; the picture itself may be fine. */
  | { readonly kind: "stopped"; readonly reason: string; readonly remedy: string };

export interface DataHost {
  readonly disk: Disk;
  /** Folder of the cache. */
  readonly cacheFolder: () => string;
  /**
   * The picture in the given size, on white, in bounded memory and time.
   * @param read reads the file once there is memory for it @throws what `read` throws
   */
  readonly decodePicture: (read: () => Promise<Uint8Array>, size: PictureSize) => Promise<Decoded>;
  /** The folder of an installed package. */
  readonly packageFolder: (name: string) => string | undefined;
  /**
   * The archive of a package that is not installed: from the cache, or else from npm.
   * @param fetching is called before npm @throws InputError if it cannot be fetched
   */
  readonly packageArchive: (wanted: NpmPackage, fetching: () => void) => Promise<Uint8Array>;
}
