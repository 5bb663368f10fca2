// Refuses regular expressions that could take more than linear time, by their shape: a match that fails late is tried again
// from each place and for each count of its repeats.
import { complement, intersection, type Ranges } from "./classes.js";
import { type Place, refuse } from "./fields.js";
import type { Regex } from "./regex.js";

type Repeat = Extract<Regex, { kind: "repeat" }>;

/** Groups are written out for each repetition. */
const MOST_GROUPS = 8;
/** A repeat of at most so many characters is as good as none. */
const FEW = 64;
const MOST_BRANCHES = 4096;
const SLOW = "could take time that grows with the square of a text's length";

/** One way through a pattern: characters and repeats of them, and lookarounds. */
type Way = readonly Exclude<Regex, { kind: "sequence" } | { kind: "either" }>[];

export function checkBounds(regex: Regex, place: Place): void {
  const ways = waysOf(regex, place);
  for (const way of ways) {
    const loose = way.flatMap((item, index) =>
      isUnbounded(item) && way.slice(index + 1).some(mustMatch) ? [{ repeat: item, index }] : [],
    );
    for (const { repeat, index } of loose) {
      if (nextOverlaps(way, index)) refuse(place, SLOW);
      if (!ways.some((_, j) => swallows(ways, j, setOf(repeat)))) refuse(place, SLOW);
    }
  }
}

/** All ways through a pattern, lookarounds left whole. */
function waysOf(regex: Regex, place: Place): readonly Way[] {
  switch (regex.kind) {
    case "set":
      return [[regex]];
    case "look":
      if (waysOf(regex.of, place).some((way) => way.some(isUnbounded)))
        refuse(place, "has an unbounded repeat within a lookaround, which is not supported");
      return [[regex]];
    case "either":
      return regex.branches.flatMap((branch) => waysOf(branch, place));
    case "sequence":
      return regex.items.reduce<readonly Way[]>((before, item) => joined(before, waysOf(item, place), place), [[]]);
    case "repeat": {
      const { of, least, most } = regex;
      if (of.kind === "set") return [[regex]];
      if (most > MOST_GROUPS) refuse(place, `repeats a group more than ${MOST_GROUPS} times, which is not supported`);
      const inner = waysOf(of, place);
      // Where it is left out the match goes on at once: nothing before it is tried again.
      if (least === 0 && most === 1 && !inner.some((way) => way.some(isUnbounded))) return [[regex]];
      let counted: readonly Way[] = [[]];
      const all: Way[] = least === 0 ? [[]] : [];
      for (let count = 1; count <= most; count++) {
        counted = joined(counted, inner, place);
        if (count >= least) all.push(...counted);
      }
      return all;
    }
  }
}

function joined(before: readonly Way[], behind: readonly Way[], place: Place): readonly Way[] {
  if (before.length * behind.length > MOST_BRANCHES) refuse(place, `has more than ${MOST_BRANCHES} ways to match`);
  return before.flatMap((first) => behind.map((second) => [...first, ...second]));
}

const isUnbounded = (item: Way[number]): item is Repeat => item.kind === "repeat" && item.most > FEW;
const mustMatch = (item: Way[number]): boolean => item.kind !== "repeat" || item.least > 0;
/** Of a group any character may be. */
const setOf = ({ of }: Repeat): Ranges => (of.kind === "set" ? of.ranges : [[0, 0x10ffff]]);
const charactersOf = (item: Way[number]): Ranges =>
  item.kind === "set" ? item.ranges : item.kind === "repeat" ? setOf(item) : [];

const meet = (a: Ranges, b: Ranges): boolean => intersection(a, b).length > 0;
const within = (a: Ranges, b: Ranges): boolean => !meet(a, complement(b));

/** Whether another unbounded repeat can take the characters of this one, and something must match behind it. */
function nextOverlaps(way: Way, index: number): boolean {
  const own = charactersOf(way[index] as Way[number]);
  return way.some(
    (item, i) => i > index && isUnbounded(item) && meet(own, setOf(item)) && way.slice(i + 1).some(mustMatch),
  );
}

/**
 * Whether a way takes a whole run of such characters wherever it begins in it, once the ways before it have not:
 * none of them takes less of it.
 */
function swallows(ways: readonly Way[], index: number, run: Ranges): boolean {
  const takesAll = (way: Way): boolean => way.some((item) => isUnbounded(item) && within(run, setOf(item)));
  const fitsRun = (way: Way): boolean =>
    way.every((item) => item.kind === "look" || !mustMatch(item) || meet(charactersOf(item), run));
  const own = ways[index] as Way;
  const repeat = own.findIndex((item) => isUnbounded(item) && within(run, setOf(item)));
  if (repeat === -1 || own.slice(repeat + 1).some(mustMatch)) return false;
  if (own.slice(0, repeat).some(mustMatch)) return false;
  return ways.slice(0, index).every((way) => takesAll(way) || !fitsRun(way));
}
