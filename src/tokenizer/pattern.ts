// The patterns of Split and Replace as regular expressions of JavaScript that match what the library's match.
import { complement, rangesOf, regexClass, union } from "./classes.js";
import { fieldsOf, type Place, refuse, stringOf } from "./fields.js";

/** Of `{"String": …}` or `{"Regex": …}`; with the flags g and u. */
export function patternOf(place: Place): RegExp {
  const { String: text, Regex: source } = fieldsOf(place, "String", "Regex");
  if (text.value !== undefined && source.value === undefined) return new RegExp(escaped(stringOf(text)), "gu");
  if (source.value === undefined || text.value !== undefined) return refuse(place, "must have either String or Regex");
  return refuse(source, "is not supported");
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

let byteLevel: RegExp | undefined;

/** The words of GPT-2. */
export function byteLevelPattern(): RegExp {
  const [space, letter, number] = [rangesOf("space"), rangesOf("regex L"), rangesOf("regex N")];
  const other = complement(union(space, letter, number));
  const [s, l, n, o] = [space, letter, number, other].map(regexClass);
  const notSpace = regexClass(complement(space));
  byteLevel ??= new RegExp(`'(?:s|t|re|ve|m|ll|d)| ?${l}+| ?${n}+| ?${o}+|${s}+(?!${notSpace})|${s}+`, "gu");
  return byteLevel;
}
