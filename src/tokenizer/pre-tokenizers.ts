// The pre-tokenizers of a tokenizer.json: each splits pieces into the words that the model receives.
import { asByteCharacters } from "./byte-alphabet.js";
import { classTest } from "./classes.js";
import {
  booleanOf,
  byType,
  characterOf,
  fieldsOf,
  isNothing,
  listOf,
  type Place,
  refuse,
  shown,
  wholeOf,
} from "./fields.js";
import { byteLevelWords, patternOf } from "./pattern.js";
import { type Behaviour, behaviourOf, charactersThat, inverted, type Matcher, runsOf, splitPieces } from "./split.js";
import type { Piece } from "./text.js";

interface PreTokenizer {
  readonly cut: (piece: Piece) => readonly Piece[];
  /** Whether its pieces have the original text, so that a piece's `first` is valid. */
  readonly keepsText: boolean;
  /** Whether its result depends on whether a piece begins the original text. */
  readonly asksFirst: boolean;
}

/** Levels of nested sequences; no tokenizer in use needs more. */
const MOST_NESTED = 16;

const PRE_TOKENIZERS: Readonly<Record<string, (place: Place, depth: number) => PreTokenizer>> = {
  ByteLevel: byteLevel,
  Whitespace: (place) => {
    fieldsOf(place);
    return splitter(whitespace, "Removed");
  },
  WhitespaceSplit: (place) => {
    fieldsOf(place);
    return splitter(charactersThat(classTest("space")), "Removed");
  },
  BertPreTokenizer: (place) => {
    fieldsOf(place);
    const words = splitter(charactersThat(classTest("space")), "Removed");
    return inTurn([words, splitter(charactersThat(classTest("punctuation")), "Isolated")]);
  },
  Punctuation: (place) => {
    const { behavior } = fieldsOf(place, "behavior");
    return splitter(
      charactersThat(classTest("punctuation")),
      behavior.value === undefined ? "Isolated" : behaviourOf(behavior),
    );
  },
  Digits: (place) => {
    const { individual_digits } = fieldsOf(place, "individual_digits");
    return splitter(charactersThat(classTest("number")), booleanOf(individual_digits) ? "Isolated" : "Contiguous");
  },
  CharDelimiterSplit: (place) => {
    const { delimiter } = fieldsOf(place, "delimiter");
    const point = characterOf(delimiter).codePointAt(0);
    return splitter(
      charactersThat((one) => one === point),
      "Removed",
    );
  },
  Split: (place) => {
    const { pattern, behavior, invert } = fieldsOf(place, "pattern", "behavior", "invert");
    const matcher = patternOf(pattern);
    return splitter(booleanOf(invert) ? inverted(matcher) : matcher, behaviourOf(behavior));
  },
  FixedLength: (place) => {
    const { length } = fieldsOf(place, "length");
    return splitter(fixedLength(wholeOf(length, 1, 2 ** 32 - 1)), "Isolated");
  },
  Metaspace: metaspace,
  Sequence: (place, depth) => {
    const { pretokenizers } = fieldsOf(place, "pretokenizers");
    if (depth >= MOST_NESTED) refuse(place, `is nested more than ${MOST_NESTED} levels deep`);
    const pieces = listOf(pretokenizers);
    const all = pieces.map((piece) => preTokenizerAt(piece, depth + 1));
    all.forEach(({ asksFirst }, index) => {
      if (asksFirst && all.slice(0, index).some(({ keepsText }) => !keepsText))
        refuse(
          pieces[index] as Place,
          "depends on the beginning of the text, after a pre-tokenizer that changes the text",
        );
    });
    return inTurn(all);
  },
};

export function preTokenizerOf(place: Place): PreTokenizer {
  return isNothing(place) ? inTurn([]) : preTokenizerAt(place, 0);
}

const preTokenizerAt = (place: Place, depth: number) => byType(place, PRE_TOKENIZERS)(place, depth);

function inTurn(all: readonly PreTokenizer[]): PreTokenizer {
  return {
    cut: (piece) => all.reduce<readonly Piece[]>((pieces, { cut }) => pieces.flatMap(cut), [piece]),
    keepsText: all.every(({ keepsText }) => keepsText),
    asksFirst: all.some(({ asksFirst }) => asksFirst),
  };
}

