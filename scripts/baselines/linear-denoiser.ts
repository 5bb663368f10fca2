// The best linear predictor of the noise of diffusion, and its loss on pictures that it is not fitted to.
//
// With x = √ᾱ x₀ + √(1−ᾱ) ε, where x₀ has mean μ and covariance Σ, the linear predictor of least squared error is
//   ε̂ = √(1−ᾱ) (ᾱΣ + (1−ᾱ)I)⁻¹ (x − √ᾱ μ).
// Let Σ have eigenvalues λᵢ with eigenvectors vᵢ, and let σᵢ be the mean square of vᵢ·(x₀ − μ) over other pictures.
// On those, ε − ε̂ has along vᵢ the noise part ᾱλᵢ/(ᾱλᵢ + 1−ᾱ) · ε and the picture part √(ᾱ(1−ᾱ))/(ᾱλᵢ + 1−ᾱ) · vᵢ·(x₀ − μ),
// which are independent. Its mean square over all noise is exactly
//   mean over i of  (ᾱ²λᵢ² + ᾱ(1−ᾱ)σᵢ) / (ᾱλᵢ + 1−ᾱ)²,
// which is the ᾱλᵢ/(ᾱλᵢ + 1−ᾱ) of a Gaussian if σᵢ = λᵢ.
// Σ is shrunk toward its mean eigenvalue, λ ← (1−γ)λ + γλ̄, because pictures have more dimensions than
// there are pictures. γ is chosen for each timestep on some of the training pictures.
import { dot, symmetricEigen } from "./eigen.js";

/** Pictures, or patches at one position, as rows: [count, size]. */
export interface Rows {
  readonly count: number;
  readonly size: number;
  readonly values: Float32Array;
}

export const rowOf = ({ values, size }: Rows, row: number): Float32Array =>
  values.subarray(row * size, (row + 1) * size);

const SHRINKAGE = [0, ...Array.from({ length: 25 }, (_, i) => 10 ** (-6 + i / 4))];

export interface DenoiserLoss {
  /** Mean squared error of the noise. */
  readonly loss: number;
  /** The selected shrinkage. */
  readonly gamma: number;
}

/**
 * The mean squared error on `heldOut` of the predictor fitted to `train`, for each ᾱ.
 * @param alphaBars ᾱ of the timesteps, each in [0, 1)
 */
export function linearDenoiserLoss(train: Rows, heldOut: Rows, alphaBars: readonly number[]): DenoiserLoss[] {
  const fitted = choose(train, (row) => row % 5 !== 0);
  const left = choose(train, (row) => row % 5 === 0);
  const partly = measure(fitted, left);
  const wholly = measure(train, heldOut);
  return alphaBars.map((alphaBar) => {
    const losses = SHRINKAGE.map((shrinkage) => lossOf(partly, alphaBar, shrinkage));
    const gamma = SHRINKAGE[losses.indexOf(Math.min(...losses))] as number;
    return { loss: lossOf(wholly, alphaBar, gamma), gamma };
  });
}

function choose(rows: Rows, keep: (row: number) => boolean): Rows {
  const kept = Array.from({ length: rows.count }, (_, row) => row).filter(keep);
  const values = new Float32Array(kept.length * rows.size);
  kept.forEach((row, index) => {
    values.set(rowOf(rows, row), index * rows.size);
  });
  return { count: kept.length, size: rows.size, values };
}

/** Variances of the fitted rows and mean squares of other rows along the eigenvectors of the fitted rows. */
interface Measured {
  readonly size: number;
  readonly lambda: Float64Array;
  readonly sigma: Float64Array;
  /** Mean square of other rows in the dimensions that no eigenvector spans, where λ is 0. */
  readonly rest: number;
}

function measure(fitted: Rows, others: Rows): Measured {
  const { size, count } = fitted;
  const mean = meanOf(fitted);
  const x = centred(fitted, mean);
  const y = centred(others, mean);
  const total = dot(y, y) / others.count;
  const { lambda, sigma } = size <= count ? byCovariance(x, y, size) : byGram(x, y, size);
  const spanned = sigma.reduce((sum, value) => sum + value, 0);
  return { size, lambda, sigma, rest: Math.max(0, total - spanned) };
}

