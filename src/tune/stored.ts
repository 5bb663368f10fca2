// Converts numbers to the type in which a device's buffers store them, and back.

import type { HostArray } from "../batch/host-array.js";
import { f16ToF32, f32ToF16 } from "../data/half.js";
import type { Tensor } from "../ir/tensor.js";

/** f16 numbers are padded to pairs, because writes have a multiple of 4 bytes. */
export type Stored = HostArray | Uint16Array<ArrayBuffer>;

let f16Values: Float32Array | undefined;

/** The value of every f16, indexed by its bits. */
const valuesOfF16 = (): Float32Array => {
  f16Values ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => f16ToF32(bits));
  return f16Values;
};

/**
 * @param of the type that the numbers are rounded to
 * @param period the numbers repeat after this many
 */
export function stored(
  of: Tensor["type"],
  numbers: Float32Array<ArrayBuffer> | Float64Array,
  period = numbers.length,
): Stored {
  if (of !== "f16") return numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
  const bits = new Uint16Array(2 * Math.ceil(numbers.length / 2));
  const once = Math.min(period, numbers.length);
  for (let i = 0; i < once; i++) bits[i] = f32ToF16(numbers[i] as number);
  for (let done = once; done < numbers.length; done += once) {
    bits.copyWithin(done, 0, Math.min(once, numbers.length - done));
  }
  return bits;
}

/** The values of f16 bits; other types are returned unchanged. */
export function read(of: Tensor["type"], array: Stored): Exclude<Stored, Uint16Array> {
  if (of !== "f16" || !(array instanceof Uint16Array)) return array as Exclude<Stored, Uint16Array>;
  const values = valuesOfF16();
  const numbers = new Float32Array(array.length);
  for (let i = 0; i < array.length; i++) numbers[i] = values[array[i] as number] as number;
  return numbers;
}
