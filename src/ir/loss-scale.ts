// The scale of the losses under half precision, which the update keeps from step to step.

/** The scale, good updates in a row since it changed, and what the last update multiplied its gradients by. */
export const LOSS_SCALE = { name: "loss_scale", shape: [3] } as const;

/** What it begins with: PyTorch begins with 2^16, where gradients of a small weight, or of long batches, vanish. */
export const FIRST_LOSS_SCALE = 2 ** 20;
