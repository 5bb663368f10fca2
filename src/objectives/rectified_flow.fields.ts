// The fields of a checked `rectified_flow`.
import type { ObjectiveFields } from "./row.fields.js";

export interface RectifiedFlowObjective {
  readonly kind: "rectified_flow";
  readonly weight: number;
  /** The distribution of an item's time: uniform in (0, 1), or the sigmoid of a standard normal. */
  readonly time: "uniform" | "logit_normal";
  /** What the model predicts. */
  readonly predict: "velocity" | "x_0";
  /** Probability that a document ending in such an item is trained without what comes before the item. */
  readonly drop: number;
}

const SAID = { velocity: "the velocity", x_0: "the clean picture" } as const;

export const rectified_flow: ObjectiveFields<RectifiedFlowObjective> = {
  learns: "items",
  drop: ({ drop }) => drop,
  about: ({ weight, time, predict }) => `rectified_flow of ${SAID[predict]}, weight ${weight}, ${time} times`,
  measures: ({ predict }) => `mean squared error of ${SAID[predict]}`,
};
