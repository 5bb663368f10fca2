// The patterns of Split and Replace. Refuses a pattern that could be slow.

import { complement, intersection, type Ranges, rangesTest } from "./classes.js";
import { fieldsOf, type Place, refuse, stringOf } from "./fields.js";
import { parseRegex, type Regex } from "./regex.js";
import { type Match, type Matcher, matchesOf } from "./split.js";

/** Reads `{"String": …}` or `{"Regex": …}`. */
export function patternOf(place: Place): Matcher {
  const { String: text, Regex: source } = fieldsOf(place, "String", "Regex");
  if ((text.value === undefined) === (source.value === undefined))
    return refuse(place, "must have either String or Regex");
  if (text.value !== undefined) {
    const literal = stringOf(text);
    return literal === "" ? refuse(text, "must not be empty") : literalMatches(literal);
  }
  const regex = parseRegex(stringOf(source), source);
  checkBounds(regex, source);
  return matchesOf(compileRegex(regex));
}

const literalMatches =
  (literal: string): Matcher =>
  (text) => {
    const pieces: Match[] = [];
    let done = 0;
    for (let start = text.indexOf(literal); start !== -1; start = text.indexOf(literal, done)) {
      if (done < start) pieces.push({ start: done, end: start, matches: false });
      done = start + literal.length;
      pieces.push({ start, end: done, matches: true });
    }
    if (done < text.length) pieces.push({ start: done, end: text.length, matches: false });
    return pieces;
  };

const GPT_2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

let gpt2: Matcher | undefined;

/** Matches the words of GPT-2. */
export function byteLevelWords(): Matcher {
  gpt2 ??= matchesOf(compileRegex(parseRegex(GPT_2, { path: "", value: GPT_2 })));
  return gpt2;
}

/** The end of a match that begins at an index of a text; −1 if there is no match. */
type MatchEnd = (text: string, at: number) => number;

type Repeat = Extract<Regex, { kind: "repeat" }>;

/**
 * Matches as Oniguruma does: takes the first alternative that matches, and a greedy repeat tries the longest first. Its
 * memory depends on the pattern only, not on the text. V8's own matcher uses stack for each repeated character.
 */
const compileRegex = (regex: Regex) => compiled(regex, (_, at) => at);

/** @param next matches the rest of the pattern */
function compiled(regex: Regex, next: MatchEnd): MatchEnd {
  switch (regex.kind) {
    case "set": {
      const has = rangesTest(regex.ranges);
      return (text, at) => {
        const point = text.codePointAt(at);
        return point !== undefined && has(point) ? next(text, at + (point > 0xffff ? 2 : 1)) : -1;
      };
    }
    case "sequence":
      return regex.items.reduceRight<MatchEnd>((behind, item) => compiled(item, behind), next);
    case "either": {
      const branches = regex.branches.map((branch) => compiled(branch, next));
      return (text, at) => {
        for (const branch of branches) {
          const end = branch(text, at);
          if (end !== -1) return end;
        }
        return -1;
      };
    }
    case "look": {
      const inner = compiled(regex.of, (_, at) => at);
      const { behind, negative } = regex;
      return (text, at) => {
        const from = behind ? before(text, at) : at;
        return (from !== -1 && inner(text, from) !== -1) === negative ? -1 : next(text, at);
      };
    }
    case "repeat":
      return regex.of.kind === "set"
        ? repeatedSet(rangesTest(regex.of.ranges), regex, next)
        : repeatedGroup(regex, next);
  }
}

/** The index of the character before an index; −1 at the beginning. */
const before = (text: string, at: number) =>
  at === 0 ? -1 : at - (at > 1 && (text.charCodeAt(at - 1) & 0xfc00) === 0xdc00 ? 2 : 1);

