// What a model of a tokenizer does.
import type { Vocabulary } from "./vocabulary.js";

export interface Model {
  readonly vocabulary: Vocabulary;
  /** Appends the ids of a piece that is not empty. @throws InputError where the library raises */
  readonly tokenize: (piece: string, ids: number[]) => void;
}
