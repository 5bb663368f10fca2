// A process that decodes pictures to pixels of a modality's size, one at a time. A hostile file can affect only this process.
// The result for an animation is its first frame, and for a document its first page.
import sharp, { type Metadata, type Region, type Sharp } from "sharp";
import type { OriginalSize, PictureSize, View } from "../../../data/picture-size.js";
import { isPng, pngFault } from "../../../data/png.js";
import { type FromDecoder, MOST_HELD, type ToDecoder } from "./messages.js";

const WHITE = { r: 255, g: 255, b: 255, alpha: 1 };
const CLEAR = { ...WHITE, alpha: 0 };

/** The limit of sharp. */
const MOST_PIXELS = 0x3fff ** 2;

/** A picture that would exceed the memory limit. */
class TooLarge extends Error {
  readonly remedy = "Save it with fewer pixels. Pictures are resized to the modality's size anyway.";
}

interface Facts {
  readonly depth: Metadata["depth"];
  /** The bytes of the decoded picture at its original size. */
  readonly held: number;
  readonly original: OriginalSize;
}

/**
 * From the metadata of the file.
 * @throws TooLarge; Error if it is not a picture or has an unsupported pixel format
 */
async function factsOf(bytes: Uint8Array): Promise<Facts> {
  const fault = isPng(bytes) ? pngFault(bytes) : undefined;
  if (fault !== undefined) throw new Error(fault);
  const { width, height, channels, depth, autoOrient } = await sharp(bytes, { limitInputPixels: false }).metadata();
  checkDepth(depth);
  const held = width * height * channels * (depth === "ushort" ? 2 : 1);
  if (width * height > MOST_PIXELS || held > MOST_HELD)
    throw new TooLarge(
      `it has ${width} × ${height} pixels of ${channels} × ${depth === "ushort" ? 16 : 8} bits, ` +
        `and the limits are ${MOST_PIXELS} pixels and ${MOST_HELD / 2 ** 20} MiB`,
    );
  return { depth, held, original: { width: autoOrient.width, height: autoOrient.height } };
}

/** The names that sharp has for the ways to fit. */
const FITS = { pad: "contain", crop: "cover", stretch: "fill" } as const;

/**
 * Resizes the image to fit. The background is white: at the sides if it is padded, and behind transparent pixels.
 * 1 channel is grey, 3 are sRGB, and 4 are sRGB with unchanged alpha.
 * @param facts of the same bytes
 * @returns pixels [height, width, channels]
 * @throws Error that describes the problem of the file
 */
async function decode(bytes: Uint8Array, { depth, original }: Facts, size: PictureSize): Promise<Uint8Array> {
  const pixels = (channels: number) => pixelsOf(bytes, original, { ...size, channels });
  if (depth === "ushort" && size.channels !== 4) return onWhite(await pixels(4), size);
  return pixels(size.channels);
}

/** libvips would read other pixel types as 0 to 255. For example, a float picture from 0 to 1 would be black. */
function checkDepth(depth: Metadata["depth"]): void {
  if (depth !== "uchar" && depth !== "ushort")
    throw new Error(`its pixels have the type ${depth}; save it with 8 or 16 unsigned bits`);
}

/** The pixels of a view, at least one. */
function rectangleOf({ side, left, top }: View, original: OriginalSize): Region {
  const width = Math.max(1, Math.round(side * original.width));
  const height = Math.max(1, Math.round(side * original.height));
  return {
    ...{ width, height },
    left: Math.floor(left * (original.width - width + 1)),
    top: Math.floor(top * (original.height - height + 1)),
  };
}

async function pixelsOf(
  bytes: Uint8Array,
  original: OriginalSize,
  { height, width, channels, fit = "pad", view }: PictureSize,
): Promise<Uint8Array> {
  const background = channels === 4 ? CLEAR : WHITE;
  const complete = sharp(bytes).autoOrient();
  const part = view !== undefined && view.side < 1 ? complete.extract(rectangleOf(view, original)) : complete;
  const oriented = part.flop(view?.flip === true);
  const opaque = channels === 4 ? oriented.ensureAlpha() : oriented.flatten({ background });
  const fitted = opaque.resize({ width, height, fit: FITS[fit], kernel: "lanczos3", background });
  return rawOf(channels === 1 ? fitted.toColourspace("b-w") : fitted.toColourspace("srgb"), channels);
}

async function rawOf(image: Sharp, channels: number): Promise<Uint8Array> {
  const { data, info } = await image.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  if (info.channels !== channels) throw new Error(`it decodes to ${info.channels} channels`);
  return new Uint8Array(data);
}

/** Puts a 16-bit picture on white after resizing. Before resizing, sharp's white would be 65 280 of 65 535. */
async function onWhite(rgba: Uint8Array, { height, width, channels }: PictureSize): Promise<Uint8Array> {
  const rgb = new Uint8Array(height * width * 3);
  for (let pixel = 0; pixel < height * width; pixel++) {
    const alpha = (rgba[4 * pixel + 3] as number) / 255;
    for (let c = 0; c < 3; c++) rgb[3 * pixel + c] = Math.round(255 - (255 - (rgba[4 * pixel + c] as number)) * alpha);
  }
  return channels === 3 ? rgb : rawOf(sharp(rgb, { raw: { width, height, channels: 3 } }).toColourspace("b-w"), 1);
}

/** The bytes that a picture may use without a request. */
const UNASKED = 16 * 2 ** 20;

sharp.cache(false);
// Several of these processes run at the same time.
sharp.concurrency(1);
// Ctrl-C reaches all processes of a terminal. The parent process decides what to do.
process.on("SIGINT", () => {});
// The picture is no longer needed. Decoding it may take minutes, and an orderly exit would wait for it.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));

const say = (message: FromDecoder): void => void process.send?.(message);
let go = (): void => {};

async function answer({ bytes, size }: Extract<ToDecoder, { readonly kind: "decode" }>): Promise<FromDecoder> {
  try {
    const facts = await factsOf(bytes);
    const { held, original } = facts;
    if (held > UNASKED) {
      const granted = new Promise<void>((resolve) => {
        go = resolve;
      });
      say({ kind: "asks", bytes: held });
      await granted;
    }
    return { kind: "done", pixels: await decode(bytes, facts, size), original };
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
