// Parses the regular expressions of a tokenizer.json: the subset of Oniguruma's language (Ruby syntax) that tokenizers use.
import { type ClassName, complement, intersection, type Ranges, rangesOf, union } from "./classes.js";
import { type Place, refuse } from "./fields.js";

export type Regex =
  /** One character. */
  | { readonly kind: "set"; readonly ranges: Ranges }
  | { readonly kind: "sequence"; readonly items: readonly Regex[] }
  | { readonly kind: "either"; readonly branches: readonly Regex[] }
  | {
      readonly kind: "repeat";
      readonly of: Regex;
      readonly least: number;
      readonly most: number;
      readonly way: "greedy" | "lazy" | "possessive";
    }
  | { readonly kind: "look"; readonly of: Regex; readonly behind: boolean; readonly negative: boolean };

const PROPERTIES: Readonly<Record<string, ClassName>> = Object.fromEntries(
  "L Lu Ll Lt Lm Lo M Mn N Nd P S Z Han Hiragana Katakana Hangul".split(" ").map((name) => [name, `regex ${name}`]),
) as Record<string, ClassName>;

const CONTROLS: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  f: "\f",
  v: "\v",
  a: "\x07",
  e: "\x1b",
};
const CLASS_ESCAPES: Readonly<Record<string, ClassName>> = { s: "space", d: "regex Nd", w: "regex word" };

/** ² ³ ¹ ¼ ½ ¾ are word characters for \w and \b, but not for \w inside a class. */
const NO_WORDS_IN_CLASSES: Ranges = [
  [0xb2, 0xb3],
  [0xb9, 0xb9],
  [0xbc, 0xbe],
];

const of = (character: string): Ranges => {
  const point = character.codePointAt(0) as number;
  return [[point, point]];
};
const set = (ranges: Ranges): Regex => ({ kind: "set", ranges });
const look = (behind: boolean, negative: boolean, one: Regex): Regex => ({ kind: "look", behind, negative, of: one });
const sequence = (...items: Regex[]): Regex => (items.length === 1 ? (items[0] as Regex) : { kind: "sequence", items });
const either = (...branches: Regex[]): Regex =>
  branches.length === 1 ? (branches[0] as Regex) : { kind: "either", branches };

const ANY: Regex = set([[0, 0x10ffff]]);
const NEWLINE = set(of("\n"));
const word = (behind: boolean, negative: boolean): Regex => look(behind, negative, set(rangesOf("regex word")));

/** A line begins after a newline, except at the end of the text. `$` depends on where the library's search began. */
const ANCHORS: Readonly<Record<string, () => Regex>> = {
  "^": () => either(look(true, true, ANY), sequence(look(true, false, NEWLINE), look(false, false, ANY))),
  "\\b": () => either(sequence(word(true, false), word(false, true)), sequence(word(true, true), word(false, false))),
  "\\B": () => either(sequence(word(true, false), word(false, false)), sequence(word(true, true), word(false, true))),
};

/** Letters that Oniguruma folds to another letter, and pairs of letters that it folds to one. */
const FOLDED: Readonly<Record<string, string>> = { k: "\u212a", s: "\u017f" };
const FOLDED_PAIRS = ["ss", "st", "ff", "fi", "fl"];

/** Levels of nested groups; no tokenizer in use needs more. */
const MOST_NESTED = 16;
const GROUPS = ["(?:", "(?i:", "(?=", "(?!", "(?<=", "(?<!", "("] as const;

/** The state of the parser. */
interface Cursor {
  readonly source: string;
  /** Index of the next character. */
  at: number;
  /** Whether the parser is inside (?i: …). */
  folds: boolean;
  readonly take: (text: string) => boolean;
  /** The next characters, for messages and short lookaheads. */
  readonly rest: () => string;
  readonly nested: <T>(inner: () => T) => T;
  readonly unsupported: (what: string) => never;
}

function cursorOf(source: string, place: Place): Cursor {
  let depth = 0;
  const on: Cursor = {
    source,
    at: 0,
    folds: false,
    take: (text) => {
      if (!source.startsWith(text, on.at)) return false;
      on.at += text.length;
      return true;
    },
    rest: () => source.slice(on.at, on.at + 12),
    nested: (inner) => {
      if (++depth > MOST_NESTED) refuse(place, `is nested more than ${MOST_NESTED} levels deep`);
      const found = inner();
      depth--;
      return found;
    },
    unsupported: (what) => refuse(place, `has ${what} at character ${on.at + 1}, which is not supported`),
  };
  return on;
}

