// The scale of the losses under half precision, which the update keeps from step to step.

/** The scale, good updates in a row since it changed, and what the last update multiplied its gradients by. */
export const LOSS_SCALE = { name: "loss_scale", shape: [3] } as const;

/** What it begins with, as PyTorch's GradScaler. */
export const FIRST_LOSS_SCALE = 2 ** 16;
