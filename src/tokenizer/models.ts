// The models of a tokenizer.json: each turns a piece of text into ids.
import { bpe } from "./bpe.js";
import { byteFallback } from "./byte-tokens.js";
import {
  booleanOf,
  byType,
  fieldsOf,
  isNothing,
  listOf,
  own,
  type Place,
  refuse,
  shown,
  stringOf,
  typeOf,
  wholeOf,
} from "./fields.js";
import { asRead } from "./numbers.js";
import { untokenizable } from "./text.js";
import type { Model } from "./vocabulary.js";
import { MOST_IDS, type Vocabulary, vocabularyOf } from "./vocabulary.js";

const MODELS: Readonly<Record<string, (place: Place) => Model>> = {
  BPE: bpe,
  WordPiece: wordPiece,
  WordLevel: wordLevel,
  Unigram: unigram,
};

export function modelOf(place: Place): Model {
  if (typeOf(place) !== undefined) return byType(place, MODELS)(place);
  // Older file versions leave out the type.
  const has = (...keys: string[]) => keys.every((key) => own(place.value as object, key) !== undefined);
  if (has("merges")) return bpe(place);
  if (has("max_input_chars_per_word")) return wordPiece(place);
  if (has("unk_id")) return unigram(place);
  return byType(place, MODELS)(place);
}

const lengthOf = (text: string): number => {
  let length = 0;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) !== 0xdc00) length++;
  return length;
};

/** Splits a word greedily into the longest matching tokens from left to right. A word that does not match is unknown. */
function wordPiece(place: Place): Model {
  const field = fieldsOf(place, "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab");
  const vocabulary = vocabularyOf(field.vocab);
  const unknownToken = stringOf(field.unk_token);
  const unknown = vocabulary.get(unknownToken);
  const prefix = stringOf(field.continuing_subword_prefix);
  const most = wholeOf(field.max_input_chars_per_word, 0, Number.MAX_SAFE_INTEGER);
  let longest = 0;
  for (const token of vocabulary.keys()) longest = Math.max(longest, token.length);
  const piecesOf = (word: string) => {
    if (lengthOf(word) > most) return undefined;
    const ids: number[] = [];
    for (let start = 0; start < word.length; ) {
      let id: number | undefined;
      let end = Math.min(word.length, start + longest);
      for (; end > start; end--) {
        const token = word.slice(start, end);
        id = vocabulary.get(start > 0 ? prefix + token : token);
        if (id !== undefined) break;
      }
      if (id === undefined) return undefined;
      ids.push(id);
      start = end;
    }
    return ids;
  };
  const tokenize = (word: string, ids: number[]) => {
    const found = piecesOf(word);
    if (found !== undefined) for (const id of found) ids.push(id);
    else if (unknown !== undefined) ids.push(unknown);
    else throw untokenizable(word, `and the unknown token ${JSON.stringify(unknownToken)} is not in the vocabulary`);
  };
  return { vocabulary, tokenize };
}

function wordLevel(place: Place): Model {
  const field = fieldsOf(place, "unk_token", "vocab");
  const vocabulary = vocabularyOf(field.vocab);
  const unknownToken = stringOf(field.unk_token);
  const unknown = vocabulary.get(unknownToken);
  const tokenize = (word: string, ids: number[]) => {
    const id = vocabulary.get(word) ?? unknown;
    if (id === undefined)
      throw untokenizable(
        word,
        `which is not in the vocabulary, nor is the unknown token ${JSON.stringify(unknownToken)}`,
      );
    ids.push(id);
  };
  return { vocabulary, tokenize };
}

/** The score of an unknown character is this much below the lowest score of a token. */
const UNKNOWN_PENALTY = 10;
const UNKNOWN = -1;
const NO_UNKNOWN = "which is not in the vocabulary, and the tokenizer has no unknown token (unk_id)";

function unigram(place: Place): Model {
  const field = fieldsOf(place, "unk_id", "byte_fallback", "vocab");
  const { vocabulary, scores } = scoredVocabulary(field.vocab);
  const unknown = isNothing(field.unk_id) ? undefined : wholeOf(field.unk_id, 0, scores.length - 1);
  const bytesOf = booleanOf(field.byte_fallback, false) ? byteFallback(vocabulary) : () => undefined;
  const cut = bestCut(vocabulary, scores, unknown);
  const tokenize = (piece: string, ids: number[]) => {
    for (const token of cut(piece)) {
      const id = vocabulary.get(token);
      const bytes = id === undefined ? bytesOf(token) : undefined;
      if (id !== undefined) ids.push(id);
      else if (bytes !== undefined) for (const byte of bytes) ids.push(byte);
      else if (unknown !== undefined) ids.push(unknown);
      else throw untokenizable(token, NO_UNKNOWN);
    }
  };
  return { vocabulary, tokenize };
}

