// The fields of a checked optimizer. Every optimizer has a peak learning rate `lr`, which the schedule scales.
import type { AdamwFields } from "./adamw.fields.js";
import type { MuonFields } from "./muon.fields.js";

export type OptimizerFields = AdamwFields | MuonFields;
/** The fields of one kind. */
export type OptimizerOf<K extends OptimizerFields["kind"]> = Extract<OptimizerFields, { readonly kind: K }>;
