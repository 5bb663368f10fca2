// The models of a tokenizer.json: each turns a piece of text into ids.
import { bpe } from "./bpe.js";
import { byType, fieldsOf, own, type Place, stringOf, typeOf, wholeOf } from "./fields.js";
import type { Model } from "./model.js";
import { untokenizable } from "./text.js";
import { unigram } from "./unigram.js";
import { vocabularyOf } from "./vocabulary.js";

const MODELS: Readonly<Record<string, (place: Place) => Model>> = {
  BPE: bpe,
  WordPiece: wordPiece,
  WordLevel: wordLevel,
  Unigram: unigram,
};

export function modelOf(place: Place): Model {
  if (typeOf(place) !== undefined) return byType(place, MODELS)(place);
  // Files of old versions leave the type out.
  const has = (...keys: string[]): boolean => keys.every((key) => own(place.value as object, key) !== undefined);
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

/** The longest token that begins a word, then the longest that goes on with it, and so on; or the unknown token. */
function wordPiece(place: Place): Model {
  const field = fieldsOf(place, "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab");
  const vocabulary = vocabularyOf(field.vocab);
  const unknownToken = stringOf(field.unk_token);
  const unknown = vocabulary.get(unknownToken);
  const prefix = stringOf(field.continuing_subword_prefix);
  const most = wholeOf(field.max_input_chars_per_word, 0, Number.MAX_SAFE_INTEGER);
  let longest = 0;
  for (const token of vocabulary.keys()) longest = Math.max(longest, token.length);
  const piecesOf = (word: string): number[] | undefined => {
    if (lengthOf(word) > most) return undefined;
    const ids: number[] = [];
    for (let start = 0; start < word.length; ) {
      let id: number | undefined;
      let end = Math.min(word.length, start + longest);
      for (; end > start; end--) {
        const part = word.slice(start, end);
        id = vocabulary.get(start > 0 ? prefix + part : part);
        if (id !== undefined) break;
      }
      if (id === undefined) return undefined;
      ids.push(id);
      start = end;
    }
    return ids;
  };
  const tokenize = (word: string, ids: number[]): void => {
    const found = piecesOf(word);
    if (found !== undefined) for (const id of found) ids.push(id);
    else if (unknown !== undefined) ids.push(unknown);
    else throw untokenizable(word, `and the vocabulary lacks ${JSON.stringify(unknownToken)}, the unknown token`);
  };
  return { vocabulary, tokenize };
}

function wordLevel(place: Place): Model {
  const field = fieldsOf(place, "unk_token", "vocab");
  const vocabulary = vocabularyOf(field.vocab);
  const unknownToken = stringOf(field.unk_token);
  const unknown = vocabulary.get(unknownToken);
  const tokenize = (word: string, ids: number[]): void => {
    const id = vocabulary.get(word) ?? unknown;
    if (id === undefined)
      throw untokenizable(
        word,
        `which the vocabulary lacks, as it lacks ${JSON.stringify(unknownToken)}, the unknown token`,
      );
    ids.push(id);
  };
  return { vocabulary, tokenize };
}
