// What a checked `rectified_flow` says.
import type { ObjectiveFields } from "./row.fields.js";

export interface RectifiedFlowObjective {
  readonly kind: "rectified_flow";
  readonly weight: number;
  /** How an item's time is drawn: evenly in (0, 1), or the sigmoid of a standard normal. */
  readonly time: "uniform" | "logit_normal";
  /** Probability that a document which ends in such an item is learned without what precedes it. */
  readonly drop: number;
}

export const rectified_flow: ObjectiveFields<RectifiedFlowObjective> = {
  learns: "items",
  drop: ({ drop }) => drop,
  about: ({ weight, time }) => `rectified_flow, weight ${weight}, ${time} times`,
  measures: () => "mean squared error of the velocity",
};
