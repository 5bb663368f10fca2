// Pictures ↔ patches. A picture is u8 pixels [height, width, channels], or a latent, f32 of that shape. Patches follow
// row by row; a patch is flattened by row, column, channel. Pixels are scaled to [−1, 1].

/** How a picture is divided into patches. */
export interface PatchGeometry {
  /** Sizes of a picture and of a patch, in pixels. */
  readonly height: number;
  readonly width: number;
  readonly patchHeight: number;
  readonly patchWidth: number;
  readonly channels: number;
}

/** Numbers in one patch: rows × columns × channels. */
export const patchSize = (m: PatchGeometry): number => m.patchHeight * m.patchWidth * m.channels;

/** The positions of one picture. */
export const patchesPerPicture = (m: PatchGeometry): number => (m.height / m.patchHeight) * (m.width / m.patchWidth);

/** Half of 255: pixel 0 is −1 and pixel 255 is 1. */
const HALF_RANGE = 127.5;

/** By pixel. */
const SCALED = Float32Array.from({ length: 256 }, (_, pixel) => pixel / HALF_RANGE - 1);

/** @returns `patches`, [patches, patch size] */
export function patchesOf(
  pixels: Uint8Array,
  geometry: PatchGeometry,
  patches: Float32Array = new Float32Array(patchesPerPicture(geometry) * patchSize(geometry)),
): Float32Array {
  // Training does this for every picture, so it has a loop of its own, without calls.
  const { height, width, patchHeight, patchWidth, channels } = geometry;
  const [count, stride] = [patchWidth * channels, width * channels];
  let value = 0;
  for (let top = 0; top < height; top += patchHeight)
    for (let left = 0; left < width; left += patchWidth) {
      let start = (top * width + left) * channels;
      for (let row = 0; row < patchHeight; row++, start += stride)
        for (let at = start, end = start + count; at < end; at++)
          patches[value++] = SCALED[pixels[at] as number] as number;
    }
  return patches;
}

/** The nearest pixels; values beyond [−1, 1] are clipped, and NaN is black. @returns [height, width, channels] */
export function pixelsOf(patches: Float32Array, geometry: PatchGeometry): Uint8Array {
  const pixels = new Uint8Array(geometry.height * geometry.width * geometry.channels);
  eachRowOfPatch(geometry, (pixel, value, count) => {
    for (let i = 0; i < count; i++) {
      const level = Math.round(((patches[value + i] as number) + 1) * HALF_RANGE);
      pixels[pixel + i] = Math.min(255, Math.max(0, level));
    }
  });
  return pixels;
}

/** Copies the numbers [height, width, channels] unchanged. @returns [patches, patch size] */
export function patchesOfLatent(
  latent: Float32Array,
  geometry: PatchGeometry,
  patches: Float32Array = new Float32Array(latent.length),
): Float32Array {
  eachRowOfPatch(geometry, (pixel, value, count) => patches.set(latent.subarray(pixel, pixel + count), value));
  return patches;
}

/** The inverse of patchesOfLatent. @returns [height, width, channels] */
export function latentOf(patches: Float32Array, geometry: PatchGeometry): Float32Array {
  const latent = new Float32Array(patches.length);
  eachRowOfPatch(geometry, (pixel, value, count) => latent.set(patches.subarray(value, value + count), pixel));
  return latent;
}

/** From [height, width, channels] to [channels, height, width], the layout of other tools. */
export function firstChannels(
  values: Float32Array,
  { height, width, channels }: Pick<PatchGeometry, "height" | "width" | "channels">,
): Float32Array {
  const pixels = height * width;
  return Float32Array.from(values, (_, i) => values[(i % pixels) * channels + Math.floor(i / pixels)] as number);
}

/** Visits every run of numbers that is contiguous in the picture and in its patch: one row of one patch. */
function eachRowOfPatch(geometry: PatchGeometry, visit: (pixel: number, value: number, count: number) => void): void {
  const { height, width, patchHeight, patchWidth, channels } = geometry;
  const count = patchWidth * channels;
  let value = 0;
  for (let top = 0; top < height; top += patchHeight)
    for (let left = 0; left < width; left += patchWidth)
      for (let row = top; row < top + patchHeight; row++) {
        visit((row * width + left) * channels, value, count);
        value += count;
      }
}
