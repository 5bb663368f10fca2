// The best linear predictor of the noise of a patch from this patch and the patches before it, which is what a causal model
// sees of a picture. Its loss is between the losses of the predictors from the patch alone and from the entire picture
// (linear-denoiser.ts).
//
// With K = ᾱΣ + (1−ᾱ)I = LLᵀ, the predictor from the dimensions 1..p is √(1−ᾱ) K₁..ₚ⁻¹ (x − √ᾱμ)₁..ₚ. The leading block
// of L is the factor of the leading block of K, so one factor suffices for all patches. With y = L⁻¹(x − √ᾱμ), which is
// computed from the first row to the last, the prediction at a patch is √(1−ᾱ) L₍ₚₚ₎⁻ᵀ yₚ, where L₍ₚₚ₎ is the diagonal block of the patch.

import type { Stream } from "../../src/random/stream.js";
import { dot } from "./eigen.js";
import { centred, covarianceOf, meanOf, type Rows } from "./linear-denoiser.js";

/** A mean and a covariance, before shrinkage. */
export interface Gaussian {
  readonly size: number;
  readonly mean: Float64Array;
  /** [size, size] */
  readonly covariance: Float64Array;
}

export function fitGaussian(rows: Rows): Gaussian {
  const mean = meanOf(rows);
  return { size: rows.size, mean, covariance: covarianceOf(centred(rows, mean), rows.size) };
}

/** Random numbers for an error of the loss of about 0.2 %. */
const ENOUGH = 2 ** 20;

/**
 * Mean squared error on other pictures with simulated noise.
 * @param patch numbers in a patch. A row contains the patches one after the other.
 * @param gamma the shrinkage of the covariance toward its mean variance
 */
export function causalDenoiserLoss(
  fitted: Gaussian,
  heldOut: Rows,
  patch: number,
  { alphaBar, gamma, noise }: { readonly alphaBar: number; readonly gamma: number; readonly noise: Stream },
): number {
  const { size, mean } = fitted;
  const signal = Math.sqrt(alphaBar);
  const deviation = Math.sqrt(1 - alphaBar);
  const factor = cholesky(noisyCovariance(fitted, alphaBar, gamma), size);
  const clean = centred(heldOut, mean);
  let sum = 0;
  const rounds = Math.ceil(ENOUGH / clean.length);
  for (let index = 0; index < rounds * heldOut.count; index++) {
    const row = index % heldOut.count;
    const epsilon = Float64Array.from({ length: size }, () => noise.normal());
    const y = epsilon.map((e, i) => signal * (clean[row * size + i] as number) + deviation * e);
    solveForward(factor, y, size);
    for (let begin = 0; begin < size; begin += patch) {
      solveBackward(factor, y, size, begin, begin + patch);
      for (let i = begin; i < begin + patch; i++) sum += ((epsilon[i] as number) - deviation * (y[i] as number)) ** 2;
    }
  }
  return sum / (rounds * clean.length);
}

/** ᾱ((1−γ)Σ + γλ̄I) + (1−ᾱ)I */
function noisyCovariance({ size, covariance }: Gaussian, alphaBar: number, gamma: number): Float64Array {
  const diagonal = Array.from({ length: size }, (_, i) => covariance[i * size + i] as number);
  const level = diagonal.reduce((sum, value) => sum + value, 0) / size;
  const noisy = covariance.map((value) => alphaBar * (1 - gamma) * value);
  for (let i = 0; i < size; i++)
    noisy[i * size + i] = (noisy[i * size + i] as number) + alphaBar * gamma * level + 1 - alphaBar;
  return noisy;
}

/** The lower triangle becomes L with LLᵀ = a; a is symmetric and positive definite. */
function cholesky(a: Float64Array, n: number): Float64Array {
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      const rest = (a[i * n + j] as number) - dot(a.subarray(i * n, i * n + j), a.subarray(j * n, j * n + j));
      a[i * n + j] = i === j ? Math.sqrt(rest) : rest / (a[j * n + j] as number);
    }
  return a;
}

/** y ← L⁻¹y */
function solveForward(factor: Float64Array, y: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    const known = dot(factor.subarray(i * n, i * n + i), y);
    y[i] = ((y[i] as number) - known) / (factor[i * n + i] as number);
  }
}

/** y ← L⁻ᵀy for the diagonal block of rows begin to end, and these entries of y. */
function solveBackward(factor: Float64Array, y: Float64Array, n: number, begin: number, end: number): void {
  for (let i = end - 1; i >= begin; i--) {
    const value = (y[i] as number) / (factor[i * n + i] as number);
    y[i] = value;
    for (let j = begin; j < i; j++) y[j] = (y[j] as number) - (factor[i * n + j] as number) * value;
  }
}
