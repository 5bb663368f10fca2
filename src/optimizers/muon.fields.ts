// The fields of a checked `muon`.
import type { AdamwFields } from "./adamw.fields.js";

export interface MuonFields {
  readonly kind: "muon";
  /** Peak learning rate of matrices. */
  readonly lr: number;
  readonly momentum: number;
  readonly weight_decay: number;
  /** The optimizer of all other parameters. */
  readonly rest: AdamwFields;
}
