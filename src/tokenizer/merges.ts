// The merges of a BPE model: which pairs of ids become which id, and which pair goes first.
import { listOf, type Place, refuse, shown, stringOf } from "./fields.js";
import type { Vocabulary } from "./vocabulary.js";

export interface Merges {
  /** What a pair becomes, and its place in the list; undefined where nothing. */
  readonly get: (left: number, right: number) => Merge | undefined;
}

export interface Merge {
  readonly rank: number;
  readonly id: number;
}

const MERGES = "Correct the merges: each is a pair of tokens of the vocabulary whose concatenation is a token, too.";

/** @param prefix of pieces within a word, which the right side of a pair loses */
export function mergesOf(place: Place, vocabulary: Vocabulary, prefix: string): Merges {
  const size = [...vocabulary.values()].reduce((most, id) => Math.max(most, id + 1), 1);
  const merges = new Map<number, Merge>();
  listOf(place).forEach((one, rank) => {
    const [left, right] = pairOf(one);
    if (!right.startsWith(prefix)) refuse(one, `has a right side without the prefix ${shown(prefix)}`, MERGES);
    const idOf = (token: string): number =>
      vocabulary.get(token) ?? refuse(one, `needs the token ${shown(token)}`, MERGES);
    const key = idOf(left) * size + idOf(right);
    if (merges.has(key)) refuse(one, "is there twice", MERGES);
    merges.set(key, { rank, id: idOf(left + right.slice(prefix.length)) });
  });
  return { get: (left, right) => merges.get(left * size + right) };
}

/** As a list of two, or with a space between, as files of old versions have it. */
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
    refuse(place, "begins with #version, which the library takes for a heading", MERGES);
  return [left, right];
}
