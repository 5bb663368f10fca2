// The scale of the losses with f16, which the update adjusts from step to step.

/** The scale, the number of good updates in a row since it changed, and the factor of the last update's gradients. */
export const LOSS_SCALE = { means: { is: "loss_scale" }, shape: [3] } as const;

/**
 * The initial loss scale, given the positions of a batch. A loss is a mean over positions, so the gradient at one
 * position shrinks as their number grows. A scale of 64 times the positions brings it into the range of f16 and leaves
 * headroom of about a thousand. (PyTorch's GradScaler always starts with 2^16. The 16 384 positions of a long batch
 * need 2^20, and 2^20 overflows with 256 positions.)
 */
export const firstLossScale = (positions: number): number => 2 ** (6 + Math.ceil(Math.log2(positions)));
