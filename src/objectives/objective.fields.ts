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
}

export type Objective = CrossEntropyObjective | DdpmObjective;
