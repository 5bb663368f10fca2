// What a kind of objective says of itself, so that nobody else asks which kind it is.
import type { Holds } from "../modalities/row.fields.js";

export interface ObjectiveFields<O> {
  /** What modalities it can teach: those that hold this. */
  readonly learns: Holds;
  /** Probability that a document which ends in such an item is learned without what precedes it. */
  drop(objective: O): number;
  /** In a few words. */
  about(objective: O): string;
  /** What its loss measures, of a modality whose ids are each a `unit`. */
  measures(unit: string): string;
}
