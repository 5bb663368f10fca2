// What preparing data asks of the machine that it runs on, besides arithmetic.
import type { Disk } from "./disk.js";
import type { PictureSize } from "./picture-size.js";

export type Decoded =
  | { readonly kind: "done"; readonly pixels: Uint8Array }
  /** `remedy` where it is another than for every file that is no picture. */
  | { readonly kind: "failed"; readonly reason: string; readonly remedy?: string | undefined }
  /** Not by what the picture is, but by how long it took, or since what decodes it is gone. */
  | { readonly kind: "stopped"; readonly reason: string; readonly remedy: string };

export interface DataHost {
  readonly disk: Disk;
  /** Where mom keeps what it can make again. */
  readonly cacheFolder: () => string;
  /**
   * The whole of a picture in the size, on white, in bounded memory and time.
   * @param read the file's bytes, once there is room for them @throws what `read` throws
   */
  readonly decodePicture: (read: () => Promise<Uint8Array>, size: PictureSize) => Promise<Decoded>;
  /** The folder of a package that is installed. */
  readonly packageFolder: (name: string) => string | undefined;
}
