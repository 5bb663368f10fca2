// Decodes FLAC files (RFC 9639) and checks each frame's checksum and the MD5 of all samples.
// No npm package does this correctly: `@wasm-audio-decoders/flac` silently drops a short last frame (and needs an LGPL
// parser), and `libflacjs` guesses at zeros in 16-bit samples.
import { md5 } from "@noble/hashes/legacy.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { InputError } from "../../diagnostics/input-error.js";
import { HIGHEST_RATE, LOWEST_RATE, MOST_CHANNELS, MOST_SAMPLES, type Waveform } from "./waveform.js";

const RECOPY = "Copy or make the file again: it is truncated or damaged.";
const CONVERT = "Convert it, for example: ffmpeg -i IN -ar 16000 -ac 1 -sample_fmt s16 OUT.flac";

export const isFlac = (bytes: Uint8Array): boolean => {
  const begin = afterTags(bytes);
  return String.fromCharCode(...bytes.subarray(begin, begin + 4)) === "fLaC";
};

/**
 * The offset at which the stream begins. Some taggers put ID3v2 tags before it. A tag is "ID3", two version bytes, a flags
 * byte (0x10: a 10-byte footer follows), and its size in four bytes of 7 bits each.
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
 * @throws InputError if the file is truncated, damaged or too large
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
      `${place}: the file has ${length} samples, but its header gives ${header.samples}`,
      RECOPY,
    );
  if (length === 0)
    throw new InputError("bad-recording", `${place}: the file has no samples`, "Remove it from the data.");
  if (header.md5 !== UNKNOWN && header.md5 !== md5Of(blocks, header.bits))
    throw new InputError("bad-recording", `${place}: the MD5 in the header does not match the samples`, RECOPY);
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
  /** Samples of each channel; 0 if the file does not give it. */
  readonly samples: number;
  readonly md5: string;
}

const UNKNOWN = "0".repeat(32);

const tooMany = (samples: number, place: string) =>
  new InputError(
    "bad-recording",
    `${place}: the file has at least ${samples} samples; the limit is ${MOST_SAMPLES}`,
    "Split it into shorter files.",
  );

/** Every file begins with STREAMINFO. From byte 18: rate (20 bits), channels (3), bits (5), samples (36), then the MD5. */
function headerOf(bytes: Uint8Array, place: string): Header {
  if (bytes.length < 42 || ((bytes[4] as number) & 0x7f) !== 0)
    throw new InputError("bad-recording", `${place}: the FLAC stream header is missing`, RECOPY);
  const fields = bitsOf(bytes, 18);
  const rate = fields.read(20);
  const channels = fields.read(3) + 1;
  const bits = fields.read(5) + 1;
  const samples = fields.read(4) * 2 ** 32 + fields.read(32);
  if (rate < LOWEST_RATE || rate > HIGHEST_RATE)
    throw new InputError(
      "bad-recording",
      `${place}: the sample rate is ${rate} Hz, not ${LOWEST_RATE} to ${HIGHEST_RATE}`,
      CONVERT,
    );
  if (bits < 4 || bits > 24)
    throw new InputError("bad-recording", `${place}: the samples have ${bits} bits, not 4 to 24`, CONVERT);
  if (channels > MOST_CHANNELS || samples * channels > MOST_SAMPLES) throw tooMany(samples * channels, place);
  return { rate, channels, bits, samples, md5: bytesToHex(bytes.subarray(26, 42)) };
}

/** The offset of the first frame. A metadata block is a byte (highest bit set in the last), a 24-bit size, and contents. */
function afterMetadata(bytes: Uint8Array, place: string): number {
  for (let at = 4, last = false; ; ) {
    if (last) return at;
    if (at + 4 > bytes.length) throw new InputError("bad-recording", `${place}: the file ends in its metadata`, RECOPY);
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
      throw new InputError("bad-recording", `${place} the file ends within a frame`, RECOPY);
    if (error instanceof BrokenFrame) throw new InputError("bad-recording", `${place} ${error.message}`, RECOPY);
    throw error;
  }
}

/** CRC-16 with polynomial x¹⁶ + x¹⁵ + x² + 1 and initial value 0. */
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

/** The format's MD5: interleaved samples as little-endian integers of whole bytes. */
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

interface StreamInfo {
  readonly rate: number;
  readonly channels: number;
  readonly bits: number;
}

/** Thrown if the bits violate the format. */
class BrokenFrame extends Error {}

