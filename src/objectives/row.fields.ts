// The description of a kind of objective. Other rooms use it instead of asking for the kind.
import type { Holds } from "../modalities/row.fields.js";

export interface ObjectiveFields<O> {
  /** Which modalities it can train: those that hold ids, or items. */
  readonly learns: Holds;
  /** Probability that a document ending in such an item is trained without what comes before the item. */
  drop(objective: O): number;
  /** A short description. */
  about(objective: O): string;
  /** The unit of the loss. `unit` is the name of one of the modality's ids. */
  measures(objective: O, unit: string): string;
}
