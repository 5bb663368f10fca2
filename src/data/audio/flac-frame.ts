// One frame of a FLAC stream: bits → whole numbers, as RFC 9639, section 9, has it.
import type { Bits } from "./bits.js";

export interface StreamInfo {
  readonly rate: number;
  readonly channels: number;
  readonly bits: number;
}

/** What is thrown where bits break the format. */
export class BrokenFrame extends Error {}

/**
 * Reads a frame up to its checksum, which is left to the caller.
 * @param bits at the frame's first byte
 * @returns samples of each channel; all differ from the stream's header in nothing but their number
 */
export function readFrame(bits: Bits, stream: StreamInfo): readonly Float64Array[] {
  if (bits.read(15) !== 0x7ffc) throw new BrokenFrame("no frame begins where one should");
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
    throw new BrokenFrame("a frame has another rate, width or number of channels than the header says");
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

/** The frame's or its first sample's number, coded as UTF-8 is, in up to 7 bytes. */
function skipNumber(bits: Bits): void {
  const first = bits.read(8);
  const ones = Math.clz32(~(first << 24));
  if (ones === 1 || ones === 8) throw new BrokenFrame("a frame's number is broken");
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
  throw new BrokenFrame("a frame's rate is forbidden");
}

function decorrelated(first: Float64Array, second: Float64Array, layout: number): readonly Float64Array[] {
  if (layout === LEFT_SIDE) return [first, first.map((left, index) => left - (second[index] as number))];
  if (layout === SIDE_RIGHT) return [first.map((side, index) => side + (second[index] as number)), second];
  // The middle is the mean rounded down; the side says which way.
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
    if (precision === 16 || shift < 0) throw new BrokenFrame("a predictor is forbidden");
    const weights = Array.from({ length: order }, () => bits.signed(precision));
    residuals(bits, samples, order);
    restore(samples, weights, shift);
  } else throw new BrokenFrame("a subframe's type is reserved");
  return wasted === 0 ? samples : samples.map((sample) => sample * 2 ** wasted);
}

/** Weights of the samples before, the nearest first. */
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

/** Rice codes in partitions of one length, the first of which lacks the predictor's samples. */
function residuals(bits: Bits, samples: Float64Array, order: number): void {
  const method = bits.read(2);
  if (method > 1) throw new BrokenFrame("a coding of residuals is reserved");
  const partitions = 2 ** bits.read(4);
  const length = samples.length / partitions;
  if (!Number.isInteger(length) || length < order) throw new BrokenFrame("residuals do not divide into partitions");
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

/** Adds to each residual what the samples before it predict. In float64, where every such sum is exact. */
function restore(samples: Float64Array, weights: readonly number[], shift: number): void {
  const scale = 2 ** shift;
  for (let index = weights.length; index < samples.length; index++) {
    let sum = 0;
    for (let tap = 0; tap < weights.length; tap++)
      sum += (weights[tap] as number) * (samples[index - 1 - tap] as number);
    samples[index] = (samples[index] as number) + Math.floor(sum / scale);
  }
}
