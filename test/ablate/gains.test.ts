// Gains over the baseline, final losses, and results with missing runs.
import { expect, test } from "vitest";
import { answer } from "../../src/ablate/analyse.js";
import { estimateOf } from "../../src/ablate/estimate.js";
import type { AblationResults } from "../../src/ablate/results.js";
import { arm, armOf, madeResults, measureOf } from "./made.js";

const two = [arm("baseline"), arm("ours")];

test("intervals and p-values are those of Student's t", () => {
  // 97.5 % quantiles to 15 digits, computed with mpmath from the incomplete beta function.
  const quantiles = [
    [1, 12.7062047361747],
    [2, 4.30265272974946],
    [3, 3.18244630528371],
    [30, 2.04227245630124],
    [45, 2.01410338888085],
    [1000, 1.96233908082641],
  ] as const;
  for (const [degrees, quantile] of quantiles) {
    expect((estimateOf(0, 1, degrees).high as number) / quantile).toBeCloseTo(1, 12);
    expect(estimateOf(-quantile, 1, degrees).p).toBeCloseTo(0.05, 13);
  }
  // With one degree of freedom, t has a Cauchy distribution: p = 1 − (2/π) atan t. With two: p = 1 − t/√(2 + t²).
  expect(estimateOf(3, 1, 1).p).toBeCloseTo(1 - (2 / Math.PI) * Math.atan(3), 14);
  expect(estimateOf(-6, 2, 2).p).toBeCloseTo(1 - 3 / Math.sqrt(11), 14);
  expect(estimateOf(5, 1, 0)).toEqual({ estimate: 5 });
  expect(estimateOf(0, 0, 3)).toEqual({ estimate: 0, low: 0, high: 0, p: 1 });
});

test("the test of two arms is the paired t-test", () => {
  // Differences 0.1, 0.3, 0.2: mean 0.2, deviation 0.1, standard error 0.1/√3.
  const made = answer(
    madeResults(two, [
      [1.1, 2.3, 3.2],
      [1, 2, 3],
    ]),
  );
  const { gain, gainPercent, mean, deviation, losses } = armOf(made, 1);
  const reach = (4.30265272974946 * 0.1) / Math.sqrt(3);
  expect(gain?.estimate).toBeCloseTo(0.2, 12);
  expect(gain?.low).toBeCloseTo(0.2 - reach, 12);
  expect(gain?.high).toBeCloseTo(0.2 + reach, 12);
  // t = 2√3 with two degrees of freedom.
  expect(gain?.p).toBeCloseTo(1 - Math.sqrt(12 / 14), 12);
  // The baseline's mean is 2.2.
  expect(gainPercent?.estimate).toBeCloseTo(20 / 2.2, 10);
  expect(gainPercent?.low).toBeCloseTo((100 * (0.2 - reach)) / 2.2, 10);
  expect(gainPercent?.p).toBe(gain?.p);
  expect({ mean, deviation, losses }).toEqual({ mean: 2, deviation: 1, losses: [1, 2, 3] });
  expect(armOf(made, 0)).toMatchObject({ gain: undefined, gainPercent: undefined, match: undefined });
});

test("arms with missing runs are compared within seeds", () => {
  // Seed 2 is 10 above seed 1. By plain means, the baseline would be 5.5 better.
  const made = answer(
    madeResults(
      [...two, arm("none done")],
      [
        [1, undefined],
        [0.5, 10.5],
        [undefined, undefined],
      ],
    ),
  );
  expect(armOf(made, 1).gain).toEqual({ estimate: expect.closeTo(0.5, 12) });
  expect(armOf(made, 1).losses).toEqual([0.5, 10.5]);
  expect(armOf(made, 2)).toEqual({
    arm: 2,
    losses: [undefined, undefined],
    mean: undefined,
    deviation: undefined,
    gain: undefined,
    gainPercent: undefined,
    match: undefined,
  });
  expect(measureOf(made).residual).toBeUndefined();
});

test("arms without a common seed are compared through a third arm, or not at all", () => {
  const apart = answer(
    madeResults(two, [
      [1, undefined],
      [undefined, 2],
    ]),
  );
  expect(armOf(apart, 1)).toMatchObject({ mean: 2, gain: undefined, gainPercent: undefined, match: undefined });
  // In the third arm, seed 2 is three above seed 1, so the estimated loss of `ours` in seed 1 is −1.
  const arms = [...two, arm("between")];
  const joined = answer(
    madeResults(arms, [
      [1, undefined],
      [undefined, 2],
      [4, 7],
    ]),
  );
  expect(armOf(joined, 1).gain).toEqual({ estimate: expect.closeTo(2, 12) });
  expect(armOf(joined, 2).gain).toEqual({ estimate: expect.closeTo(-3, 12) });
});

test("a run whose final loss is not finite is missing for that modality only", () => {
  const curve = (last: number) => ({ steps: [1, 2, 3], losses: [3, 2, last] });
  const results = madeResults(two, [
    [2, 2, 2],
    [1, 1, 1],
  ]);
  const runs = results.runs.map((run, i) => {
    const curves = { text: curve(i === 4 ? Number.NaN : i < 3 ? 2 : 1), image: curve(1) };
    return { ...run, training: curves, validation: {} };
  });
  const modalities = ["text", "image"].map((name) => ({ name, unit: "nats" }));
  const made = answer({ ...results, runs, modalities });
  expect(made.modalities.map(({ measures }) => measures.map(({ arms }) => arms[1]?.losses))).toEqual([
    [[1, undefined, 1]],
    [[1, 1, 1]],
  ]);
});

test("a run that is not done has no loss, even if it has a curve", () => {
  const results = madeResults(two, [
    [2, 2],
    [1, 1],
  ]);
  const runs = results.runs.map((run, i) => ({ ...run, state: i === 3 ? ("failed" as const) : run.state }));
  expect(armOf(answer({ ...results, runs }), 1).losses).toEqual([1, undefined]);
});

test("the final training loss is the mean of the last steps, the final validation loss is the last", () => {
  const losses = Array.from({ length: 100 }, (_, i) => 100 - i);
  const steps = losses.map((_, i) => 2 * i);
  const results: AblationResults = { ...madeResults(two, [[{ steps, losses }], [1]]), steps: 200 };
  const made = answer(results);
  // 4 % of 200 steps are 8 points, with losses 8, 7, … 1.
  expect(made.window).toBe(8);
  expect(armOf(made, 0).mean).toBe(4.5);
  expect(armOf(made, 0, "validation").mean).toBe(1);
  expect(answer({ ...results, steps: 3 }).window).toBe(1);
});

test("without a baseline there are means and no gains", () => {
  const { baseline: _, ...rest } = madeResults(two, [
    [2, 3],
    [1, 2],
  ]);
  const made = answer({ ...rest, baseline: undefined });
  expect(armOf(made, 1)).toMatchObject({ mean: 1.5, gain: undefined, gainPercent: undefined, match: undefined });
});
