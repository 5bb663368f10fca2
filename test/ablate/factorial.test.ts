// Effects, interactions and synergy, compared with hand calculations and with statsmodels.
import { expect, test } from "vitest";
import { answer } from "../../src/ablate/analyse.js";
import type { Estimate } from "../../src/ablate/answer.js";
import { arm, factorialIn, fromFile, madeResults, measureOf, type Table, tableResults } from "./made.js";

interface Expected {
  readonly residual: { readonly deviation: number | null; readonly degrees: number };
  readonly effects: readonly (Nullable & { readonly factors: readonly string[] })[];
  readonly synergy: Readonly<Record<"joint" | "sum" | "difference", Nullable>>;
}
type Nullable = { readonly [K in "estimate" | "low" | "high" | "p"]: number | null };

/** Compares numbers relative to the interval's half-width, because subtraction loses digits. */
function expectNear(ours: Estimate, theirs: Nullable): void {
  const reach = ((theirs.high ?? 1) - (theirs.low ?? 0)) / 2;
  for (const key of ["estimate", "low", "high"] as const) {
    const [one, other] = [ours[key] ?? null, theirs[key]];
    if (other === null || one === null) expect(one).toBe(other);
    else expect(Math.abs(one - other) / Math.min(reach, Math.abs(other))).toBeLessThan(1e-9);
  }
  if (theirs.p === null) expect(ours).not.toHaveProperty("p");
  else expect(Math.abs((ours.p ?? Number.NaN) / theirs.p - 1)).toBeLessThan(1e-9);
}

test.each(["complete", "missing", "one-seed"])("all effects equal those of statsmodels: %s", (name) => {
  const expected = fromFile<Expected>(`${name}.expected`);
  const made = answer(tableResults(fromFile<Table>(name)));
  const { effects, synergy, factors } = factorialIn(made);
  expect(factors).toEqual(["in_proj", "x_proj", "dt_proj", "out_proj"]);
  expect(effects.map((effect) => effect.factors)).toEqual(expected.effects.map((effect) => effect.factors));
  for (const [i, effect] of effects.entries()) expectNear(effect, expected.effects[i] as Nullable);
  for (const key of ["joint", "sum", "difference"] as const) expectNear(synergy[key], expected.synergy[key]);
  const { residual } = measureOf(made);
  expect(residual?.degrees ?? 0).toBe(expected.residual.degrees);
  if (expected.residual.deviation === null) expect(residual).toBeUndefined();
  else expect(residual?.deviation).toBeCloseTo(expected.residual.deviation, 12);
});

test("effects of two factors and two seeds equal a calculation by hand", () => {
  const made = answer(
    tableResults({
      factors: ["a", "b"],
      losses: { "": [10, 12], a: [7, 9], b: [9, 10], "a + b": [4, 7] },
    }),
  );
  // Means over seeds: none 11, a 8, b 9.5, both 5.5. Means over arms: 7.5 and 9.5. Grand mean: 8.5. So the seeds' effects
  // are -1 and +1, and the residuals are  none 0 0,  a 0 0,  b +0.5 −0.5,  both −0.5 +0.5.
  // The sum of squares is 1, degrees of freedom are 8 − 4 − 2 + 1 = 3, and the variance is 1/3.
  expect(measureOf(made).residual).toEqual({ deviation: expect.closeTo(Math.sqrt(1 / 3), 12), degrees: 3 });
  const { effects, synergy } = factorialIn(made);
  // a: (8 + 5.5)/2 − (11 + 9.5)/2.  b: (9.5 + 5.5)/2 − (11 + 8)/2.  Both: (11 + 5.5)/2 − (8 + 9.5)/2.
  expect(effects.map(({ estimate }) => estimate)).toEqual([-3.5, -2, -0.5].map((one) => expect.closeTo(one, 12)));
  // Each is half a signed sum of four means of two runs: variance ¼ · 4 · (1/3)/2 = 1/6.
  // The 97.5 % quantile of t with 3 degrees is 3.182446305.
  const reach = 3.1824463052837 * Math.sqrt(1 / 6);
  expect(effects[0]?.low).toBeCloseTo(-3.5 - reach, 10);
  expect(effects[0]?.high).toBeCloseTo(-3.5 + reach, 10);
  // Gains: both 11 − 5.5 = 5.5; the sum of single gains (11 − 8) + (11 − 9.5) = 4.5; their difference is 1.
  expect(synergy.joint.estimate).toBeCloseTo(5.5, 12);
  expect(synergy.sum.estimate).toBeCloseTo(4.5, 12);
  expect(synergy.difference.estimate).toBeCloseTo(1, 12);
  // A signed sum of four means: variance 4 · (1/3)/2 = 2/3.
  expect(synergy.difference.low).toBeCloseTo(1 - 3.1824463052837 * Math.sqrt(2 / 3), 10);
});

