// The fields of a checked `ddpm`.
import { grouped } from "../modalities/row.fields.js";
import type { ObjectiveFields } from "./row.fields.js";

export interface DdpmObjective {
  readonly kind: "ddpm";
  readonly weight: number;
  /** T: timesteps are 1..T. */
  readonly steps: number;
  readonly schedule: "cosine";
  /** Probability that a document ending in such an item is trained without what comes before the item. */
  readonly drop: number;
}

export const ddpm: ObjectiveFields<DdpmObjective> = {
  learns: "items",
  drop: ({ drop }) => drop,
  about: ({ weight, steps }) => `ddpm, weight ${weight}, ${grouped(steps)} steps`,
  measures: () => "mean squared error of the noise",
};
