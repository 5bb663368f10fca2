// Baselines: eigenvectors, the linear denoiser compared with simulated noise, and n-grams counted by hand.
import { describe, expect, it } from "vitest";
import { causalDenoiserLoss, fitGaussian } from "../../scripts/baselines/causal-denoiser.js";
import { symmetricEigen } from "../../scripts/baselines/eigen.js";
import { linearDenoiserLoss as denoiserLosses, type Rows } from "../../scripts/baselines/linear-denoiser.js";
import { ngramLosses, targetsOf } from "../../scripts/baselines/ngrams.js";
import { oneSource, openDataSet } from "../../src/data/data-set.js";
import { writeShard } from "../../src/data/shard.js";
import { stream } from "../../src/random/stream.js";
import { BEGIN, DOCUMENT_END, END, textAndImages } from "./parts.js";

describe("symmetricEigen", () => {
  const random = stream("sample", 1);
  const cases: readonly [string, number, (i: number, j: number) => number][] = [
    ["one number", 1, () => -3],
    ["a diagonal", 4, (i, j) => (i === j ? i - 1.5 : 0)],
    ["two numbers", 2, (i, j) => i + j],
    ["zeros", 5, () => 0],
    ["rank one", 6, (i, j) => (i + 1) * (j + 1)],
    ["random numbers", 40, () => random.normal()],
  ];
  it.each(cases)("gives unit eigenvectors and eigenvalues of %s", (_, n, entry) => {
    const a = new Float64Array(n * n);
    for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = entry(i, j);
    const { values, vectors } = symmetricEigen(a, n);
    const at = (i: number, k: number): number => vectors[i * n + k] as number;
    const range = Array.from({ length: n }, (_, i) => i);
    for (const i of range)
      for (const j of range) {
        const product = range.reduce((sum, k) => sum + at(i, k) * at(j, k), 0);
        expect(product).toBeCloseTo(i === j ? 1 : 0, 10);
        const rebuilt = range.reduce((sum, k) => sum + at(k, i) * (values[k] as number) * at(k, j), 0);
        expect(rebuilt).toBeCloseTo(a[i * n + j] as number, 9);
      }
  });
});

const linearDenoiserLoss = (train: Rows, heldOut: Rows, alphaBars: readonly number[]): number[] =>
  denoiserLosses(train, heldOut, alphaBars).map(({ loss }) => loss);

/** Rows of independent normal numbers with the given standard deviations and mean. */
function gaussian(count: number, deviations: readonly number[], mean: number, seed: number): Rows {
  const random = stream("sample", seed);
  const size = deviations.length;
  const values = Float32Array.from(
    { length: count * size },
    (_, i) => mean + (deviations[i % size] as number) * random.normal(),
  );
  return { count, size, values };
}

describe("linearDenoiserLoss", () => {
  it("is the mean of ᾱλ/(ᾱλ + 1−ᾱ) on rotated Gaussian rows", () => {
    const deviations = [2, 0.5, 0.1];
    const turn = (rows: Rows): Rows => {
      const [c, s] = [Math.cos(1), Math.sin(1)];
      const values = rows.values.slice();
      for (let i = 0; i < values.length; i += 3) {
        const [x, y] = [rows.values[i] as number, rows.values[i + 1] as number];
        values[i] = c * x - s * y;
        values[i + 1] = s * x + c * y;
      }
      return { ...rows, values };
    };
    const alphaBars = [0.999, 0.5, 0.01];
    const losses = linearDenoiserLoss(
      turn(gaussian(20000, deviations, 3, 1)),
      turn(gaussian(20000, deviations, 3, 2)),
      alphaBars,
    );
    alphaBars.forEach((alphaBar, index) => {
      const terms = deviations.map((d) => (alphaBar * d * d) / (alphaBar * d * d + 1 - alphaBar));
      expect(losses[index]).toBeCloseTo(terms.reduce((a, b) => a + b) / 3, 2);
    });
  });

  it("is 1 for pictures that hide the noise and 0 for identical pictures", () => {
    expect(linearDenoiserLoss(gaussian(500, [1e6, 1e6], 0, 1), gaussian(500, [1e6, 1e6], 0, 2), [0.5])[0]).toBeCloseTo(
      1,
      3,
    );
    expect(linearDenoiserLoss(gaussian(50, [0, 0], 1, 1), gaussian(50, [0, 0], 1, 2), [0.5])[0]).toBeCloseTo(0, 6);
  });

  it("is near the optimum with fewer and with more pictures than dimensions", () => {
    const deviations = Array.from({ length: 30 }, (_, i) => 1 / (1 + i));
    const [many, few, held] = [
      gaussian(38, deviations, 0, 1),
      gaussian(20, deviations, 0, 2),
      gaussian(400, deviations, 0, 3),
    ];
    // 38 rows, and the 30 rows of four fifths of them, use the covariance. 20 rows use the products of rows.
    for (const alphaBar of [0.99, 0.7, 0.1]) {
      const [wide] = linearDenoiserLoss(few, held, [alphaBar]);
      const [narrow] = linearDenoiserLoss(many, held, [alphaBar]);
      const best = deviations.reduce((sum, d) => sum + (alphaBar * d * d) / (alphaBar * d * d + 1 - alphaBar), 0) / 30;
      expect(wide).toBeGreaterThan(best);
      expect(wide).toBeLessThan(best * 2.2);
      expect(narrow).toBeGreaterThan(best);
      expect(narrow).toBeLessThan((wide as number) * 1.05);
    }
  });

  it("agrees with an explicit predictor on simulated noise", () => {
    const [train, held] = [gaussian(4000, [1.5], 0.5, 4), gaussian(4000, [0.7], 0.2, 5)];
    const alphaBar = 0.6;
    const mean = train.values.reduce((a, b) => a + b) / 4000;
    const variance = train.values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 4000;
    const noise = stream("noise", 6);
    let sum = 0;
    for (let repeat = 0; repeat < 50; repeat++)
      for (const x0 of held.values) {
        const epsilon = noise.normal();
        const x = Math.sqrt(alphaBar) * x0 + Math.sqrt(1 - alphaBar) * epsilon;
        const guess =
          (Math.sqrt(1 - alphaBar) * (x - Math.sqrt(alphaBar) * mean)) / (alphaBar * variance + 1 - alphaBar);
        sum += (guess - epsilon) ** 2;
      }
    expect(linearDenoiserLoss(train, held, [alphaBar])[0]).toBeCloseTo(sum / (50 * 4000), 2);
  });
});

