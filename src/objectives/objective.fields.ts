// What a checked objective says.

export interface CrossEntropyObjective {
  readonly kind: "cross_entropy";
  readonly weight: number;
}

export interface DdpmObjective {
  readonly kind: "ddpm";
  readonly weight: number;
  /** T: timesteps are 1..T. */
  readonly steps: number;
  readonly schedule: "cosine";
  /** Probability that a document which ends in such a picture is learned without what precedes it. */
  readonly drop: number;
}

export type Objective = CrossEntropyObjective | DdpmObjective;
