// The scalars of one step: what the host writes into the uniform buffer and kernels read as `step`.

/** Scalars of one step, in the order of the uniform buffer; 4 bytes each. */
export const STEP_FIELDS = [
  ["lr", "f32"],
  ["beta1", "f32"],
  ["beta2", "f32"],
  /** 1 − beta1 and 1 − beta2, subtracted in float64: next to 1, f32 holds a beta too coarsely. */
  ["rest1", "f32"],
  ["rest2", "f32"],
  ["eps", "f32"],
  ["weight_decay", "f32"],
  /** 1 − beta1^step and 1 − beta2^step. */
  ["correction1", "f32"],
  ["correction2", "f32"],
  /** Greatest gradient norm; infinite for no clipping. */
  ["clip", "f32"],
  /** 1 when gradients add to those of earlier micro-batches. */
  ["accumulate", "u32"],
] as const;
export const STEP_BYTES = 16 * Math.ceil(STEP_FIELDS.length / 4);
