// The patterns of Split and Replace.
import { fieldsOf, type Place, refuse, stringOf } from "./fields.js";
import { parseRegex } from "./regex.js";
import { checkBounds } from "./regex-bounds.js";
import { compileRegex } from "./regex-match.js";
import { type Match, type Matcher, matchesOf } from "./split.js";

/** Of `{"String": …}` or `{"Regex": …}`. */
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
    const parts: Match[] = [];
    let done = 0;
    for (let start = text.indexOf(literal); start !== -1; start = text.indexOf(literal, done)) {
      if (done < start) parts.push({ start: done, end: start, matches: false });
      done = start + literal.length;
      parts.push({ start, end: done, matches: true });
    }
    if (done < text.length) parts.push({ start: done, end: text.length, matches: false });
    return parts;
  };

const GPT_2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

let gpt2: Matcher | undefined;

/** The words of GPT-2. */
export function byteLevelWords(): Matcher {
  gpt2 ??= matchesOf(compileRegex(parseRegex(GPT_2, { path: "", value: GPT_2 })));
  return gpt2;
}
