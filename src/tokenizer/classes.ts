// Classes of characters as the Python library has them: of fixed versions of Unicode, whatever JavaScript's engine knows.
import { CLASSES } from "./unicode.gen.js";

export type ClassName = keyof typeof CLASSES;
/** First and last code points, ascending, with gaps between. */
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

const code = (point: number): string => `\\u{${point.toString(16)}}`;

/** A class of a regular expression with the flag u. */
export const regexClass = (ranges: Ranges): string =>
  `[${ranges.map(([first, last]) => (first === last ? code(first) : `${code(first)}-${code(last)}`)).join("")}]`;

const bits = new Map<ClassName, Uint8Array>();

/** Whether a class has a code point. */
export function classTest(name: ClassName): (point: number) => boolean {
  let set = bits.get(name);
  if (set === undefined) {
    set = new Uint8Array((LAST + 1) / 8);
    for (const [first, last] of rangesOf(name))
      for (let point = first; point <= last; point++)
        set[point >> 3] = (set[point >> 3] as number) | (1 << (point & 7));
    bits.set(name, set);
  }
  const known = set;
  return (point) => ((known[point >> 3] as number) & (1 << (point & 7))) !== 0;
}
