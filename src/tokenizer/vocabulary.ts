// The vocabulary of a model: each token has a unique id, a whole number.
import { type Place, refuse, shown, stringOf } from "./fields.js";

/** Ids are below this; a modality of tokens has at most this many. */
export const MOST_IDS = 2 ** 24;

const IDS = "Correct the vocabulary: every token has a unique id, a whole number from 0.";

export type Vocabulary = ReadonlyMap<string, number>;

/** Reads an object from token to id. */
export function vocabularyOf(place: Place): Vocabulary {
  const { value, path } = place;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse(place, "must be an object");
  const vocabulary = new Map<string, number>();
  const owners = new Map<number, string>();
  for (const [token, id] of Object.entries(value as Record<string, unknown>)) {
    const here = { path: `${path}[${shown(token)}]`, value: id };
    stringOf({ ...here, value: token });
    checkId(here);
    const other = owners.get(id as number);
    if (other !== undefined) refuse(here, `has the id ${id}, which is also the id of ${shown(other)}`, IDS);
    owners.set(id as number, token);
    vocabulary.set(token, id as number);
  }
  return vocabulary;
}

/** @throws InputError if the value is not an id */
export function checkId(place: Place): void {
  const { value } = place;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value < MOST_IDS) return;
  refuse(place, `must be a whole number from 0 to ${MOST_IDS - 1}, not ${shown(value)}`, IDS);
}

export interface Model {
  readonly vocabulary: Vocabulary;
  /** Appends the ids of a nonempty piece. @throws InputError if the library raises */
  readonly tokenize: (piece: string, ids: number[]) => void;
}
