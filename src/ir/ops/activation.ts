// The operations of an activation and of its slope, per number.
import type { Activation } from "../op.js";

/** silu: −x, exp, 1 +, x ÷; softplus: exp, 1 +, log. */
export const ACTIVATION = { silu: 4, softplus: 3 } as const satisfies Readonly<Record<Activation, number>>;
/** dy·σ(1 + x(1 − σ)) with σ recomputed; dy·(1 − exp(−y)). */
export const SLOPE = { silu: 9, softplus: 4 } as const satisfies Readonly<Record<Activation, number>>;
