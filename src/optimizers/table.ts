// All optimizers.
import { adamw } from "./adamw.js";
import { muon } from "./muon.js";
import type { OptimizerFields, OptimizerOf } from "./optimizer.fields.js";
import type { Optimizer, Rate } from "./optimizer.js";

const OPTIMIZERS: { readonly [K in OptimizerFields["kind"]]: Optimizer<OptimizerOf<K>> } = { adamw, muon };

export const optimizerOf = ({ kind }: OptimizerFields): Optimizer<OptimizerFields> =>
  OPTIMIZERS[kind] as Optimizer<OptimizerFields>;

/** The optimizer's scalars for update `step`, counted from 1. */
export const scalarsOf = (fields: OptimizerFields, rate: Rate, step: number): Readonly<Record<string, number>> =>
  optimizerOf(fields).scalars(fields, rate, step);

/** The names of those scalars. */
export const scalarNames = (fields: OptimizerFields): string[] => Object.keys(scalarsOf(fields, (peak) => peak, 1));
