// What the answer says of one modality, as sentences: plain text, not escaped.

export interface Finding {
  readonly modality: string;
  /** What its loss measures. */
  readonly unit: string;
  readonly lead: string;
  readonly rest: readonly Sentence[];
}

export interface Sentence {
  /** In a word: "Together". */
  readonly about: string;
  readonly text: string;
}

/** Without what the results know of the modality. */
export type Told = Pick<Finding, "lead" | "rest">;
