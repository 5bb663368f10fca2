// src/data/pictures/decoder.ts
import sharp2 from "sharp";

// src/data/pictures/decode.ts
import sharp from "sharp";

// src/data/pictures/messages.ts
var MOST_HELD = 2 ** 30;

// src/data/crc32.ts
var TABLES = tables();
function tables() {
  const first = Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? remainder >>> 1 ^ 3988292384 : remainder >>> 1;
    return remainder;
  });
  const all = [first];
  for (let k = 1; k < 8; k++)
    all.push(all[k - 1].map((before) => before >>> 8 ^ first[before & 255]));
  return all.reverse();
}
function crc32(bytes, before = 0) {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES;
  const byte = (i2) => bytes[i2];
  const left = (table, index) => table[index & 255];
  let crc = ~before;
  let i = 0;
  for (; i + 8 <= bytes.length; i += 8)
    crc = left(t0, crc ^ byte(i)) ^ left(t1, crc >>> 8 ^ byte(i + 1)) ^ left(t2, crc >>> 16 ^ byte(i + 2)) ^ left(t3, crc >>> 24 ^ byte(i + 3)) ^ left(t4, byte(i + 4)) ^ left(t5, byte(i + 5)) ^ left(t6, byte(i + 6)) ^ left(t7, byte(i + 7));
  for (; i < bytes.length; i++) crc = left(t7, crc ^ byte(i)) ^ crc >>> 8;
  return ~crc >>> 0;
}

// src/data/pictures/png.ts
var SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
var [LENGTH, TYPE, CHECKSUM] = [4, 4, 4];
var isPng = (bytes) => SIGNATURE.every((byte, i) => bytes[i] === byte);
function pngFault(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = SIGNATURE.length; ; ) {
    if (at + LENGTH + TYPE + CHECKSUM > bytes.length) return "the file is cut off: its last chunk is missing";
    const begin = at + LENGTH;
    const end = begin + TYPE + view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(begin, begin + TYPE));
    if (!/^[A-Za-z]{4}$/.test(type)) return `there is no chunk at byte ${at}`;
    if (end + CHECKSUM > bytes.length) return `the file is cut off in its chunk ${type} at byte ${at}`;
    if (crc32(bytes.subarray(begin, end)) !== view.getUint32(end))
      return `the checksum of its chunk ${type} at byte ${at} is wrong`;
    if (type === "IEND") return void 0;
    at = end + CHECKSUM;
  }
}

// src/data/pictures/decode.ts
var WHITE = { r: 255, g: 255, b: 255, alpha: 1 };
var CLEAR = { ...WHITE, alpha: 0 };
var MOST_PIXELS = 16383 ** 2;
var TooLarge = class extends Error {
  remedy = "Save it with fewer pixels: pictures are resized to the modality's size anyway.";
};
async function heldBy(bytes) {
  const fault = isPng(bytes) ? pngFault(bytes) : void 0;
  if (fault !== void 0) throw new Error(fault);
  const { width, height, channels, depth } = await sharp(bytes, { limitInputPixels: false }).metadata();
  checkDepth(depth);
  const held = width * height * channels * (depth === "ushort" ? 2 : 1);
  if (width * height > MOST_PIXELS || held > MOST_HELD)
    throw new TooLarge(
      `it has ${width} \xD7 ${height} pixels of ${channels} \xD7 ${depth === "ushort" ? 16 : 8} bits, and the limits are ${MOST_PIXELS} pixels and ${MOST_HELD / 2 ** 20} MiB`
    );
  return held;
}
async function decode(bytes, size) {
  const { depth } = await sharp(bytes).metadata();
  if (depth === "ushort" && size.channels !== 4) return onWhite(await pixelsOf(bytes, { ...size, channels: 4 }), size);
  return pixelsOf(bytes, size);
}
function checkDepth(depth) {
  if (depth !== "uchar" && depth !== "ushort")
    throw new Error(`its pixels are numbers of type ${depth}; save it with 8 or 16 bits without a sign`);
}
async function pixelsOf(bytes, { height, width, channels }) {
  const background = channels === 4 ? CLEAR : WHITE;
  const oriented = sharp(bytes).autoOrient();
  const opaque = channels === 4 ? oriented.ensureAlpha() : oriented.flatten({ background });
  const fitted = opaque.resize({ width, height, fit: "contain", kernel: "lanczos3", background });
  return rawOf(channels === 1 ? fitted.toColourspace("b-w") : fitted.toColourspace("srgb"), channels);
}
async function rawOf(image, channels) {
  const { data, info } = await image.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  if (info.channels !== channels) throw new Error(`it decodes to ${info.channels} channels`);
  return new Uint8Array(data);
}
async function onWhite(rgba, { height, width, channels }) {
  const rgb = new Uint8Array(height * width * 3);
  for (let pixel = 0; pixel < height * width; pixel++) {
    const alpha = rgba[4 * pixel + 3] / 255;
    for (let c = 0; c < 3; c++) rgb[3 * pixel + c] = Math.round(255 - (255 - rgba[4 * pixel + c]) * alpha);
  }
  return channels === 3 ? rgb : rawOf(sharp(rgb, { raw: { width, height, channels: 3 } }).toColourspace("b-w"), 1);
}

// src/data/pictures/decoder.ts
var UNASKED = 16 * 2 ** 20;
sharp2.cache(false);
process.on("SIGINT", () => {
});
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
var say = (message) => void process.send?.(message);
var go = () => {
};
async function answer({ bytes, size }) {
  try {
    const held = await heldBy(bytes);
    if (held > UNASKED) {
      const granted = new Promise((resolve) => {
        go = resolve;
      });
      say({ kind: "asks", bytes: held });
      await granted;
    }
    return { kind: "done", pixels: await decode(bytes, size) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: "failed", reason, remedy: error instanceof TooLarge ? error.remedy : void 0 };
  }
}
process.on("message", (message) => {
  if (message.kind === "go") go();
  else void answer(message).then(say);
});
say({ kind: "ready" });
