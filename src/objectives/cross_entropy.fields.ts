// The fields of a checked `cross_entropy`.
import type { ObjectiveFields } from "./row.fields.js";

export interface CrossEntropyObjective {
  readonly kind: "cross_entropy";
  readonly weight: number;
}

export const cross_entropy: ObjectiveFields<CrossEntropyObjective> = {
  learns: "ids",
  drop: () => 0,
  about: ({ weight }) => `cross_entropy, weight ${weight}`,
  measures: (_, unit) => `nats per ${unit}`,
};
