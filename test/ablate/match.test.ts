// The steps an arm takes to reach the baseline's final loss, on curves with known answers.
import { expect, test } from "vitest";
import { answer, smoothed } from "../../src/ablate/analyse.js";
import type { Match } from "../../src/ablate/answer.js";
import type { Curve } from "../../src/ablate/results.js";
import { arm, armOf, type Made, madeResults } from "./made.js";

const STEPS = 2000;
const arms = [arm("baseline", {}, 100), arm("ours", {}, 120)];
const curve = (lossAt: (step: number) => number, steps = STEPS): Curve => {
  const at = Array.from({ length: steps }, (_, i) => i + 1);
  return { steps: at, losses: at.map(lossAt) };
};
/** A curve that falls as a power of the steps, `speed` times as fast. */
const powerLaw = (speed: number, above = 2): Curve => curve((step) => above + 5 * (speed * step) ** -0.5);
const matchIn = (runs: readonly (readonly Made[])[], measure = "training", steps = STEPS): Match | undefined =>
  armOf(answer(madeResults(arms, runs, { steps })), 1, measure).match;

test.each([1.25, 1.5, 2, 4])("an arm that learns %f times as fast needs proportionally fewer steps", (speed) => {
  const runs = [[powerLaw(1)], [powerLaw(speed)]];
  const smooth = matchIn(runs);
  if (smooth?.reached !== "all") throw new Error("not reached");
  // A mean over 4 % of the steps is above the middle of a convex curve, which biases the estimate slightly.
  expect(smooth.steps.estimate / (100 / speed)).toBeCloseTo(1, 2);
  expect(Math.abs((smooth.steps.estimate * speed) / 100 - 1)).toBeLessThan(2e-3);
  expect(smooth.flops.estimate).toBeCloseTo(1.2 * smooth.steps.estimate, 10);
  expect(smooth.steps).not.toHaveProperty("low");
  const validated = matchIn(runs, "validation");
  if (validated?.reached !== "all") throw new Error("not reached");
  // The curve is nearly straight between two points that are one step apart.
  expect(validated.steps.estimate / (100 / speed)).toBeCloseTo(1, 6);
});

test("the mean over seeds is geometric, and its interval is computed on logarithms", () => {
  const line = (slope: number): Curve => curve((step) => 10 - slope * step, 8);
  // The baseline falls to 2 in 8 steps. Ours gets there after 4 and after 5.
  const match = matchIn(
    [
      [line(1), line(1)],
      [line(2), line(1.6)],
    ],
    "training",
    8,
  );
  if (match?.reached !== "all") throw new Error("not reached");
  const [mean, deviation] = [Math.log(50 * 62.5) / 2, Math.log(62.5 / 50) / Math.SQRT2];
  const reach = (12.7062047361747 * deviation) / Math.SQRT2;
  expect(match.steps.estimate).toBeCloseTo(Math.sqrt(50 * 62.5), 10);
  expect(match.steps.low).toBeCloseTo(Math.exp(mean - reach), 10);
  expect(match.steps.high).toBeCloseTo(Math.exp(mean + reach), 9);
  expect(match.flops.low).toBeCloseTo(1.2 * Math.exp(mean - reach), 10);
  expect(match.steps).not.toHaveProperty("p");
});

test("the match is interpolated linearly between points", () => {
  const [coarse, target] = [
    { steps: [100, 200, 300], losses: [6, 4, 3] },
    { steps: [100, 200, 300], losses: [7, 6, 4.5] },
  ];
  // From 6 at step 100 to 4 at step 200, the loss is 4.5 at step 175 of 300.
  expect(matchIn([[target], [coarse]], "validation")).toMatchObject({ steps: { estimate: (100 * 175) / 300 } });
});

test("for a baseline that overfits, the first step with its final loss counts", () => {
  const curve = (losses: number[]): Curve => ({ steps: losses.map((_, i) => 10 * (i + 1)), losses });
  const overfits = curve([5, 3, 2, 1, 2, 3]);
  const same = curve([5, 3, 2, 1, 2, 3.5]);
  const twice = curve([3, 1, 0.5, 1, 2, 3]);
  expect(matchIn([[overfits], [same]], "validation")).toMatchObject({ steps: { estimate: 100 } });
  expect(matchIn([[overfits], [twice]], "validation")).toMatchObject({ steps: { estimate: 50 } });
});