/** @throws InputError if a pattern has unsupported syntax */
export function parseRegex(source: string, place: Place): Regex {
  const on = cursorOf(source, place);
  const parsed = alternatives(on);
  if (on.at < source.length) on.unsupported(`an unescaped ${source[on.at]}`);
  return parsed;
}

const alternatives = (on: Cursor): Regex =>
  on.nested(() => {
    const branches = [items(on)];
    while (on.take("|")) branches.push(items(on));
    return either(...branches);
  });

function items(on: Cursor): Regex {
  const { source, at: from } = on;
  const found: Regex[] = [];
  while (on.at < source.length && source[on.at] !== "|" && source[on.at] !== ")") found.push(repeated(on, atom(on)));
  const letters = source.slice(from, on.at).toLowerCase();
  const pair = on.folds ? FOLDED_PAIRS.find((one) => letters.includes(one)) : undefined;
  if (pair !== undefined) on.unsupported(`a case-insensitive "${pair}"`);
  return sequence(...found);
}

function atom(on: Cursor): Regex {
  const inner = group(on);
  if (inner !== undefined) return inner;
  const anchor = Object.keys(ANCHORS).find((one) => on.take(one));
  if (anchor !== undefined) return (ANCHORS[anchor] as () => Regex)();
  if (on.take(".")) return set(complement(of("\n")));
  if (on.take("[")) return set(members(on));
  const next = on.source[on.at] as string;
  if ("$*+?{}])".includes(next)) on.unsupported(`an unescaped ${next}`);
  return set(folded(on, character(on)));
}

function group(on: Cursor): Regex | undefined {
  const begin = GROUPS.find((one) => on.take(one));
  if (begin === undefined) return undefined;
  if (begin === "(" && on.source[on.at] === "?") on.unsupported(`the group (${on.rest()}`);
  const outer = on.folds;
  on.folds ||= begin === "(?i:";
  const inner = alternatives(on);
  on.folds = outer;
  if (!on.take(")")) on.unsupported("an unclosed group");
  if (begin === "(?=" || begin === "(?!") return look(false, begin === "(?!", inner);
  if (begin !== "(?<=" && begin !== "(?<!") return inner;
  if (inner.kind !== "set") on.unsupported("a lookbehind of more than one character");
  return look(true, begin === "(?<!", inner);
}