test("an axis of two values is a factor, on at the second value; parts may be records; extra arms are left out", () => {
  const groups = { part: "x_proj", groups: [["text"], ["image"]] };
  const states = [8, 16];
  const values = [[], ["in_proj"], [groups], ["in_proj", groups]];
  const arms = states.flatMap((d_state) =>
    values.map((parts, i) => arm(`${d_state} ${i}`, { "mixer.d_state": d_state, "mixer.decouple": parts })),
  );
  const wide = {
    ...arm("wide", { "mixer.d_state": 8, "mixer.decouple": [], "model.d_model": 64 }),
    kind: "extra",
  } as const;
  const losses = [5, 4, 3, 1.5, 4.5, 3.5, 2.5, 1];
  const results = madeResults(
    [...arms, wide],
    [...losses, 4.9].map((loss) => [loss, loss + 0.1]),
    {
      axes: [
        { path: "mixer.d_state", values: states },
        { path: "mixer.decouple", values, subsetsOf: ["in_proj", "x_proj"] },
      ],
    },
  );
  const { factors, effects } = factorialIn(answer(results));
  expect(factors).toEqual(["mixer.d_state", "in_proj", "x_proj"]);
  const found = effects.map(({ factors, estimate }) => [factors.join(" × "), Math.round(estimate * 1e9) / 1e9]);
  expect(found).toEqual([
    ["mixer.d_state", -0.5],
    ["in_proj", -1.25],
    ["x_proj", -2.25],
    ["mixer.d_state × in_proj", 0],
    ["mixer.d_state × x_proj", 0],
    ["in_proj × x_proj", -0.25],
    ["mixer.d_state × in_proj × x_proj", 0],
  ]);
  expect(measureOf(answer(results)).residual?.degrees).toBe(18 - 9 - 2 + 1);
});

test("parts that two blocks vary are distinguished by their paths", () => {
  const subsets = [[], ["in_proj"]];
  const points = subsets.flatMap((low) => subsets.map((high) => ({ "low.decouple": low, "high.decouple": high })));
  const axes = ["low.decouple", "high.decouple"].map((path) => ({ path, values: subsets, subsetsOf: ["in_proj"] }));
  const arms = points.map((settings, i) => arm(`${i}`, settings));
  const results = madeResults(arms, [[4], [3], [2], [1]], { axes });
  expect(factorialIn(answer(results)).factors).toEqual(["low.decouple in_proj", "high.decouple in_proj"]);
});

test("results that are not a factorial give the reason", () => {
  const table = fromFile<Table>("complete");
  const why = (results: Parameters<typeof answer>[0]): unknown => measureOf(answer(results)).factorial;
  expect(why(tableResults({ ...table, losses: { ...table.losses, x_proj: [null, null, null] } }))).toBe(
    "No run of `x_proj` has a final loss, and effects need every arm of the grid.",
  );
  const { x_proj: _, ...fifteen } = table.losses;
  expect(why(tableResults({ ...table, losses: fifteen }))).toBe(
    "The grid has 15 of the 16 combinations of its factors; effects need all.",
  );
  const three = [8, 16, 32].map((d_state) => arm(`${d_state}`, { d_state }));
  const axes = [{ path: "d_state", values: [8, 16, 32] }];
  expect(why(madeResults(three, [[1], [2], [3]], { axes }))).toBe(
    "`d_state` has 3 values; effects and interactions are of factors that are off or on.",
  );
  expect(why(madeResults(three, [[1], [2], [3]]))).toBe("Nothing but the seed varies, so there are no effects.");
  const seven = [..."abcdefg"].map((path) => ({ path, values: [0, 1] }));
  expect(why(madeResults(three, [[1], [2], [3]], { axes: seven }))).toBe(
    "7 factors have too many interactions; the limit is 6.",
  );
  expect(why(tableResults({ factors: ["a"], losses: { "": [1, null], a: [null, 2] } }))).toBe(
    "Arms of the grid have no seed in common, so there is nothing to compare them by.",
  );
});
