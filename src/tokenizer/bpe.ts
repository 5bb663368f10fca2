// Byte pair encoding: characters become ids, and pairs of ids are merged until no merge applies.
import { byteFallback } from "./byte-tokens.js";
import { booleanOf, fieldsOf, isNothing, listOf, type Place, refuse, shown, stringOf } from "./fields.js";
import { untokenizable } from "./text.js";
import { type Model, type Vocabulary, vocabularyOf } from "./vocabulary.js";

/** The cache keeps words of at most this length, and at most this number of them. */
const REMEMBERED_LENGTH = 64;
const REMEMBERED = 20_000;

export function bpe(place: Place): Model {
  const field = fieldsOf(
    place,
    ...(["dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"] as const),
    ...(["fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges"] as const),
  );
  if (!isNothing(field.dropout) && field.dropout.value !== 0)
    refuse(field.dropout, `is ${shown(field.dropout.value)}, which gives different ids each time`, "Set it to null.");
  const vocabulary = vocabularyOf(field.vocab);
  const affix = (of: Place) => (isNothing(of) ? "" : stringOf(of));
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
  const ignoresMerges = booleanOf(field.ignore_merges, false);
  const remembered = new Map<string, readonly number[]>();
  const idsOf = (piece: string) => {
    const id = ignoresMerges ? vocabulary.get(piece) : undefined;
    return id === undefined ? mergeAll(symbolsOf(piece), merges) : [id];
  };
  const tokenize = (piece: string, ids: number[]) => {
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

/** The ids of a piece's characters. Drops characters that are not in the vocabulary if there is no unknown token. */
function symbols({ vocabulary, prefix, suffix, unknown, fused, fallback }: Symbols): (piece: string) => number[] {
  const bytesOf = fallback ? byteFallback(vocabulary) : () => undefined;
  const unknownId = unknown === undefined ? undefined : vocabulary.get(unknown);
  return (piece) => {
    const ids: number[] = [];
    /** Whether an unknown token is pending until the next known character. Fallback bytes come before it, as in the library. */
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
        throw untokenizable(character, `and the unknown token ${JSON.stringify(unknown)} is not in the vocabulary`);
    }
    if (waiting) ids.push(unknownId as number);
    return ids;
  };
}

/** Takes O(n log n): a heap holds the merges that were possible when they were added. */
function mergeAll(symbols: readonly number[], merges: Merges): readonly number[] {
  const count = symbols.length;
  if (count < 2) return symbols;
  const ids = Int32Array.from(symbols);
  const next = Int32Array.from({ length: count }, (_, i) => (i + 1 < count ? i + 1 : -1));
  const before = Int32Array.from({ length: count }, (_, i) => i - 1);
  const heap = mergeHeap();
  const look = (left: number, right: number) => {
    const merge = merges.get(ids[left] as number, ids[right] as number);
    if (merge !== undefined) heap.push(merge.rank, left, merge.id);
  };
  for (let i = 0; i + 1 < count; i++) look(i, i + 1);
  for (let top = heap.pop(); top !== undefined; top = heap.pop()) {
    const { position, id } = top;
    const right = next[position] as number;
    if (ids[position] === GONE || right === -1) continue;
    // A pair may have changed to another pair that makes the same token. The library merges it too.
    if (merges.get(ids[position] as number, ids[right] as number)?.id !== id) continue;
    ids[position] = id;
    ids[right] = GONE;
    const after = next[right] as number;
    next[position] = after;
    if (after !== -1) before[after] = position;
    const left = before[position] as number;
    if (left !== -1) look(left, position);
    if (after !== -1) look(position, after);
  }
  const merged: number[] = [];
  for (let i = 0; i !== -1; i = next[i] as number) merged.push(ids[i] as number);
  return merged;
}

const GONE = -1;

interface Possible {
  readonly rank: number;
  readonly position: number;
  readonly id: number;
}

/** A binary heap, ordered by rank and then by position. */
function mergeHeap() {
  const heap: Possible[] = [];
  const less = (a: Possible, b: Possible) => a.rank < b.rank || (a.rank === b.rank && a.position < b.position);
  const push = (rank: number, position: number, id: number): void => {
    const one = { rank, position, id };
    let at = heap.length;
    heap.push(one);
    for (; at > 0; ) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Possible;
      if (!less(one, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = one;
  };
  const pop = (): Possible | undefined => {
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && less(heap[child + 1] as Possible, heap[child] as Possible)) child++;
      if (!less(heap[child] as Possible, last)) break;
      heap[at] = heap[child] as Possible;
      at = child;
    }
    heap[at] = last;
    return top;
  };
  return { push, pop };
}

interface Merges {
  /** The id that a pair becomes and the rank of the merge; undefined if the pair does not merge. */
  readonly get: (left: number, right: number) => Merge | undefined;
}

interface Merge {
  readonly rank: number;
  readonly id: number;
}

const MERGES = "Correct the merges: each is a pair of tokens in the vocabulary whose concatenation is also a token.";

/** @param prefix marks pieces inside a word; it is removed from the right side of a pair */
function mergesOf(place: Place, vocabulary: Vocabulary, prefix: string): Merges {
  const size = [...vocabulary.values()].reduce((most, id) => Math.max(most, id + 1), 1);
  const merges = new Map<number, Merge>();
  listOf(place).forEach((one, rank) => {
    const [left, right] = pairOf(one);
    if (!right.startsWith(prefix)) refuse(one, `has a right side without the prefix ${shown(prefix)}`, MERGES);
    const idOf = (token: string) =>
      vocabulary.get(token) ?? refuse(one, `needs ${shown(token)}, which is not in the vocabulary`, MERGES);
    const key = idOf(left) * size + idOf(right);
    if (merges.has(key)) refuse(one, "is a duplicate", MERGES);
    merges.set(key, { rank, id: idOf(left + right.slice(prefix.length)) });
  });
  return { get: (left, right) => merges.get(left * size + right) };
}

/** Reads a list of two tokens, or a string with a space between them (older file versions). */
function pairOf(place: Place): readonly [string, string] {
  const { value } = place;
  const pair = typeof value === "string" ? value.split(" ") : listOf(place).map(stringOf);
  const [left, right] = pair;
  if (
    left === undefined ||
    right === undefined ||
    pair.length !== 2 ||
    stringOf({ ...place, value: pair.join("") }) === ""
  )
    return refuse(place, `must be a pair of tokens, not ${shown(value)}`, MERGES);
  if (typeof value === "string" && value.startsWith("#version"))
    refuse(place, "begins with #version, which the library reads as a header", MERGES);
  return [left, right];
}