function repeated(on: Cursor, one: Regex): Regex {
  const counts = /^\{(\d{0,5})(,?)(\d{0,5})\}/.exec(on.rest().padEnd(12));
  const following = () => on.source[on.at] ?? "";
  let [least, most] = [1, 1];
  if (on.take("*")) [least, most] = [0, Number.POSITIVE_INFINITY];
  else if (on.take("+")) [least, most] = [1, Number.POSITIVE_INFINITY];
  else if (on.take("?")) [least, most] = [0, 1];
  else if (counts !== null && on.take(counts[0])) {
    const [, low = "", comma = "", high = ""] = counts;
    if (low === "" && high === "") on.unsupported(counts[0]);
    least = Number(low);
    most = comma === "" ? least : high === "" ? Number.POSITIVE_INFINITY : Number(high);
    if (most < least || /[?+*]/.test(following())) on.unsupported(`${counts[0]}${following()}`);
    if (one.kind === "look") on.unsupported("a repeated lookaround");
    return { kind: "repeat", of: one, least, most, way: "greedy" };
  } else return one;
  if (one.kind === "look") on.unsupported("a repeated lookaround");
  const way = on.take("?") ? "lazy" : on.take("+") ? "possessive" : "greedy";
  if (/[*+?{]/.test(following())) on.unsupported("a repeat of a repeat");
  return { kind: "repeat", of: one, least, most, way };
}

/** Adds the other case of each letter inside (?i: …). */
function folded(on: Cursor, ranges: Ranges): Ranges {
  if (!on.folds) return ranges;
  if (ranges.some(([, last]) => last > 0x7f)) on.unsupported("case-insensitive characters beyond ASCII");
  const letters = ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
  return union(
    ...letters.map((point) => {
      const [lower, upper] = [String.fromCharCode(point).toLowerCase(), String.fromCharCode(point).toUpperCase()];
      return union(of(lower), of(upper), ...(Object.hasOwn(FOLDED, lower) ? [of(FOLDED[lower] as string)] : []));
    }),
  );
}

/** A literal character or an escape. */
function character(on: Cursor): Ranges {
  if (on.at >= on.source.length) on.unsupported("an unexpected end");
  const point = String.fromCodePoint(on.source.codePointAt(on.at) as number);
  on.at += point.length;
  return point === "\\" ? escaped(on) : of(point);
}

function escaped(on: Cursor): Ranges {
  const { source, unsupported } = on;
  const property = /^([pP])\{(\^?)(\w+)\}/.exec(source.slice(on.at, on.at + 40));
  if (property !== null) {
    const [all, letter, not, name = ""] = property;
    if (!Object.hasOwn(PROPERTIES, name)) unsupported(`\\${all}`);
    on.at += all.length;
    const ranges = rangesOf(PROPERTIES[name] as ClassName);
    return (letter === "P") !== (not === "^") ? complement(ranges) : ranges;
  }
  const hex = /^(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|x\{([0-9A-Fa-f]{1,6})\})/.exec(on.rest());
  if (hex !== null) {
    const point = Number.parseInt(hex[1] ?? hex[2] ?? hex[3] ?? "", 16);
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff) || (hex[1] !== undefined && point > 0x7f))
      unsupported(`\\${hex[0]}`);
    on.at += hex[0].length;
    return [[point, point]];
  }
  const letter = source[on.at] ?? "";
  const name = CLASS_ESCAPES[letter.toLowerCase()];
  if (!/^[\x21-\x7e]$/.test(letter) && letter !== " ") unsupported(`\\${on.rest()}`);
  else if (/[a-z0-9]/i.test(letter) && name === undefined && !Object.hasOwn(CONTROLS, letter))
    unsupported(`\\${letter}`);
  on.at++;
  if (name !== undefined) return /[A-Z]/.test(letter) ? complement(rangesOf(name)) : rangesOf(name);
  return of(CONTROLS[letter] ?? letter);
}

/** Parses a class after its `[`: a union of members. `&&` intersects the unions on both sides. */
const members = (on: Cursor): Ranges =>
  on.nested(() => {
    const { unsupported } = on;
    const negative = on.take("^");
    if (negative && on.folds) unsupported("a case-insensitive negated class");
    let whole: Ranges | undefined;
    let own: Ranges[] = [];
    const close = () => {
      if (own.length === 0) unsupported("an empty class");
      whole = whole === undefined ? union(...own) : intersection(whole, union(...own));
      own = [];
      return whole;
    };
    while (!on.take("]")) {
      if (on.at >= on.source.length) unsupported("an unclosed class");
      if (on.source.startsWith("[:", on.at)) unsupported("a POSIX class");
      if (on.take("&&")) close();
      else if (on.take("[")) own.push(members(on));
      else own.push(member(on, own.length === 0));
    }
    const found = close();
    return negative ? complement(found) : folded(on, found);
  });

function member(on: Cursor, isFirst: boolean): Ranges {
  const { source, unsupported } = on;
  if (source[on.at] === "-" && !isFirst && source[on.at + 1] !== "]") unsupported("an unescaped - inside a class");
  const [[first, last] = [0, 0], ...more] = inClass(on);
  if (source[on.at] !== "-" || source[on.at + 1] === "]") return [[first, last], ...more];
  on.at++;
  if (source[on.at] === "[" || source.startsWith("&&", on.at)) unsupported("an incomplete range");
  const [[end, lastEnd] = [0, 0], ...others] = inClass(on);
  if (first !== last || end !== lastEnd || more.length > 0 || others.length > 0 || end < first)
    unsupported("a range of classes");
  return [[first, end]];
}

function inClass(on: Cursor): Ranges {
  const isWord = /^\\w/i.exec(on.rest())?.[0];
  if (isWord === undefined) return character(on);
  on.at += isWord.length;
  const words = intersection(rangesOf("regex word"), complement(NO_WORDS_IN_CLASSES));
  return isWord === "\\w" ? words : complement(words);
}
