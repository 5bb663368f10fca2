// What a checked `adamw` says.

export interface AdamwFields {
  readonly kind: "adamw";
  /** Peak learning rate. */
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weight_decay: number;
}
