// The character classes of the Python library. Their Unicode versions are fixed and do not depend on the JavaScript engine.
import { CLASSES } from "./unicode.gen.js";

export type ClassName = keyof typeof CLASSES;
/** First and last code points, in ascending order, with gaps between the ranges. */
export type Ranges = readonly (readonly [number, number])[];

const LAST = 0x10ffff;

export function rangesOf(name: ClassName): Ranges {
  const ranges: [number, number][] = [];
  let end = -1;
  const numbers = CLASSES[name].split(" ").map((digits) => Number.parseInt(digits, 36));
  for (let i = 0; i + 1 < numbers.length; i += 2) {
    const first = end + 1 + (numbers[i] as number);
    end = first + (numbers[i + 1] as number);
    ranges.push([first, end]);
  }
  return ranges;
}

export function union(...all: readonly Ranges[]): Ranges {
  const merged: [number, number][] = [];
  for (const [first, last] of all.flat().sort(([a], [b]) => a - b)) {
    const before = merged.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

export function complement(ranges: Ranges): Ranges {
  const gaps: [number, number][] = [];
  let next = 0;
  for (const [first, last] of ranges) {
    if (first > next) gaps.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= LAST) gaps.push([next, LAST]);
  return gaps;
}

export const intersection = (a: Ranges, b: Ranges): Ranges => complement(union(complement(a), complement(b)));

const tests = new Map<ClassName, (point: number) => boolean>();

/** Tests whether a class contains a code point. */
export function classTest(name: ClassName): (point: number) => boolean {
  // Built at the first call, because most specs have no tokenizer.
  let test = tests.get(name);
  return (point) => {
    test ??= tests.get(name) ?? rangesTest(rangesOf(name));
    tests.set(name, test);
    return test(point);
  };
}

/** Uses a bit for each code point of the first plane, and a binary search beyond it. */
export function rangesTest(ranges: Ranges): (point: number) => boolean {
  const bits = new Uint8Array(0x10000 / 8);
  for (const [first, last] of ranges)
    for (let point = first; point <= Math.min(last, 0xffff); point++)
      bits[point >> 3] = (bits[point >> 3] as number) | (1 << (point & 7));
  const beyond = ranges.filter(([, last]) => last > 0xffff);
  return (point) => {
    if (point <= 0xffff) return ((bits[point >> 3] as number) & (1 << (point & 7))) !== 0;
    let [low, high] = [0, beyond.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((beyond[middle] as readonly [number, number])[1] < point) low = middle + 1;
      else high = middle;
    }
    const found = beyond[low];
    return found !== undefined && found[0] <= point;
  };
}
