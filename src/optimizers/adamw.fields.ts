// The fields of a checked `adamw`.

export interface AdamwFields {
  readonly kind: "adamw";
  /** Peak learning rate. */
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weight_decay: number;
}
