// Fits the linear model loss = arm + seed + residual by least squares, and computes contrasts of arms.
// This is a randomized complete block design. The blocks are the seeds: all arms of a seed share data order and initial values.
import type { Estimate } from "./answer.js";
import { estimateOf, meanOf } from "./estimate.js";

export interface AdditiveModel {
  /** Residual standard deviation; undefined without degrees of freedom. */
  readonly residual: { readonly deviation: number; readonly degrees: number } | undefined;
  /**
   * Σ weight · arm mean; the weights, one per arm, sum to zero. Undefined if the runs do not determine it: an arm of the contrast
   * has no runs, or its arms share no seeds, directly or through other arms.
   */
  contrast(weights: readonly number[]): Estimate | undefined;
}

type Loss = number | undefined;

/**
 * The smallest residual standard deviation that tests assume, relative to the mean loss: 64 units in the last place of f32.
 * Losses are f32 sums whose order can differ between arms, so smaller differences are rounding.
 */
const ROUNDING = 2 ** -18;

/**
 * @param losses by arm and seed; undefined if a run is missing
 *
 * The arms are eliminated: given the seeds' effects s, an arm's mean is the mean of its losses minus s. This leaves
 * equations for the seeds, with the matrix of `informationOf` (Searle, "Linear models", 1971, section 7.1).
 */
export function fitAdditive(losses: readonly (readonly Loss[])[]): AdditiveModel {
  const arms = losses.map((row) => {
    const seeds = [...row.keys()].filter((seed) => row[seed] !== undefined);
    return { seeds, mean: meanOf(seeds.map((seed) => row[seed] as number)) };
  });
  const groups = connected(
    arms.map(({ seeds }) => seeds),
    losses[0]?.length ?? 0,
  );
  // Seeds' effects are determined up to a constant in each group of arms that share seeds: the first seed's is set to zero.
  const free = [...groups.keys()].filter((seed) => groups[seed] !== seed);
  const solve = solver(informationOf(arms, free));
  const effects = groups.map(() => 0);
  const right = free.map((seed) => {
    const its = arms.filter(({ seeds }) => seeds.includes(seed));
    return losses.reduce((total, row) => total + (row[seed] ?? 0), 0) - its.reduce((sum, { mean }) => sum + mean, 0);
  });
  for (const [i, effect] of solve(right).entries()) effects[free[i] as number] = effect;
  const effectOf = (seed: number): number => effects[seed] as number;
  const means = arms.map(({ seeds, mean }) => mean - meanOf(seeds.map(effectOf)));

  const runs = losses.flatMap((row, arm) =>
    row.flatMap((loss, seed) => (loss === undefined ? [] : [loss - (means[arm] as number) - effectOf(seed)])),
  );
  const degrees = runs.length - arms.filter(({ seeds }) => seeds.length > 0).length - free.length;
  const variance = runs.reduce((total, rest) => total + rest ** 2, 0) / degrees;
  const finished = losses.flat().filter((loss) => loss !== undefined);
  const rounding = ROUNDING * meanOf(finished.map(Math.abs));

  const contrast = (weights: readonly number[]): Estimate | undefined => {
    // The weight of each seed in the contrast of the arms' means, which is zero if no run is missing.
    const shares = groups.map(() => 0);
    let value = 0;
    let spread = 0;
    let fewest = Number.POSITIVE_INFINITY;
    for (const [arm, { seeds, mean }] of arms.entries()) {
      const weight = weights[arm] ?? 0;
      if (weight === 0) continue;
      if (seeds.length === 0) return undefined;
      value += weight * mean;
      spread += weight ** 2 / seeds.length;
      fewest = Math.min(fewest, seeds.length);
      for (const seed of seeds) shares[seed] = (shares[seed] as number) + weight / seeds.length;
    }
    const size = Math.max(...weights.map(Math.abs));
    const determined = [...groups.keys()].every((group) => {
      const share = shares.reduce((total, one, seed) => total + (groups[seed] === group ? one : 0), 0);
      return Math.abs(share) <= 1e-9 * size;
    });
    if (!determined) return undefined;
    const moved = solve(free.map((seed) => shares[seed] as number));
    for (const [i, seed] of free.entries()) {
      value -= (shares[seed] as number) * effectOf(seed);
      spread += (shares[seed] as number) * (moved[i] as number);
    }
    const estimate = estimateOf(value, Math.sqrt(Math.max(variance, rounding ** 2) * spread), degrees);
    const basis = estimate.p !== undefined && Number.isFinite(fewest) ? { seeds: fewest, degrees } : {};
    return { ...estimate, ...basis };
  };
  return { residual: degrees > 0 ? { deviation: Math.sqrt(variance), degrees } : undefined, contrast };
}

/** For each seed the first seed of its group. Two seeds are in a group if an arm has runs of both. */
function connected(seedsOfArms: readonly (readonly number[])[], count: number): number[] {
  const groups = Array.from({ length: count }, (_, seed) => seed);
  for (const seeds of seedsOfArms) {
    const joined = new Set(seeds.map((seed) => groups[seed]));
    const first = Math.min(...seeds.map((seed) => groups[seed] as number));
    for (const [seed, group] of groups.entries()) if (joined.has(group)) groups[seed] = first;
  }
  return groups;
}

/** XᵀX of the seeds in `free` after the arms are eliminated: the runs of a seed, minus 1/n for each arm that has the pair. */
function informationOf(arms: readonly { readonly seeds: readonly number[] }[], free: readonly number[]): number[][] {
  return free.map((row) =>
    free.map((column) =>
      arms.reduce((total, { seeds }) => {
        if (!seeds.includes(row)) return total;
        return total + (row === column ? 1 : 0) - (seeds.includes(column) ? 1 / seeds.length : 0);
      }, 0),
    ),
  );
}

/** @param matrix A, by rows. Returns the function from b to x. */
function solver(matrix: readonly (readonly number[])[]): (right: readonly number[]) => number[] {
  // A = L Lᵀ, L lower triangular.
  const lower: number[][] = [];
  for (const [i, row] of matrix.entries()) {
    const made: number[] = [];
    for (let j = 0; j <= i; j++) {
      const other = lower[j] ?? made;
      const rest = (row[j] as number) - dot(made, other, j);
      made.push(i === j ? Math.sqrt(rest) : rest / (other[j] as number));
    }
    lower.push(made);
  }
  return (right) => {
    // L y = b downwards, then Lᵀ x = y upwards in its place.
    const x: number[] = [];
    for (const [i, row] of lower.entries()) x.push(((right[i] as number) - dot(row, x, i)) / (row[i] as number));
    for (let i = lower.length - 1; i >= 0; i--) {
      for (let k = i + 1; k < lower.length; k++) x[i] = (x[i] as number) - (lower[k]?.[i] as number) * (x[k] as number);
      x[i] = (x[i] as number) / (lower[i]?.[i] as number);
    }
    return x;
  };
}

/** The dot product of the first `count` numbers. */
function dot(a: readonly number[], b: readonly number[], count: number): number {
  let total = 0;
  for (let k = 0; k < count; k++) total += (a[k] as number) * (b[k] as number);
  return total;
}