/**
 * Reads a frame up to its checksum, which the caller checks.
 * @param bits positioned at the frame's first byte
 * @returns samples of each channel; rate, width and number of channels are those of the stream
 */
function readFrame(bits: Bits, stream: StreamInfo): readonly Float64Array[] {
  if (bits.read(15) !== 0x7ffc) throw new BrokenFrame("a frame's sync code is missing");
  bits.read(1);
  const sizeCode = bits.read(4);
  const rateCode = bits.read(4);
  const layout = bits.read(4);
  const widthCode = bits.read(3);
  if (bits.read(1) !== 0) throw new BrokenFrame("a reserved bit is set");
  skipNumber(bits);
  const size = sizeOf(sizeCode, bits);
  const rate = rateOf(rateCode, bits) ?? stream.rate;
  const width = widthCode === 0 ? stream.bits : WIDTHS[widthCode];
  bits.read(8);
  const channels = layout < 8 ? layout + 1 : 2;
  if (rate !== stream.rate || width !== stream.bits || channels !== stream.channels || layout > MID_SIDE)
    throw new BrokenFrame("a frame's rate, width or number of channels differs from the header's");
  const subframes = Array.from({ length: channels }, (_, channel) => {
    const isSide = layout === SIDE_RIGHT ? channel === 0 : layout >= LEFT_SIDE && channel === 1;
    return readSubframe(bits, size, stream.bits + Number(isSide));
  });
  bits.align();
  const [first, second] = subframes;
  return first && second && layout >= LEFT_SIDE ? decorrelated(first, second, layout) : subframes;
}

const LEFT_SIDE = 8;
const SIDE_RIGHT = 9;
const MID_SIDE = 10;
const WIDTHS: readonly (number | undefined)[] = [undefined, 8, 12, undefined, 16, 20, 24, 32];
const RATES = [88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];

/** Skips the number of the frame or of its first sample: up to 7 bytes, encoded like UTF-8. */
function skipNumber(bits: Bits): void {
  const first = bits.read(8);
  const ones = Math.clz32(~(first << 24));
  if (ones === 1 || ones === 8) throw new BrokenFrame("a frame's number is invalid");
  for (let byte = 1; byte < ones; byte++) bits.read(8);
}

function sizeOf(code: number, bits: Bits): number {
  if (code === 0) throw new BrokenFrame("a frame's size is reserved");
  if (code === 1) return 192;
  if (code <= 5) return 144 * 2 ** code;
  if (code === 6) return bits.read(8) + 1;
  if (code === 7) return bits.read(16) + 1;
  return 2 ** code;
}

function rateOf(code: number, bits: Bits): number | undefined {
  if (code === 0) return undefined;
  if (code <= 11) return RATES[code - 1];
  if (code === 12) return 1000 * bits.read(8);
  if (code === 13) return bits.read(16);
  if (code === 14) return 10 * bits.read(16);
  throw new BrokenFrame("a frame's rate is invalid");
}

function decorrelated(first: Float64Array, second: Float64Array, layout: number): readonly Float64Array[] {
  if (layout === LEFT_SIDE) return [first, first.map((left, index) => left - (second[index] as number))];
  if (layout === SIDE_RIGHT) return [first.map((side, index) => side + (second[index] as number)), second];
  // The middle is the mean rounded down; the lowest bit of the side restores what rounding lost.
  const right = first.map((middle, index) => middle - Math.floor((second[index] as number) / 2));
  return [right.map((value, index) => value + (second[index] as number)), right];
}

function readSubframe(bits: Bits, size: number, fullWidth: number): Float64Array {
  if (bits.read(1) !== 0) throw new BrokenFrame("a subframe's first bit is set");
  const type = bits.read(6);
  const wasted = bits.read(1) === 1 ? bits.zeros() + 1 : 0;
  const width = fullWidth - wasted;
  if (width < 1) throw new BrokenFrame("a subframe has no bits left");
  const samples = new Float64Array(size);
  if (type === 0) samples.fill(bits.signed(width));
  else if (type === 1) for (let index = 0; index < size; index++) samples[index] = bits.signed(width);
  else if (type >= 8 && type <= 12) predicted(bits, samples, width, FIXED[type - 8] as readonly number[], 0);
  else if (type >= 32) {
    const order = type - 31;
    warmUp(bits, samples, width, order);
    const precision = bits.read(4) + 1;
    const shift = bits.signed(5);
    if (precision === 16 || shift < 0) throw new BrokenFrame("a predictor is invalid");
    const weights = Array.from({ length: order }, () => bits.signed(precision));
    residuals(bits, samples, order);
    restore(samples, weights, shift);
  } else throw new BrokenFrame("a subframe's type is reserved");
  return wasted === 0 ? samples : samples.map((sample) => sample * 2 ** wasted);
}

