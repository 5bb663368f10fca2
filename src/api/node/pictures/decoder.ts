// A process that decodes pictures to pixels of a modality's size, one at a time: what a hostile file does to a decoder, it
// does to this process. An animation is its first frame, a document its first page.
import sharp, { type Metadata, type Sharp } from "sharp";
import type { PictureSize } from "../../../data/picture-size.js";
import { isPng, pngFault } from "../../../data/png.js";
import { type FromDecoder, MOST_HELD, type ToDecoder } from "./messages.js";

const WHITE = { r: 255, g: 255, b: 255, alpha: 1 };
const CLEAR = { ...WHITE, alpha: 0 };

/** As sharp has it. */
const MOST_PIXELS = 0x3fff ** 2;

/** A picture that would take more memory than it may. */
class TooLarge extends Error {
  readonly remedy = "Save it with fewer pixels: pictures are resized to the modality's size anyway.";
}

/**
 * How many bytes a picture takes as it is in its file, by what the file says of itself.
 * @throws TooLarge; Error where it is no picture, or one whose pixels mean something else
 */
async function heldBy(bytes: Uint8Array): Promise<number> {
  const fault = isPng(bytes) ? pngFault(bytes) : undefined;
  if (fault !== undefined) throw new Error(fault);
  const { width, height, channels, depth } = await sharp(bytes, { limitInputPixels: false }).metadata();
  checkDepth(depth);
  const held = width * height * channels * (depth === "ushort" ? 2 : 1);
  if (width * height > MOST_PIXELS || held > MOST_HELD)
    throw new TooLarge(
      `it has ${width} × ${height} pixels of ${channels} × ${depth === "ushort" ? 16 : 8} bits, ` +
        `and the limits are ${MOST_PIXELS} pixels and ${MOST_HELD / 2 ** 20} MiB`,
    );
  return held;
}

/**
 * Fits the whole image into the size, with white at its sides where the aspect differs and behind what is transparent.
 * With 1 channel: grey; 3: sRGB; 4: sRGB and alpha, which then stays as it is.
 * @param bytes of a picture that `heldBy` lets pass
 * @returns pixels [height, width, channels]
 * @throws Error that says what is wrong with the file
 */
async function decode(bytes: Uint8Array, size: PictureSize): Promise<Uint8Array> {
  const { depth } = await sharp(bytes).metadata();
  if (depth === "ushort" && size.channels !== 4) return onWhite(await pixelsOf(bytes, { ...size, channels: 4 }), size);
  return pixelsOf(bytes, size);
}

/** libvips takes other numbers for 0 to 255 where they mean something else: black for a float picture from 0 to 1. */
function checkDepth(depth: Metadata["depth"]): void {
  if (depth !== "uchar" && depth !== "ushort")
    throw new Error(`its pixels are numbers of type ${depth}; save it with 8 or 16 bits without a sign`);
}

async function pixelsOf(bytes: Uint8Array, { height, width, channels }: PictureSize): Promise<Uint8Array> {
  const background = channels === 4 ? CLEAR : WHITE;
  const oriented = sharp(bytes).autoOrient();
  const opaque = channels === 4 ? oriented.ensureAlpha() : oriented.flatten({ background });
  const fitted = opaque.resize({ width, height, fit: "contain", kernel: "lanczos3", background });
  return rawOf(channels === 1 ? fitted.toColourspace("b-w") : fitted.toColourspace("srgb"), channels);
}

async function rawOf(image: Sharp, channels: number): Promise<Uint8Array> {
  const { data, info } = await image.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  if (info.channels !== channels) throw new Error(`it decodes to ${info.channels} channels`);
  return new Uint8Array(data);
}

/** Of a picture of 16 bits, whose white would be sharp's, 65 280 of 65 535, were it put on white before it is resized. */
async function onWhite(rgba: Uint8Array, { height, width, channels }: PictureSize): Promise<Uint8Array> {
  const rgb = new Uint8Array(height * width * 3);
  for (let pixel = 0; pixel < height * width; pixel++) {
    const alpha = (rgba[4 * pixel + 3] as number) / 255;
    for (let c = 0; c < 3; c++) rgb[3 * pixel + c] = Math.round(255 - (255 - (rgba[4 * pixel + c] as number)) * alpha);
  }
  return channels === 3 ? rgb : rawOf(sharp(rgb, { raw: { width, height, channels: 3 } }).toColourspace("b-w"), 1);
}

/** Bytes that a picture may take unasked. */
const UNASKED = 16 * 2 ** 20;

sharp.cache(false);
// Ctrl-C reaches all processes of a terminal; who started this one decides.
process.on("SIGINT", () => {});
// Nobody wants the picture any more, and decoding it may take minutes, which an orderly exit would wait for.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));

const say = (message: FromDecoder): void => void process.send?.(message);
let go = (): void => {};

async function answer({ bytes, size }: Extract<ToDecoder, { readonly kind: "decode" }>): Promise<FromDecoder> {
  try {
    const held = await heldBy(bytes);
    if (held > UNASKED) {
      const granted = new Promise<void>((resolve) => {
        go = resolve;
      });
      say({ kind: "asks", bytes: held });
      await granted;
    }
    return { kind: "done", pixels: await decode(bytes, size) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: "failed", reason, remedy: error instanceof TooLarge ? error.remedy : undefined };
  }
}

process.on("message", (message: ToDecoder) => {
  if (message.kind === "go") go();
  else void answer(message).then(say);
});
say({ kind: "ready" });