function repeatedSet(has: (point: number) => boolean, { least, most, way }: Repeat, next: MatchEnd): MatchEnd {
  return (text, at) => {
    let end = at;
    let count = 0;
    for (; count < (way === "lazy" ? least : most); count++) {
      const point = text.codePointAt(end);
      if (point === undefined || !has(point)) break;
      end += point > 0xffff ? 2 : 1;
    }
    if (count < least) return -1;
    if (way === "possessive") return next(text, end);
    for (;;) {
      const found = next(text, end);
      if (found !== -1) return found;
      if (way === "greedy") {
        if (count-- === least) return -1;
        end = before(text, end);
      } else {
        const point = text.codePointAt(end);
        if (count++ === most || point === undefined || !has(point)) return -1;
        end += point > 0xffff ? 2 : 1;
      }
    }
  };
}

/** Unrolls the repeat; `checkBounds` keeps the counts of groups small. */
function repeatedGroup({ of, least, most, way }: Repeat, next: MatchEnd): MatchEnd {
  let match = next;
  for (let i = most; i > 0; i--) {
    const behind = match;
    const one = compiled(of, behind);
    if (i <= least) match = one;
    else if (way === "lazy") match = (text, at) => firstOf(next(text, at), () => one(text, at));
    else match = (text, at) => firstOf(one(text, at), () => next(text, at));
  }
  return match;
}

const firstOf = (end: number, other: () => number) => (end === -1 ? other() : end);

/** Limits how often a group is repeated, because the repeat is unrolled. */
const MOST_GROUPS = 8;
/** A repeat of at most this many characters takes constant time. */
const FEW = 64;
const MOST_BRANCHES = 4096;
const SLOW = "could take time quadratic in the length of a text";

/** One path through a pattern: characters, repeated characters and lookarounds. */
type Way = readonly Exclude<Regex, { kind: "sequence" } | { kind: "either" }>[];

/**
 * Refuses a pattern whose structure allows more than linear time: if a match fails late, the matcher tries again from each
 * index and with each count of the repeats.
 */
function checkBounds(regex: Regex, place: Place): void {
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

/** All paths through a pattern. A lookaround stays one item. */
function waysOf(regex: Regex, place: Place): readonly Way[] {
  switch (regex.kind) {
    case "set":
      return [[regex]];
    case "look":
      if (waysOf(regex.of, place).some((way) => way.some(isUnbounded)))
        refuse(place, "has an unbounded repeat inside a lookaround, which is not supported");
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
      // If the optional group is skipped, the match continues at once, and nothing before it is tried again.
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
const mustMatch = (item: Way[number]) => item.kind !== "repeat" || item.least > 0;
/** A repeated group may match any character. */
const setOf = ({ of }: Repeat): Ranges => (of.kind === "set" ? of.ranges : [[0, 0x10ffff]]);
const charactersOf = (item: Way[number]): Ranges =>
  item.kind === "set" ? item.ranges : item.kind === "repeat" ? setOf(item) : [];

const meet = (a: Ranges, b: Ranges) => intersection(a, b).length > 0;
const within = (a: Ranges, b: Ranges) => !meet(a, complement(b));

/** Whether a later unbounded repeat can match the same characters and something must match after it. */
function nextOverlaps(way: Way, index: number): boolean {
  const own = charactersOf(way[index] as Way[number]);
  return way.some(
    (item, i) => i > index && isUnbounded(item) && meet(own, setOf(item)) && way.slice(i + 1).some(mustMatch),
  );
}

/**
 * Whether a path matches the rest of a run of these characters from any index in it, and no earlier path matches only a
 * section of the rest.
 */
function swallows(ways: readonly Way[], index: number, run: Ranges): boolean {
  const takesAll = (way: Way) => way.some((item) => isUnbounded(item) && within(run, setOf(item)));
  const fitsRun = (way: Way) =>
    way.every((item) => item.kind === "look" || !mustMatch(item) || meet(charactersOf(item), run));
  const own = ways[index] as Way;
  const repeat = own.findIndex((item) => isUnbounded(item) && within(run, setOf(item)));
  if (repeat === -1 || own.slice(repeat + 1).some(mustMatch)) return false;
  if (own.slice(0, repeat).some(mustMatch)) return false;
  return ways.slice(0, index).every((way) => takesAll(way) || !fitsRun(way));
}