test("a match counts even if the arm's validation loss rises again later", () => {
  const steps = [1, 2, 3, 4, 5, 6];
  const [target, overfits] = [
    { steps, losses: [9, 8, 7, 6, 5, 4] },
    { steps, losses: [6, 4, 3.5, 4.5, 6, 9] },
  ];
  expect(matchIn([[target], [overfits]], "validation")).toMatchObject({ steps: { estimate: 100 * (2 / 6) } });
});

test("for an arm that matches at its first point, that point is an upper bound", () => {
  const [fast, target] = [
    { steps: [100, 200], losses: [1, 0.5] },
    { steps: [100, 200], losses: [3, 2] },
  ];
  const bound = { reached: "all", steps: { estimate: 50 }, flops: { estimate: 60 }, atMost: true };
  expect(matchIn([[target], [fast]], "validation")).toEqual(bound);
  // A bound in one seed of two makes the mean a bound, and bounds have no interval.
  const later = { steps: [100, 200], losses: [3, 2] };
  const [first, second] = [
    [target, target],
    [fast, later],
  ];
  expect(matchIn([first, second], "validation")).toEqual({
    reached: "all",
    steps: { estimate: expect.closeTo(Math.sqrt(50 * 100), 10) },
    flops: { estimate: expect.closeTo(1.2 * Math.sqrt(50 * 100), 10) },
    atMost: true,
  });
  // A fine-tuned model's first point is step 0, so it is exact.
  const begun = { steps: [0, 100, 200], losses: [1, 0.8, 0.5] };
  expect(matchIn([[target], [begun]], "validation")).not.toHaveProperty("atMost");
});

test("a baseline with its final loss at its first point gives no match", () => {
  const flat = { steps: [100, 200], losses: [2, 2] };
  const falling = { steps: [100, 200], losses: [3, 1] };
  expect(matchIn([[flat], [falling]], "validation")).toBeUndefined();
  expect(matchIn([[flat], [flat]], "validation")).toBeUndefined();
});

test("seeds that never match are counted", () => {
  const [base, better, worse] = [powerLaw(1), powerLaw(2), powerLaw(1, 2.2)];
  expect(
    matchIn([
      [base, base, base],
      [worse, worse, worse],
    ]),
  ).toEqual({ reached: "none", by: 0, of: 3 });
  expect(
    matchIn([
      [base, base, base],
      [better, worse, better],
    ]),
  ).toEqual({ reached: "some", by: 2, of: 3 });
  // Seeds that one of the arms lacks do not count as unmatched.
  expect(
    matchIn([
      [base, undefined, base],
      [better, worse, undefined],
    ]),
  ).toMatchObject({ reached: "all" });
  expect(
    matchIn([
      [base, undefined, base],
      [worse, worse, undefined],
    ]),
  ).toEqual({ reached: "none", by: 0, of: 1 });
  expect(
    matchIn([
      [base, undefined],
      [undefined, better],
    ]),
  ).toBeUndefined();
});

test("losses within a curve that are not finite are left out", () => {
  const [base, faster] = [powerLaw(1), powerLaw(2)];
  const losses = faster.losses.map((loss, i) => (i === 300 || i === 301 ? Number.NaN : loss));
  const match = matchIn([[base], [{ ...faster, losses }]]);
  if (match?.reached !== "all") throw new Error("not reached");
  expect(match.steps.estimate).toBeCloseTo(50, 1);
});

test("a smoothed curve has points at the middles of its windows; a curve shorter than a window becomes one mean", () => {
  const five = { steps: [1, 2, 4, 8, 16], losses: [5, 4, 3, 2, 1] };
  expect(smoothed(five, 2)).toEqual({ steps: [1.5, 3, 6, 12], losses: [4.5, 3.5, 2.5, 1.5] });
  expect(smoothed(five, 80)).toEqual({ steps: [6.2], losses: [3] });
  expect(smoothed({ steps: [], losses: [] }, 80)).toEqual({ steps: [], losses: [] });
});