const splitter = (matcher: Matcher, behaviour: Behaviour): PreTokenizer => ({
  cut: (piece) => splitPiece(piece, matcher, behaviour),
  keepsText: true,
  asksFirst: false,
});

const splitPiece = ({ text, first }: Piece, matcher: Matcher, behaviour: Behaviour): Piece[] =>
  splitPieces(matcher(text), behaviour).map(({ start, end }) => ({
    text: text.slice(start, end),
    first: first && start === 0,
  }));

/** Separates runs of word characters and runs of other characters. The spaces between them are the matches. */
const whitespace: Matcher = (text) => {
  const isWord = classTest("word");
  const isSpace = classTest("space");
  const kindOf = (point: number) => (isWord(point) ? "word" : isSpace(point) ? "space" : "other");
  return runsOf(text, kindOf).map(({ start, end, kind }) => ({ start, end, matches: kind === "space" }));
};

/** Splits into pieces of `length` characters. */
const fixedLength =
  (length: number): Matcher =>
  (text) => {
    const pieces: { start: number; end: number; matches: boolean }[] = [];
    let characters = 0;
    let start = 0;
    for (let at = 0; at < text.length; ) {
      at += (text.codePointAt(at) as number) > 0xffff ? 2 : 1;
      characters++;
      if (characters % length !== 0 && at < text.length) continue;
      pieces.push({ start, end: at, matches: true });
      start = at;
    }
    return pieces;
  };

function byteLevel(place: Place): PreTokenizer {
  const field = fieldsOf(place, "add_prefix_space", "trim_offsets", "use_regex");
  const addsSpace = booleanOf(field.add_prefix_space);
  booleanOf(field.trim_offsets, true);
  const matcher = booleanOf(field.use_regex, true) ? byteLevelWords() : undefined;
  return {
    cut: ({ text, first }) => {
      const whole = { text: addsSpace && !text.startsWith(" ") ? ` ${text}` : text, first };
      const pieces = matcher === undefined ? [whole] : splitPiece(whole, matcher, "Isolated");
      return pieces.map((piece) => ({ ...piece, text: asByteCharacters(piece.text) }));
    },
    keepsText: false,
    asksFirst: false,
  };
}

const SCHEMES = ["always", "first", "never"] as const;

/** The pre-tokenizer and the decoder have the same options. */
export function metaspaceOf(place: Place) {
  const field = fieldsOf(place, "replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep");
  const replacement = characterOf(field.replacement);
  if (field.str_rep.value !== undefined && field.str_rep.value !== replacement)
    refuse(field.str_rep, `must be the replacement ${shown(replacement)}`);
  const scheme = schemeOf(field.prepend_scheme, field.add_prefix_space);
  return { replacement, scheme, splits: booleanOf(field.split, true) };
}

function metaspace(place: Place): PreTokenizer {
  const { replacement, scheme, splits } = metaspaceOf(place);
  const point = replacement.codePointAt(0);
  const matcher = charactersThat((one) => one === point);
  return {
    cut: ({ text, first }) => {
      const replaced = text.replaceAll(" ", replacement);
      const prepends = scheme === "always" || (scheme === "first" && first);
      const whole = prepends && !replaced.startsWith(replacement) ? replacement + replaced : replaced;
      return splits ? splitPiece({ text: whole, first }, matcher, "MergedWithNext") : [{ text: whole, first }];
    },
    keepsText: false,
    asksFirst: scheme === "first",
  };
}

/** Older file versions have `add_prefix_space` instead of a scheme. */
function schemeOf(scheme: Place, addsSpace: Place): (typeof SCHEMES)[number] {
  if (scheme.value === undefined) return booleanOf(addsSpace, true) ? "always" : "never";
  const found = SCHEMES.find((one) => one === scheme.value);
  if (found === undefined) return refuse(scheme, `must be one of ${SCHEMES.join(", ")}, not ${shown(scheme.value)}`);
  if (addsSpace.value !== undefined && booleanOf(addsSpace) !== (found !== "never"))
    refuse(addsSpace, `contradicts prepend_scheme ${found}`);
  return found;
}
