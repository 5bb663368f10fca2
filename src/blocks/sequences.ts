// How sequences begin and end in a program: what every kind of block has to heed.

export interface Sequences {
  /**
   * carried: what a block remembers of a sequence enters as part of the batch and leaves as results;
   * none: every sequence begins from nothing.
   */
  readonly state: "none" | "carried";
  /** Positions of which attention keeps keys and values, where a state is carried. */
  readonly cache: number;
  /** Whether each document begins from nothing: the batch's `reset` [R] is 1 where one begins. */
  readonly reset: boolean;
}