export function meanOf({ count, size, values }: Rows): Float64Array {
  const mean = new Float64Array(size);
  for (let i = 0; i < values.length; i++) mean[i % size] = (mean[i % size] as number) + (values[i] as number) / count;
  return mean;
}

export function centred(rows: Rows, mean: Float64Array): Float64Array {
  return Float64Array.from(rows.values, (value, i) => value - (mean[i % rows.size] as number));
}

type Along = Pick<Measured, "lambda" | "sigma">;

/** Computed from the [size, size] covariance. */
function byCovariance(x: Float64Array, y: Float64Array, size: number): Along {
  const { values, vectors } = symmetricEigen(covarianceOf(x, size), size);
  const sigma = values.map((_, i) => meanSquare(y, vectors.subarray(i * size, (i + 1) * size)));
  return { lambda: values.map((value) => Math.max(0, value)), sigma };
}

/** XᵀX/count of centred rows. */
export function covarianceOf(x: Float64Array, size: number): Float64Array {
  const count = x.length / size;
  return gram(transposed(x, size), count).map((product) => product / count);
}

/** Computed from the [count, count] matrix XXᵀ. Its eigenvector u gives the eigenvector Xᵀu/√value of Σ. */
function byGram(x: Float64Array, y: Float64Array, size: number): Along {
  const count = x.length / size;
  const { values, vectors } = symmetricEigen(gram(x, size), count);
  // Values within rounding errors of 0 have no direction.
  const least = Math.max(...values) * count * Number.EPSILON;
  const products = new Float64Array((y.length / size) * count);
  for (let row = 0; row < y.length / size; row++)
    for (let i = 0; i < count; i++)
      products[row * count + i] = dot(y.subarray(row * size, (row + 1) * size), x.subarray(i * size, (i + 1) * size));
  const sigma = values.map((value, i) =>
    value > least ? meanSquare(products, vectors.subarray(i * count, (i + 1) * count)) / value : 0,
  );
  const spanning = Array.from(values, (value) => value > least);
  return {
    lambda: values.filter((_, i) => spanning[i]).map((value) => value / count),
    sigma: sigma.filter((_, i) => spanning[i]),
  };
}

/** All dot products of rows of the given size: [rows, rows]. */
function gram(x: Float64Array, size: number): Float64Array {
  const n = x.length / size;
  const products = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      const product = dot(x.subarray(i * size, (i + 1) * size), x.subarray(j * size, (j + 1) * size));
      products[i * n + j] = product;
      products[j * n + i] = product;
    }
  return products;
}

function transposed(x: Float64Array, size: number): Float64Array {
  const count = x.length / size;
  const columns = new Float64Array(x.length);
  for (let row = 0; row < count; row++)
    for (let i = 0; i < size; i++) columns[i * count + row] = x[row * size + i] as number;
  return columns;
}

/** The mean square of the rows' products with a vector. */
function meanSquare(rows: Float64Array, vector: Float64Array): number {
  const size = vector.length;
  let sum = 0;
  for (let begin = 0; begin < rows.length; begin += size) sum += dot(rows.subarray(begin, begin + size), vector) ** 2;
  return (sum * size) / rows.length;
}

function lossOf({ size, lambda, sigma, rest }: Measured, alphaBar: number, gamma: number): number {
  const mean = lambda.reduce((sum, value) => sum + value, 0) / size;
  const noise = 1 - alphaBar;
  const dimension = (own: number, seen: number, times: number): number => {
    const shrunk = (1 - gamma) * own + gamma * mean;
    return (times * alphaBar ** 2 * shrunk ** 2 + alphaBar * noise * seen) / (alphaBar * shrunk + noise) ** 2;
  };
  let sum = dimension(0, rest, size - lambda.length);
  for (let i = 0; i < lambda.length; i++) sum += dimension(lambda[i] as number, sigma[i] as number, 1);
  return sum / size;
}