/** Reads pairs of a token and its score. The index of a pair is the id. */
function scoredVocabulary(place: Place): { readonly vocabulary: Vocabulary; readonly scores: readonly number[] } {
  const pairs = listOf(place);
  if (pairs.length === 0 || pairs.length > MOST_IDS) refuse(place, `must have 1 to ${MOST_IDS} tokens`);
  const vocabulary = new Map<string, number>();
  const scores = pairs.map((pair, id) => {
    const [token, score, ...more] = listOf(pair);
    if (token === undefined || score === undefined || more.length > 0)
      return refuse(pair, "must be a token and its score");
    const text = stringOf(token);
    if (vocabulary.has(text)) refuse(token, `${shown(text)} is a duplicate`, "Remove one of the two.");
    vocabulary.set(text, id);
    const { value } = score;
    if (typeof value !== "number" || !Number.isFinite(value))
      return refuse(score, `must be a number, not ${shown(value)}`);
    return asRead(value);
  });
  return { vocabulary, scores };
}

/** Splits a piece into the tokens with the highest total score (Viterbi). Adjacent unknown characters form one token. */
function bestCut(vocabulary: Vocabulary, scores: readonly number[], unknown: number | undefined) {
  const unknownScore =
    scores.reduce((least, score) => Math.min(least, score), Number.POSITIVE_INFINITY) - UNKNOWN_PENALTY;
  const { step, tokenAt } = prefixTree(vocabulary);
  return (piece: string): readonly string[] => {
    const size = piece.length;
    // For each end: the best total score, the begin of the last token, and its id.
    const best = new Float64Array(size + 1);
    const begins = new Int32Array(size + 1).fill(-1);
    const lasts = new Int32Array(size + 1);
    const reach = (from: number, to: number, score: number, id: number) => {
      const sum = score + (best[from] as number);
      if (begins[to] !== -1 && !(sum > (best[to] as number))) return false;
      best[to] = sum;
      begins[to] = from;
      lasts[to] = id;
      return true;
    };
    for (let start = 0; start < size; ) {
      const length = (piece.codePointAt(start) as number) > 0xffff ? 2 : 1;
      let single = false;
      let node = step(0, piece.charCodeAt(start));
      for (let end = start + 1; node !== 0; end++) {
        const id = tokenAt(node);
        if (id !== -1) {
          reach(start, end, scores[id] as number, id);
          single ||= end - start === length;
        }
        node = end < size ? step(node, piece.charCodeAt(end)) : 0;
      }
      if (!single) {
        const isReached = reach(start, start + length, unknownScore, unknown ?? UNKNOWN);
        if (isReached && unknown === undefined) throw untokenizable(piece.slice(start, start + length), NO_UNKNOWN);
      }
      start += length;
    }
    return tokensOf(piece, begins, lasts, unknown ?? UNKNOWN);
  };
}

function tokensOf(piece: string, begins: Int32Array, lasts: Int32Array, unknown: number): readonly string[] {
  const tokens: string[] = [];
  let unknownEnd = -1;
  for (let end = piece.length; end > 0; ) {
    const start = begins[end] as number;
    if (lasts[end] === unknown) {
      if (unknownEnd === -1) unknownEnd = end;
    } else {
      if (unknownEnd !== -1) tokens.push(piece.slice(end, unknownEnd));
      unknownEnd = -1;
      tokens.push(piece.slice(start, end));
    }
    end = start;
  }
  if (unknownEnd !== -1) tokens.push(piece.slice(0, unknownEnd));
  return tokens.reverse();
}

/** Nodes are numbers. 0 is the root, and also the result of `step` if there is no child. `tokenAt` is −1 if no token ends at a node. */
function prefixTree(vocabulary: Vocabulary) {
  const edges = new Map<number, number>();
  const tokens: number[] = [-1];
  for (const [token, id] of vocabulary) {
    let node = 0;
    for (let i = 0; i < token.length; i++) {
      const edge = node * 0x10000 + token.charCodeAt(i);
      let below = edges.get(edge);
      if (below === undefined) {
        below = tokens.length;
        tokens.push(-1);
        edges.set(edge, below);
      }
      node = below;
    }
    if (token !== "") tokens[node] = id;
  }
  return {
    step: (node: number, unit: number): number => edges.get(node * 0x10000 + unit) ?? 0,
    tokenAt: (node: number): number => tokens[node] as number,
  };
}