describe("causalDenoiserLoss", () => {
  const settings = { alphaBar: 0.6, gamma: 0 };
  const noise = () => stream("noise", 3);
  /** Rows of two numbers with correlation 0.8. */
  const correlated = (seed: number): Rows => {
    const rows = gaussian(20000, [1, 0.6], 0.5, seed);
    for (let i = 0; i < rows.values.length; i += 2)
      rows.values[i + 1] = (rows.values[i + 1] as number) + 0.8 * ((rows.values[i] as number) - 0.5);
    return rows;
  };

  it("uses earlier patches, but not later ones", () => {
    const { alphaBar } = settings;
    // Σ = [[1, 0.8], [0.8, 1]]. The error at dimension p is 1 − (1−ᾱ)[K₁..ₚ⁻¹]ₚₚ.
    const variance = alphaBar + 1 - alphaBar;
    const first = 1 - (1 - alphaBar) / variance;
    const second = 1 - ((1 - alphaBar) * variance) / (variance ** 2 - (alphaBar * 0.8) ** 2);
    const loss = causalDenoiserLoss(fitGaussian(correlated(1)), correlated(2), 1, { ...settings, noise: noise() });
    expect(loss).toBeCloseTo((first + second) / 2, 2);
    expect(Math.abs(first - second)).toBeGreaterThan(0.05);
  });

  it("equals linearDenoiserLoss if the picture is one patch", () => {
    const loss = causalDenoiserLoss(fitGaussian(correlated(1)), correlated(2), 2, { ...settings, noise: noise() });
    expect(loss).toBeCloseTo(linearDenoiserLoss(correlated(1), correlated(2), [0.6])[0] as number, 2);
  });

  it("is the share of the signal's variance if gamma shrinks the covariance to its mean variance", () => {
    const rows = gaussian(20000, [2, 2], 0, 7);
    const loss = causalDenoiserLoss(fitGaussian(rows), rows, 1, { ...settings, gamma: 1, noise: noise() });
    expect(loss).toBeCloseTo(2.4 / 2.8, 2);
  });
});

describe("n-grams", () => {
  it("have the same targets as a model: pairs of adjacent tokens within a document", () => {
    const parts = textAndImages(4, 1);
    const segments = [
      { modality: 0, ids: [97, 98] },
      { modality: 1, pixels: new Uint8Array(16) },
    ];
    const shard = writeShard([{ label: "ab", hash: 0, eitherOrder: true, segments }], parts.modalities);
    const dataSet = openDataSet(oneSource([{ name: "a", bytes: shard }]), parts, 0);
    expect(targetsOf(dataSet, [0])).toEqual([
      [
        { before: 97, id: 98 },
        { before: 98, id: BEGIN },
        { before: END, id: DOCUMENT_END },
        { before: END, id: 97 },
        { before: 97, id: 98 },
        { before: 98, id: DOCUMENT_END },
      ],
    ]);
  });

  it("are scored by their counts", () => {
    const alternating = Array.from({ length: 500 }, () => [
      { before: 0, id: 1 },
      { before: 1, id: 0 },
    ]);
    const { unigram, bigram, targets } = ngramLosses(alternating, alternating.slice(0, 3), 2);
    expect(unigram).toBeCloseTo(Math.log(2), 4);
    expect(bigram).toBeLessThan(1e-4);
    expect(targets).toBe(6);
    // An unseen bigram has a high loss, but a finite one.
    const unseen = ngramLosses(alternating, [[{ before: 0, id: 0 }]], 2).bigram;
    expect(unseen).toBeGreaterThan(5);
    expect(unseen).toBeLessThan(20);
  });
});
