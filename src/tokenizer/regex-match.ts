// Matches a parsed regular expression as Oniguruma does: the first way that works, branch by branch, greedy before short.
// In memory of the pattern's size, however long the text is: V8's own matcher keeps a stack for each repeated character.
import { rangesTest } from "./classes.js";
import type { Regex } from "./regex.js";

/** The end of a match that begins at a place of a text; −1 where there is none. */
export type Match = (text: string, at: number) => number;

export const compileRegex = (regex: Regex): Match => compiled(regex, (_, at) => at);

/** @param next what follows */
function compiled(regex: Regex, next: Match): Match {
  switch (regex.kind) {
    case "set": {
      const has = rangesTest(regex.ranges);
      return (text, at) => {
        const point = text.codePointAt(at);
        return point !== undefined && has(point) ? next(text, at + (point > 0xffff ? 2 : 1)) : -1;
      };
    }
    case "sequence":
      return regex.items.reduceRight<Match>((behind, item) => compiled(item, behind), next);
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

/** Where the character before a place begins; −1 at the beginning. */
const before = (text: string, at: number): number =>
  at === 0 ? -1 : at - (at > 1 && (text.charCodeAt(at - 1) & 0xfc00) === 0xdc00 ? 2 : 1);

type Repeat = Extract<Regex, { kind: "repeat" }>;

function repeatedSet(has: (point: number) => boolean, { least, most, way }: Repeat, next: Match): Match {
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

/** Written out: src/tokenizer/regex-bounds.ts keeps the counts of groups small. */
function repeatedGroup({ of, least, most, way }: Repeat, next: Match): Match {
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

const firstOf = (end: number, other: () => number): number => (end === -1 ? other() : end);
