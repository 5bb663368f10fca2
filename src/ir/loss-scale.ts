// The scale of the losses under half precision, which the update keeps from step to step.

/** The scale, good updates in a row since it changed, and what the last update multiplied its gradients by. */
export const LOSS_SCALE = { means: { is: "loss_scale" }, shape: [3] } as const;

/**
 * What it begins with, for so many positions in a batch. A loss is a mean over them, so that what is passed back to one of
 * them shrinks as they grow in number: 64 times as many bring it to where halves are fine, and leave room for a thousand
 * times more. (PyTorch's GradScaler begins with 2^16 for all: the 16 384 positions of a long batch need 2^20, and 2^20
 * overflows with 256.)
 */
export const firstLossScale = (positions: number): number => 2 ** (6 + Math.ceil(Math.log2(positions)));
