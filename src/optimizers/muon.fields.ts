// What a checked `muon` says.
import type { AdamwFields } from "./adamw.fields.js";

export interface MuonFields {
  readonly kind: "muon";
  /** Peak learning rate of matrices. */
  readonly lr: number;
  readonly momentum: number;
  readonly weight_decay: number;
  /** What updates everything else. */
  readonly rest: AdamwFields;
}
