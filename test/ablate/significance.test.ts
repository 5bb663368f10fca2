// A difference is significant if its p-value, corrected by Holm, is low enough, with enough seeds and degrees of freedom,
// and if it exceeds rounding.
import { expect, test } from "vitest";
import { answer } from "../../src/ablate/analyse.js";
import type { Answer, Estimate } from "../../src/ablate/answer.js";
import { corrected, holm } from "../../src/ablate/holm.js";
import { stream } from "../../src/random/stream.js";
import { ablationJson, ablationMarkdown } from "../../src/report/ablation/forms.js";
import { ablationPart } from "../../src/report/ablation/render.js";
import { arm, armOf, factorialIn, type Made, madeResults, measureOf, tableResults } from "./made.js";

const armsOf = (count: number) => Array.from({ length: count }, (_, i) => arm(`arm ${i}`));
const gainsOf = (made: Answer): Estimate[] => measureOf(made).arms.flatMap(({ gain }) => gain ?? []);
const near = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 14));

test.each([
  // Calculated by hand, and equal to multipletests(p, method="holm") of statsmodels.
  [
    [0.01, 0.04, 0.03, 0.005],
    [0.03, 0.06, 0.06, 0.02],
  ],
  // Ties: 4 · 0.02, and then the same again, because 3 · 0.02 is less.
  [
    [0.02, 0.02, 0.02, 0.5],
    [0.08, 0.08, 0.08, 0.5],
  ],
  [
    [0.9, 0.6, 0.3],
    [1, 1, 0.9],
  ],
  [[0.049], [0.049]],
  [[], []],
])("Holm's correction of %j is %j", (p, expected) => {
  expect(holm(p)).toEqual(near(expected));
});

test("a mark needs a corrected p below 0.05, three seeds and two degrees of freedom", () => {
  const one = (p: number, seeds: number, degrees: number): Estimate => ({ estimate: 1, p, seeds, degrees });
  const marks = (...estimates: Estimate[]) => corrected(estimates).map(({ significant }) => significant);
  expect(marks(one(0.049, 3, 2))).toEqual([true]);
  expect(marks(one(0.05, 3, 2))).toEqual([false]);
  expect(marks(one(1e-9, 2, 30))).toEqual([false]);
  expect(marks(one(1e-9, 3, 1))).toEqual([false]);
  // 0.03 alone is low enough. With another comparison it is corrected to 0.06.
  expect(marks(one(0.03, 3, 2), one(0.2, 3, 2))).toEqual([false, false]);
  // An estimate without a p-value is not counted as a comparison.
  expect(marks(one(0.03, 3, 2), { estimate: 2 })).toEqual([true, undefined]);
});

test("gains of one measure are corrected together, and so are effects and synergy", () => {
  const numbers = stream("sample", 21);
  const noisy = (mean: number) => [0, 1, 2].map((seed) => mean + seed + 0.02 * numbers.normal());
  const losses = { "": noisy(5), a: noisy(4.97), b: noisy(4.96), "a + b": noisy(4.93) };
  const made = answer(tableResults({ factors: ["a", "b"], losses }));
  const gains = gainsOf(made);
  expect(gains.map(({ pCorrected }) => pCorrected)).toEqual(near(holm(gains.map(({ p }) => p as number))));
  const { effects, synergy } = factorialIn(made);
  const all: Estimate[] = [...effects, synergy.joint, synergy.sum, synergy.difference];
  expect(all.map(({ pCorrected }) => pCorrected)).toEqual(near(holm(all.map(({ p }) => p as number))));
  expect(all.every(({ seeds, degrees }) => seeds === 3 && degrees === 6)).toBe(true);
  // The gain in per cent has the same test.
  const { gain, gainPercent } = armOf(made, 1);
  expect({ ...gainPercent, estimate: 0, low: 0, high: 0 }).toEqual({ ...gain, estimate: 0, low: 0, high: 0 });
});

test("the effect of a single factor and its gain count as one comparison", () => {
  const losses = { "": [5, 6.01, 7], a: [4, 5, 6.02] };
  const { effects, synergy } = factorialIn(answer(tableResults({ factors: ["a"], losses })));
  const [effect] = effects;
  expect(effect?.pCorrected).toBe(effect?.p);
  expect(effect?.significant).toBe(true);
  expect(synergy.joint).toMatchObject({ pCorrected: effect?.p, significant: true });
  expect(synergy.difference).not.toHaveProperty("significant");
});

const marked = (runs: readonly (readonly Made[])[]): { readonly made: Answer; readonly pages: readonly string[] } => {
  const results = madeResults(armsOf(runs.length), runs, { axes: [{ path: "x", values: runs.map((_, i) => i) }] });
  const made = answer(results);
  const pages = [ablationPart(results, made), ablationMarkdown(results, made), ablationJson(results, made)];
  return { made, pages };
};
const isMarked = (page: string): boolean =>
  /<td><b>[+−]\d|<tspan class="sure"|\| \*\*[+−]\d|"significant": true/.test(page);

