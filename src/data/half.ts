// 16-bit numbers: f16 (IEEE 754) and bfloat16. f32 represents each of them exactly.

/** The value of an f16 given by its bits. */
export function f16ToF32(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** f16 numbers, given by their bits, as f32. */
export function f16sToF32(bits: Uint16Array): Float32Array {
  const wide = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) wide[i] = f16ToF32(bits[i] as number);
  return wide;
}

/** bfloat16 numbers, given by their bits, as f32: they are its upper 16 bits. The payload of a NaN is kept. */
export function bfloat16sToF32(bits: Uint16Array): Float32Array {
  const wide = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) wide[i] = (bits[i] as number) << 16;
  return new Float32Array(wide.buffer);
}

const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);

/** The bits of the f16 nearest to a number; ties go to even. */
export function f32ToF16(value: number): number {
  single[0] = value;
  const bits = word[0] as number;
  const sign = (bits >>> 16) & 0x8000;
  const size = Math.abs(single[0]);
  if (Number.isNaN(value)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  // In units of the last bit: 2^-24 for subnormal numbers.
  const exponent = size < 2 ** -14 ? -14 : ((bits >>> 23) & 0xff) - 127;
  const steps = size * 2 ** (10 - exponent);
  const low = Math.floor(steps);
  const rest = steps - low;
  const rounded = rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
  return sign | (size < 2 ** -14 ? rounded : ((exponent + 14) << 10) + rounded);
}
