// The normalizers of a tokenizer.json: each changes a text before pre-tokenization.
import { asByteCharacters } from "./byte-alphabet.js";
import { type ClassName, classTest } from "./classes.js";
import { booleanOf, byType, fieldsOf, isNothing, listOf, type Place, refuse, stringOf } from "./fields.js";
import { patternOf } from "./pattern.js";
import { replacing, runsOf } from "./split.js";
import { untokenizable } from "./text.js";

export type Normalize = (text: string) => string;

/** Levels of nested sequences; no tokenizer in use needs more. */
const MOST_NESTED = 16;

const plain =
  (normalize: Normalize) =>
  (place: Place): Normalize => {
    fieldsOf(place);
    return normalize;
  };

const NORMALIZERS: Readonly<Record<string, (place: Place, depth: number) => Normalize>> = {
  NFC: plain((text) => normalForm(text, "NFC")),
  NFD: plain((text) => normalForm(text, "NFD")),
  NFKC: plain((text) => normalForm(text, "NFKC")),
  NFKD: plain((text) => normalForm(text, "NFKD")),
  Lowercase: plain(lowercase),
  StripAccents: plain((text) => withoutClass(text, "accent")),
  Nmt: plain((text) => spaced(withoutClass(text, "Nmt dropped"), "Nmt space")),
  ByteLevel: plain(asByteCharacters),
  BertNormalizer: bert,
  Strip: (place) => {
    const { strip_left, strip_right } = fieldsOf(place, "strip_left", "strip_right");
    const [left, right] = [booleanOf(strip_left), booleanOf(strip_right)];
    return (text) => stripped(text, left, right);
  },
  Prepend: (place) => {
    const { prepend } = fieldsOf(place, "prepend");
    const before = stringOf(prepend);
    return (text) => (text === "" ? "" : before + text);
  },
  Replace: (place) => {
    const { pattern, content } = fieldsOf(place, "pattern", "content");
    return replacing(patternOf(pattern), stringOf(content));
  },
  Sequence: (place, depth) => {
    const { normalizers } = fieldsOf(place, "normalizers");
    if (depth >= MOST_NESTED) refuse(place, `is nested more than ${MOST_NESTED} levels deep`);
    const all = listOf(normalizers).map((one) => normalizerAt(one, depth + 1));
    return (text) => all.reduce((changed, normalize) => normalize(changed), text);
  },
};

/** Undefined if the tokenizer has no normalizer. */
export const normalizerOf = (place: Place): Normalize | undefined =>
  isNothing(place) ? undefined : normalizerAt(place, 0);

const normalizerAt = (place: Place, depth: number) => byType(place, NORMALIZERS)(place, depth);

/** JavaScript engines sort the combining marks of a character in quadratic time, so their number is limited. */
const MOST_MARKS = 1024;
const BEYOND_ASCII = /[^\0-\x7f]/;

/** Normalizes only characters that the library's Unicode version can change. All other characters separate runs. */
function normalForm(text: string, form: "NFC" | "NFD" | "NFKC" | "NFKD"): string {
  if (!BEYOND_ASCII.test(text)) return text;
  const isMark = classTest("accent");
  for (const { start, end, kind } of runsOf(text, isMark))
    if (kind && end - start > MOST_MARKS)
      throw untokenizable(text.slice(start, end), `a run of more than ${MOST_MARKS} combining marks`);
  let formed = "";
  for (const { start, end, kind: changes } of runsOf(text, classTest("normal form")))
    formed += changes ? text.slice(start, end).normalize(form) : text.slice(start, end);
  return formed;
}

/** Converts each character separately, so that a final sigma has no special form. */
function lowercase(text: string): string {
  if (!BEYOND_ASCII.test(text)) return text.toLowerCase();
  const isCased = classTest("cased");
  let lower = "";
  for (const character of text)
    lower += isCased(character.codePointAt(0) as number) ? character.toLowerCase() : character;
  return lower;
}

function withoutClass(text: string, name: ClassName): string {
  const drops = classTest(name);
  let kept = "";
  for (const character of text) if (!drops(character.codePointAt(0) as number)) kept += character;
  return kept;
}

function spaced(text: string, name: ClassName): string {
  const isSpace = classTest(name);
  let changed = "";
  for (const character of text) changed += isSpace(character.codePointAt(0) as number) ? " " : character;
  return changed;
}

function stripped(text: string, left: boolean, right: boolean): string {
  const isSpace = classTest("space");
  let start = 0;
  let end = text.length;
  while (left && start < end && isSpace(text.charCodeAt(start))) start++;
  while (right && end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function bert(place: Place): Normalize {
  const field = fieldsOf(place, "clean_text", "handle_chinese_chars", "strip_accents", "lowercase");
  const lower = booleanOf(field.lowercase);
  const cleans = booleanOf(field.clean_text);
  const spaces = booleanOf(field.handle_chinese_chars);
  const strips = isNothing(field.strip_accents) ? lower : booleanOf(field.strip_accents);
  return (text) => {
    let changed = text;
    if (cleans) changed = spaced(withoutClass(changed, "control"), "BERT space");
    if (spaces) changed = aroundChinese(changed);
    if (strips) changed = withoutClass(normalForm(changed, "NFD"), "BERT accent");
    return lower ? lowercase(changed) : changed;
  };
}

function aroundChinese(text: string): string {
  const isChinese = classTest("CJK");
  let changed = "";
  for (const character of text) changed += isChinese(character.codePointAt(0) as number) ? ` ${character} ` : character;
  return changed;
}
