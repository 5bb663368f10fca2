// Byte pair encoding: characters become ids, of which pairs are merged until no merge is left.
import { byteFallback } from "./byte-tokens.js";
import { booleanOf, fieldsOf, isNothing, type Place, refuse, shown, stringOf } from "./fields.js";
import { mergeAll } from "./merge.js";
import { mergesOf } from "./merges.js";
import type { Model } from "./model.js";
import { untokenizable } from "./text.js";
import { type Vocabulary, vocabularyOf } from "./vocabulary.js";

/** Words are remembered up to this length, and up to so many. */
const REMEMBERED_LENGTH = 64;
const REMEMBERED = 20_000;

export function bpe(place: Place): Model {
  const field = fieldsOf(
    place,
    ...(["dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"] as const),
    ...(["fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges"] as const),
  );
  if (!isNothing(field.dropout) && field.dropout.value !== 0)
    refuse(field.dropout, `of ${shown(field.dropout.value)} draws other ids each time`, "Set it to null.");
  const vocabulary = vocabularyOf(field.vocab);
  const affix = (of: Place): string => (isNothing(of) ? "" : stringOf(of));
  const prefix = affix(field.continuing_subword_prefix);
  const merges = mergesOf(field.merges, vocabulary, prefix);
  const symbolsOf = symbols({
    vocabulary,
    prefix,
    suffix: affix(field.end_of_word_suffix),
    unknown: isNothing(field.unk_token) ? undefined : stringOf(field.unk_token),
    fused: booleanOf(field.fuse_unk, false),
    fallback: booleanOf(field.byte_fallback, false),
  });
  const whole = booleanOf(field.ignore_merges, false);
  const remembered = new Map<string, readonly number[]>();
  const idsOf = (piece: string): readonly number[] => {
    const id = whole ? vocabulary.get(piece) : undefined;
    return id === undefined ? mergeAll(symbolsOf(piece), merges) : [id];
  };
  const tokenize = (piece: string, ids: number[]): void => {
    let found = remembered.get(piece);
    if (found === undefined) {
      found = idsOf(piece);
      if (piece.length <= REMEMBERED_LENGTH) {
        if (remembered.size >= REMEMBERED) remembered.clear();
        remembered.set(piece, found);
      }
    }
    for (const id of found) ids.push(id);
  };
  return { vocabulary, tokenize };
}

interface Symbols {
  readonly vocabulary: Vocabulary;
  readonly prefix: string;
  readonly suffix: string;
  readonly unknown: string | undefined;
  readonly fused: boolean;
  readonly fallback: boolean;
}

/** The ids of a piece's characters. Without an unknown token a character that the vocabulary lacks is dropped. */
function symbols({ vocabulary, prefix, suffix, unknown, fused, fallback }: Symbols): (piece: string) => number[] {
  const bytesOf = fallback ? byteFallback(vocabulary) : () => undefined;
  const unknownId = unknown === undefined ? undefined : vocabulary.get(unknown);
  return (piece) => {
    const ids: number[] = [];
    /** An unknown token waits for a known character; the bytes of a fallback pass it, as in the library. */
    let waiting = false;
    for (let start = 0; start < piece.length; ) {
      const character = String.fromCodePoint(piece.codePointAt(start) as number);
      const end = start + character.length;
      const symbol = (start === 0 ? "" : prefix) + character + (end === piece.length ? suffix : "");
      start = end;
      const id = vocabulary.get(symbol);
      if (id !== undefined) {
        if (waiting) ids.push(unknownId as number);
        waiting = false;
        ids.push(id);
        continue;
      }
      const bytes = bytesOf(symbol);
      if (bytes !== undefined) for (const byte of bytes) ids.push(byte);
      else if (unknownId !== undefined) {
        if (waiting && !fused) ids.push(unknownId);
        waiting = true;
      } else if (unknown !== undefined)
        throw untokenizable(character, `and the vocabulary lacks ${JSON.stringify(unknown)}, the unknown token`);
    }
    if (waiting) ids.push(unknownId as number);
    return ids;
  };
}
