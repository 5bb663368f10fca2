// Reads numbers of any width from bytes, the highest bit first.

export interface Bits {
  /** Bytes that were read, the one begun included. */
  readonly position: () => number;
  /** Unsigned, of 0 to 32 bits. */
  readonly read: (width: number) => number;
  /** In two's complement, of 1 to 32 bits. */
  readonly signed: (width: number) => number;
  /** How many 0s stand before the next 1, which is read too. */
  readonly zeros: () => number;
  /** To the next whole byte. */
  readonly align: () => void;
}

/** What is thrown at the end of the bytes; whoever calls knows what it means there. */
export class OutOfBits extends RangeError {}

export function bitsOf(bytes: Uint8Array, from: number): Bits {
  let next = from;
  /** The byte begun, and how many of its low bits are left. */
  let current = 0;
  let left = 0;
  const advance = (): void => {
    if (next >= bytes.length) throw new OutOfBits("the bytes end");
    current = bytes[next++] as number;
    left = 8;
  };
  const read = (width: number): number => {
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
        // The zeros before the highest bit that is set among those left; all of them if none is.
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
