// The float64 meaning of one update: global-norm clipping as in PyTorch's clip_grad_norm_, then AdamW as in PyTorch.

export interface Adam {
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weight_decay: number;
}

export interface Trained {
  readonly value: Float64Array;
  readonly gradient: Float64Array;
  readonly m: Float64Array;
  readonly v: Float64Array;
  readonly decay: boolean;
}

export function gradientNorm(parameters: readonly Trained[]): number {
  let sum = 0;
  for (const { gradient } of parameters) for (const d of gradient) sum += d * d;
  return Math.sqrt(sum);
}

/** Updates in place; `step` counts from 1. Gradients are left clipped. Skipped when the norm is not finite. */
export function update(parameters: readonly Trained[], adam: Adam, clip: number | undefined, step: number): void {
  const norm = gradientNorm(parameters);
  if (!Number.isFinite(norm)) return;
  const scale = clip === undefined ? 1 : Math.min(1, clip / (norm + 1e-6));
  const [beta1, beta2] = adam.betas;
  for (const { value, gradient, m, v, decay } of parameters) {
    for (let i = 0; i < value.length; i++) {
      const d = (gradient[i] as number) * scale;
      gradient[i] = d;
      m[i] = beta1 * (m[i] as number) + (1 - beta1) * d;
      v[i] = beta2 * (v[i] as number) + (1 - beta2) * d * d;
      const mHat = (m[i] as number) / (1 - beta1 ** step);
      const vHat = (v[i] as number) / (1 - beta2 ** step);
      const kept = (value[i] as number) * (decay ? 1 - adam.lr * adam.weight_decay : 1);
      value[i] = kept - (adam.lr * mHat) / (Math.sqrt(vHat) + adam.eps);
    }
  }
}
