// How sequences start and end in a program, for every kind of block.

export interface Sequences {
  /**
   * carried: the state of a block is an input from the batch, and its new value is a result.
   * none: every sequence starts from an empty state.
   */
  readonly state: "none" | "carried";
  /** The positions whose keys and values attention keeps, with a carried state. */
  readonly cache: number;
  /** Whether each document starts from an empty state. The batch's `reset` [R] is 1 at its first position. */
  readonly reset: boolean;
}
