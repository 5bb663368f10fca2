// FLAC files (RFC 9639): bytes → samples, every frame's checksum and the MD5 of all samples compared.
// Decoded here because no package from npm does it right: `@wasm-audio-decoders/flac` drops a short last frame without
// a word (and needs an LGPL parser), `libflacjs` guesses at zeros in samples of 16 bits.
import { md5 } from "@noble/hashes/legacy.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { InputError } from "../../diagnostics/input-error.js";
import { bitsOf, OutOfBits } from "./bits.js";
import { BrokenFrame, readFrame, type StreamInfo } from "./flac-frame.js";
import { HIGHEST_RATE, LOWEST_RATE, MOST_CHANNELS, MOST_SAMPLES, type Waveform } from "./waveform.js";

const ANEW = "Copy or make the file anew: it is cut off or damaged.";
const CONVERT = "Convert it, as with: ffmpeg -i IN -ar 16000 -ac 1 -sample_fmt s16 OUT.flac";

export const isFlac = (bytes: Uint8Array): boolean => {
  const begin = afterTags(bytes);
  return String.fromCharCode(...bytes.subarray(begin, begin + 4)) === "fLaC";
};

/**
 * Where the stream begins: some taggers put ID3v2 tags before it. A tag is "ID3", two bytes of version, one of flags
 * (0x10: a footer of 10 bytes follows), and its size in four bytes of 7 bits.
 */
function afterTags(bytes: Uint8Array): number {
  for (let at = 0; ; ) {
    const tag = bytes.subarray(at, at + 10);
    if (tag.length < 10 || String.fromCharCode(...tag.subarray(0, 3)) !== "ID3") return at;
    const size = tag.subarray(6).reduce((sum, byte) => sum * 128 + (byte & 0x7f), 0);
    at += 10 + size + ((tag[5] as number) & 0x10 ? 10 : 0);
  }
}

/**
 * @param place names the file in errors
 * @throws InputError where the file is cut off or damaged, or is too large
 */
export function readFlac(file: Uint8Array, place: string): Waveform {
  const bytes = file.subarray(afterTags(file));
  const header = headerOf(bytes, place);
  const blocks: (readonly Float64Array[])[] = [];
  let length = 0;
  for (let at = afterMetadata(bytes, place); header.samples === 0 ? at < bytes.length : length < header.samples; ) {
    const { samples, end } = frameAt(bytes, at, header, `${place}: after ${length} samples`);
    blocks.push(samples);
    length += samples[0]?.length ?? 0;
    at = end;
    if (length * header.channels > MOST_SAMPLES) throw tooMany(length * header.channels, place);
  }
  if (header.samples > 0 && length > header.samples)
    throw new InputError(
      "bad-recording",
      `${place}: ${length} samples, and the header tells of ${header.samples}`,
      ANEW,
    );
  if (length === 0) throw new InputError("bad-recording", `${place}: the file holds no samples`, "Leave it out.");
  if (header.md5 !== UNKNOWN && header.md5 !== md5Of(blocks, header.bits))
    throw new InputError("bad-recording", `${place}: the samples are not those that the header has the MD5 of`, ANEW);
  const channels = Array.from({ length: header.channels }, (_, channel) => {
    const samples = new Float32Array(length);
    let offset = 0;
    for (const block of blocks)
      for (const sample of block[channel] as Float64Array) samples[offset++] = sample / 2 ** (header.bits - 1);
    return samples;
  });
  return { rate: header.rate, channels };
}

interface Header extends StreamInfo {
  /** Of each channel; 0 where the file does not say. */
  readonly samples: number;
  readonly md5: string;
}

const UNKNOWN = "0".repeat(32);

const tooMany = (samples: number, place: string): InputError =>
  new InputError(
    "bad-recording",
    `${place}: ${samples} samples or more, and the limit is ${MOST_SAMPLES}`,
    "Cut it up.",
  );

/** STREAMINFO, which every file begins with: from byte 18, 20 bits rate, 3 channels, 5 bits, 36 samples; then the MD5. */
function headerOf(bytes: Uint8Array, place: string): Header {
  if (bytes.length < 42 || ((bytes[4] as number) & 0x7f) !== 0)
    throw new InputError("bad-recording", `${place}: the file has no header of a FLAC stream`, ANEW);
  const fields = bitsOf(bytes, 18);
  const rate = fields.read(20);
  const channels = fields.read(3) + 1;
  const bits = fields.read(5) + 1;
  const samples = fields.read(4) * 2 ** 32 + fields.read(32);
  if (rate < LOWEST_RATE || rate > HIGHEST_RATE)
    throw new InputError(
      "bad-recording",
      `${place}: ${rate} samples a second, not ${LOWEST_RATE} to ${HIGHEST_RATE}`,
      CONVERT,
    );
  if (bits < 4 || bits > 24)
    throw new InputError("bad-recording", `${place}: samples have ${bits} bits, not 4 to 24`, CONVERT);
  if (channels > MOST_CHANNELS || samples * channels > MOST_SAMPLES) throw tooMany(samples * channels, place);
  return { rate, channels, bits, samples, md5: bytesToHex(bytes.subarray(26, 42)) };
}

/** Where the frames begin: blocks of metadata have a byte (the highest bit at the last), 24 bits of size, and contents. */
function afterMetadata(bytes: Uint8Array, place: string): number {
  for (let at = 4, last = false; ; ) {
    if (last) return at;
    if (at + 4 > bytes.length) throw new InputError("bad-recording", `${place}: the file ends in its metadata`, ANEW);
    const block = bitsOf(bytes, at);
    last = block.read(1) === 1;
    block.read(7);
    at += 4 + block.read(24);
  }
}

function frameAt(bytes: Uint8Array, at: number, stream: StreamInfo, place: string) {
  try {
    const bits = bitsOf(bytes, at);
    const samples = readFrame(bits, stream);
    const checksum = crc16(bytes.subarray(at, bits.position()));
    if (bits.read(16) !== checksum) throw new BrokenFrame("a frame's checksum does not match its contents");
    return { samples, end: bits.position() };
  } catch (error) {
    if (error instanceof OutOfBits)
      throw new InputError("bad-recording", `${place} the file ends within a frame`, ANEW);
    if (error instanceof BrokenFrame) throw new InputError("bad-recording", `${place} ${error.message}`, ANEW);
    throw error;
  }
}

/** x¹⁶ + x¹⁵ + x² + 1, from 0. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) crc = ((crc << 8) ^ (CRC16[(crc >> 8) ^ byte] as number)) & 0xffff;
  return crc;
}

const CRC16 = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? 0x8005 : 0);
  return crc;
});

/** As the format has it: of the samples as little-endian whole bytes, channel by channel within each. */
function md5Of(blocks: readonly (readonly Float64Array[])[], bits: number): string {
  const width = Math.ceil(bits / 8);
  const hash = md5.create();
  for (const channels of blocks) {
    const length = channels[0]?.length ?? 0;
    const bytes = new Uint8Array(length * channels.length * width);
    let at = 0;
    for (let index = 0; index < length; index++)
      for (const channel of channels) {
        const sample = channel[index] as number;
        for (let byte = 0; byte < width; byte++) bytes[at++] = sample >> (8 * byte);
      }
    hash.update(bytes);
  }
  return bytesToHex(hash.digest());
}