/** Weights of the preceding samples, nearest first. */
const FIXED: readonly (readonly number[])[] = [[], [1], [2, -1], [3, -3, 1], [4, -6, 4, -1]];

function predicted(bits: Bits, samples: Float64Array, width: number, weights: readonly number[], shift: number): void {
  warmUp(bits, samples, width, weights.length);
  residuals(bits, samples, weights.length);
  restore(samples, weights, shift);
}

function warmUp(bits: Bits, samples: Float64Array, width: number, order: number): void {
  if (order > samples.length) throw new BrokenFrame("a predictor is longer than its frame");
  for (let index = 0; index < order; index++) samples[index] = bits.signed(width);
}

/** Rice codes in partitions of equal length. The first partition lacks the predictor's warm-up samples. */
function residuals(bits: Bits, samples: Float64Array, order: number): void {
  const method = bits.read(2);
  if (method > 1) throw new BrokenFrame("the coding of residuals is reserved");
  const partitions = 2 ** bits.read(4);
  const length = samples.length / partitions;
  if (!Number.isInteger(length) || length < order)
    throw new BrokenFrame("the residuals cannot be split into partitions");
  const parameterBits = method === 0 ? 4 : 5;
  const escaped = 2 ** parameterBits - 1;
  for (let partition = 0, index = order; partition < partitions; partition++) {
    const end = (partition + 1) * length;
    const parameter = bits.read(parameterBits);
    const raw = parameter === escaped ? bits.read(5) : 0;
    for (; index < end; index++) {
      if (parameter === escaped) samples[index] = raw === 0 ? 0 : bits.signed(raw);
      else {
        const folded = bits.zeros() * 2 ** parameter + bits.read(parameter);
        samples[index] = folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
      }
    }
  }
}

/** Adds the prediction from the preceding samples to each residual. The sums are exact in float64. */
function restore(samples: Float64Array, weights: readonly number[], shift: number): void {
  const scale = 2 ** shift;
  for (let index = weights.length; index < samples.length; index++) {
    let sum = 0;
    for (let tap = 0; tap < weights.length; tap++)
      sum += (weights[tap] as number) * (samples[index - 1 - tap] as number);
    samples[index] = (samples[index] as number) + Math.floor(sum / scale);
  }
}

interface Bits {
  /** Bytes read, including a partly read one. */
  readonly position: () => number;
  /** An unsigned integer of 0 to 32 bits. */
  readonly read: (width: number) => number;
  /** A two's complement integer of 1 to 32 bits. */
  readonly signed: (width: number) => number;
  /** The number of 0 bits before the next 1, which is read too. */
  readonly zeros: () => number;
  /** Moves to the next byte boundary. */
  readonly align: () => void;
}

/** Thrown at the end of the bytes; the caller turns it into an error about the file. */
class OutOfBits extends RangeError {}

function bitsOf(bytes: Uint8Array, from: number): Bits {
  let next = from;
  /** The current byte, and how many of its low bits are unread. */
  let current = 0;
  let left = 0;
  const advance = () => {
    if (next >= bytes.length) throw new OutOfBits("the bytes end");
    current = bytes[next++] as number;
    left = 8;
  };
  const read = (width: number) => {
    let value = 0;
    for (let missing = width; missing > 0; ) {
      if (left === 0) advance();
      const taken = Math.min(left, missing);
      left -= taken;
      missing -= taken;
      value = value * 2 ** taken + ((current >> left) & ((1 << taken) - 1));
    }
    return value;
  };
  return {
    position: () => next,
    read,
    signed(width) {
      const value = read(width);
      return value >= 2 ** (width - 1) ? value - 2 ** width : value;
    },
    zeros() {
      for (let count = 0; ; ) {
        if (left === 0) advance();
        const rest = current & ((1 << left) - 1);
        // Zeros before the highest set bit among the unread bits; all of them if none is set.
        const found = Math.clz32(rest) - (32 - left);
        count += found;
        left -= found;
        if (rest !== 0) {
          left--;
          return count;
        }
      }
    },
    align() {
      left = 0;
    },
  };
}