test("a difference may be marked with three seeds, but never with two, with one, or in an arm with a failed run", () => {
  const three = marked([
    [5, 6.01, 7],
    [4, 5, 6.02],
  ]);
  expect(three.pages.map(isMarked)).toEqual([true, true, true]);
  const many = Array.from({ length: 16 }, (_, i) => [5 - 0.3 * i, 6 - 0.3 * i + 0.001 * (i % 3)]);
  const two = marked(many);
  expect(gainsOf(two.made).every(({ pCorrected = 1 }) => pCorrected < 0.001)).toBe(true);
  expect(two.pages.map(isMarked)).toEqual([false, false, false]);
  expect(two.pages[1]).toContain("2 seeds: no difference is marked as significant. That needs at least 3.");
  const one = marked(many.map(([loss]) => [loss]));
  expect(one.pages.map(isMarked)).toEqual([false, false, false]);
  expect(gainsOf(one.made)[0]).toEqual({ estimate: expect.closeTo(0.3, 12) });
  const failed = marked([
    [5, 6.01, 7],
    [4, 5, 6.02],
    [3, 4.01, undefined],
    [undefined, undefined, undefined],
  ]);
  expect(gainsOf(failed.made).map(({ significant }) => significant)).toEqual([true, false]);
  expect(failed.pages[0]).not.toMatch(/\bNaN\b|Infinity/);
});

test("arms do not differ if their losses are equal, exactly or up to the rounding of f32 sums", () => {
  const losses = [2.2071, 2.3514, 2.1998];
  const same = marked([losses, losses, losses]);
  for (const gain of gainsOf(same.made)) expect(gain).toMatchObject({ estimate: 0, p: 1, significant: false });
  expect(same.pages.map(isMarked)).toEqual([false, false, false]);
  expect(same.pages.join()).not.toMatch(/\bNaN\b|Infinity/);
  // One arm is higher in each seed by the same few units in the last place, as if summed in another order.
  for (const units of [1, 2, 8]) {
    const shifted = marked([losses, losses.map((loss) => loss * (1 + units * 2 ** -24))]);
    expect(gainsOf(shifted.made)[0]?.p).toBeGreaterThan(0.5);
  }
  // All losses of one arm exceed the other's and seeds do not vary: the arms differ, and p is not zero.
  const real = gainsOf(
    marked([
      [3, 3, 3],
      [2, 2, 2],
    ]).made,
  )[0];
  expect(real).toMatchObject({ estimate: 1, significant: true });
  expect(real?.p).toBeGreaterThan(0);
  const zero = marked([
    [0, 0, 0],
    [0, 0, 0],
  ]);
  expect(gainsOf(zero.made)[0]).toMatchObject({ estimate: 0, p: 1, significant: false });
});

test("a run whose loss is not finite counts as missing, and no result is NaN", () => {
  const { made, pages } = marked([
    [5, 6.01, 7],
    [4, { steps: [10], losses: [Number.NaN] }, 6.02],
    [{ steps: [10], losses: [Number.POSITIVE_INFINITY] }, 4.2, 5.3],
  ]);
  expect(armOf(made, 1).losses).toEqual([4, undefined, 6.02]);
  for (const gain of gainsOf(made)) expect(Object.values(gain).every((one) => !Number.isNaN(one))).toBe(true);
  expect(pages.map(isMarked)).toEqual([false, false, false]);
  expect(pages[0]).not.toMatch(/\bNaN\b|Infinity/);
});

test("if no arm differs, at most one report in twenty marks a gain", () => {
  const TRIALS = 600;
  let [reports, plain] = [0, 0];
  for (let trial = 0; trial < TRIALS; trial++) {
    const numbers = stream("sample", 22, trial);
    const shifts = [0, 1, 2].map(() => numbers.normal());
    const runs = armsOf(8).map(() => shifts.map((shift) => 3 + 0.1 * shift + 0.02 * numbers.normal()));
    const gains = gainsOf(answer(madeResults(armsOf(8), runs)));
    reports += Number(gains.some(({ significant }) => significant));
    plain += Number(gains.some(({ p = 1 }) => p < 0.05));
  }
  // 0.05 plus two standard deviations of a share of 600. Without correction there are four times as many.
  expect(reports / TRIALS).toBeLessThan(0.05 + 2 * Math.sqrt((0.05 * 0.95) / TRIALS));
  expect(reports / TRIALS).toBeGreaterThan(0.01);
  expect(plain / TRIALS).toBeGreaterThan(0.15);
});

test("the report states seeds, held-out documents, degrees of freedom and the correction", () => {
  const runs = [
    [5, 6.01, 7],
    [4, 5, 6.02],
  ];
  const basis = (heldOut?: readonly number[]): string => {
    const modalities = [{ name: "text", unit: "nats", ...(heldOut && { heldOut }) }];
    const results = madeResults(armsOf(2), runs, { modalities });
    const texts = [ablationPart(results, answer(results)), ablationMarkdown(results, answer(results))];
    for (const text of texts) {
      expect(text).toMatch(/p below 0\.05 after Holm.{0,5}s correction for the number of comparisons/);
      expect(text).toContain("not corrected");
    }
    return /- Basis: (.*)/.exec(texts[1] ?? "")?.[1] ?? "";
  };
  expect(basis([371])).toBe("3 seeds, 371 held-out documents, 2 degrees of freedom.");
  expect(basis([1])).toBe("3 seeds, 1 held-out document, 2 degrees of freedom.");
  expect(basis([370, 380, 401])).toBe("3 seeds, 370 to 401 held-out documents, by arm, 2 degrees of freedom.");
  expect(basis()).toBe("3 seeds, 2 degrees of freedom.");
});
