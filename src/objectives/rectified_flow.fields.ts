// The fields of a checked `rectified_flow`.
import type { ObjectiveFields } from "./row.fields.js";

export interface RectifiedFlowObjective {
  readonly kind: "rectified_flow";
  readonly weight: number;
  /** The distribution of an item's time: uniform in (0, 1), or the sigmoid of a standard normal. */
  readonly time: "uniform" | "logit_normal";
  /** Probability that a document ending in such an item is trained without what comes before the item. */
  readonly drop: number;
}

export const rectified_flow: ObjectiveFields<RectifiedFlowObjective> = {
  learns: "items",
  drop: ({ drop }) => drop,
  about: ({ weight, time }) => `rectified_flow, weight ${weight}, ${time} times`,
  measures: () => "mean squared error of the velocity",
};
