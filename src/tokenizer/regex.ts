// The regular expressions of a tokenizer.json, parsed: the part of Oniguruma's language (Ruby's syntax) that tokenizers use.
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

/** ² ³ ¹ ¼ ½ ¾, which are word characters for \w and \b, and none for a class with \w. */
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

/** A line begins behind a newline, but at the end of the text. `$` depends on where the library's search began. */
const ANCHORS: Readonly<Record<string, () => Regex>> = {
  "^": () => either(look(true, true, ANY), sequence(look(true, false, NEWLINE), look(false, false, ANY))),
  "\\b": () => either(sequence(word(true, false), word(false, true)), sequence(word(true, true), word(false, false))),
  "\\B": () => either(sequence(word(true, false), word(false, false)), sequence(word(true, true), word(false, true))),
};

/** Letters that Oniguruma folds together with another, or with two letters side by side. */
const FOLDED: Readonly<Record<string, string>> = { k: "\u212a", s: "\u017f" };
const FOLDED_PAIRS = ["ss", "st", "ff", "fi", "fl"];

/** @throws InputError where a pattern has what is not supported */
export function parseRegex(source: string, place: Place): Regex {
  let at = 0;
  let depth = 0;
  let folds = false;
  const unsupported = (what: string): never =>
    refuse(place, `has ${what} at character ${at + 1}, which is not supported`);
  const rest = (): string => source.slice(at, at + 12);
  const take = (text: string): boolean => {
    if (!source.startsWith(text, at)) return false;
    at += text.length;
    return true;
  };

  const alternatives = (): Regex => {
    if (++depth > MOST_NESTED) refuse(place, `is nested more than ${MOST_NESTED} deep`);
    const branches = [items()];
    while (take("|")) branches.push(items());
    depth--;
    return either(...branches);
  };
  const items = (): Regex => {
    const found: Regex[] = [];
    const from = at;
    while (at < source.length && source[at] !== "|" && source[at] !== ")") found.push(repeated(atom()));
    if (folds) checkPairs(source.slice(from, at));
    return sequence(...found);
  };
  const checkPairs = (letters: string): void => {
    const pair = FOLDED_PAIRS.find((one) => letters.toLowerCase().includes(one));
    if (pair !== undefined) unsupported(`"${pair}" without regard to case`);
  };
  const group = (): Regex | undefined => {
    const begin = GROUPS.find((one) => take(one));
    if (begin === undefined) return undefined;
    if (begin === "(" && source[at] === "?") unsupported(`the group (${rest()}`);
    const outer = folds;
    folds ||= begin === "(?i:";
    const inner = alternatives();
    folds = outer;
    if (!take(")")) unsupported("a group without an end");
    if (begin === "(?=" || begin === "(?!") return look(false, begin === "(?!", inner);
    if (begin !== "(?<=" && begin !== "(?<!") return inner;
    if (inner.kind !== "set") unsupported("a lookbehind of more than one character");
    return look(true, begin === "(?<!", inner);
  };
  const atom = (): Regex => {
    const inner = group();
    if (inner !== undefined) return inner;
    const anchor = Object.keys(ANCHORS).find((one) => take(one));
    if (anchor !== undefined) return (ANCHORS[anchor] as () => Regex)();
    if (take(".")) return set(complement(of("\n")));
    if (take("[")) return set(members());
    if ("$*+?{}])".includes(source[at] as string)) unsupported(`an unescaped ${source[at]}`);
    return set(folded(character()));
  };
  const folded = (ranges: Ranges): Ranges => {
    if (!folds) return ranges;
    if (ranges.some(([, last]) => last > 0x7f)) unsupported("characters beyond ASCII without regard to case");
    const letters = ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
    return union(
      ...letters.map((point) => {
        const [lower, upper] = [String.fromCharCode(point).toLowerCase(), String.fromCharCode(point).toUpperCase()];
        return union(of(lower), of(upper), ...(Object.hasOwn(FOLDED, lower) ? [of(FOLDED[lower] as string)] : []));
      }),
    );
  };
  /** A literal character or an escape. */
  const character = (): Ranges => {
    if (at >= source.length) unsupported("an end too early");
    const point = String.fromCodePoint(source.codePointAt(at) as number);
    at += point.length;
    return point === "\\" ? escaped() : of(point);
  };
  const inClass = (): Ranges => {
    const isWord = /^\\w/i.exec(rest())?.[0];
    if (isWord === undefined) return character();
    at += isWord.length;
    const words = intersection(rangesOf("regex word"), complement(NO_WORDS_IN_CLASSES));
    return isWord === "\\w" ? words : complement(words);
  };
  const escaped = (): Ranges => {
    const property = /^([pP])\{(\^?)(\w+)\}/.exec(source.slice(at, at + 40));
    if (property !== null) {
      const [all, letter, not, name = ""] = property;
      if (!Object.hasOwn(PROPERTIES, name)) unsupported(`\\${all}`);
      at += all.length;
      const ranges = rangesOf(PROPERTIES[name] as ClassName);
      return (letter === "P") !== (not === "^") ? complement(ranges) : ranges;
    }
    const hex = /^(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|x\{([0-9A-Fa-f]{1,6})\})/.exec(source.slice(at, at + 12));
    if (hex !== null) {
      const point = Number.parseInt(hex[1] ?? hex[2] ?? hex[3] ?? "", 16);
      if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff) || (hex[1] !== undefined && point > 0x7f))
        unsupported(`\\${hex[0]}`);
      at += hex[0].length;
      return [[point, point]];
    }
    const letter = source[at] ?? "";
    const name = CLASS_ESCAPES[letter.toLowerCase()];
    if (!/^[\x21-\x7e]$/.test(letter) && letter !== " ") unsupported(`\\${rest()}`);
    else if (/[a-z0-9]/i.test(letter) && name === undefined && !Object.hasOwn(CONTROLS, letter))
      unsupported(`\\${letter}`);
    at++;
    if (name !== undefined) return /[A-Z]/.test(letter) ? complement(rangesOf(name)) : rangesOf(name);
    return of(CONTROLS[letter] ?? letter);
  };
  /** Of a class, behind its `[`: unions, of which `&&` intersects those before and behind it. */
  const members = (): Ranges => {
    if (++depth > MOST_NESTED) refuse(place, `is nested more than ${MOST_NESTED} deep`);
    const negative = take("^");
    if (negative && folds) unsupported("a negative class without regard to case");
    let whole: Ranges | undefined;
    let own: Ranges[] = [];
    const close = (): void => {
      if (own.length === 0) unsupported("an empty class");
      whole = whole === undefined ? union(...own) : intersection(whole, union(...own));
      own = [];
    };
    while (!take("]")) {
      if (at >= source.length) unsupported("a class without an end");
      if (source.startsWith("[:", at)) unsupported("a POSIX class");
      if (take("&&")) close();
      else if (take("[")) own.push(members());
      else own.push(member(own.length === 0));
    }
    close();
    depth--;
    const found = whole as Ranges;
    return negative ? complement(found) : folded(found);
  };
  const member = (isFirst: boolean): Ranges => {
    if (source[at] === "-" && !isFirst && source[at + 1] !== "]") unsupported("an unescaped - within a class");
    const [[first, last] = [0, 0], ...more] = inClass();
    if (source[at] !== "-" || source[at + 1] === "]") return [[first, last], ...more];
    at++;
    if (source[at] === "[" || source.startsWith("&&", at)) unsupported("a range without an end");
    const [[end, lastEnd] = [0, 0], ...others] = inClass();
    if (first !== last || end !== lastEnd || more.length > 0 || others.length > 0 || end < first)
      unsupported("a range of classes");
    return [[first, end]];
  };
  const repeated = (one: Regex): Regex => {
    const counts = /^\{(\d{0,5})(,?)(\d{0,5})\}/.exec(rest().padEnd(12));
    let [least, most] = [1, 1];
    if (take("*")) [least, most] = [0, Number.POSITIVE_INFINITY];
    else if (take("+")) [least, most] = [1, Number.POSITIVE_INFINITY];
    else if (take("?")) [least, most] = [0, 1];
    else if (counts !== null && take(counts[0])) {
      const [, low = "", comma = "", high = ""] = counts;
      if (low === "" && high === "") unsupported(counts[0]);
      least = Number(low);
      most = comma === "" ? least : high === "" ? Number.POSITIVE_INFINITY : Number(high);
      if (most < least || "?+*".includes(source[at] ?? "-")) unsupported(`${counts[0]}${source[at] ?? ""}`);
      if (one.kind === "look") unsupported("a repeated lookaround");
      return { kind: "repeat", of: one, least, most, way: "greedy" };
    } else return one;
    if (one.kind === "look") unsupported("a repeated lookaround");
    const way = take("?") ? "lazy" : take("+") ? "possessive" : "greedy";
    if (/[*+?{]/.test(source[at] ?? "")) unsupported("a repeat of a repeat");
    return { kind: "repeat", of: one, least, most, way };
  };

  const parsed = alternatives();
  if (at < source.length) unsupported(`an unescaped ${source[at]}`);
  return parsed;
}

/** More would be nesting for its own sake. */
const MOST_NESTED = 16;
const GROUPS = ["(?:", "(?i:", "(?=", "(?!", "(?<=", "(?<!", "("] as const;
