// Checks the intervals' coverage on hundreds of synthetic ablations: 95 % of them contain the true value.
import { expect, test } from "vitest";
import { answer } from "../../src/ablate/analyse.js";
import type { Curve } from "../../src/ablate/results.js";
import { type Stream, stream } from "../../src/random/stream.js";
import { arm, armOf, covers, factorialIn, madeResults, type Table, tableResults } from "./made.js";

const FACTORS = ["a", "b", "c"];
const SUBSETS = Array.from({ length: 8 }, (_, bits) => FACTORS.filter((_, f) => bits & (1 << f)));

/** Losses that depend on the seed, the run and each factor's effect. With `holes`, one run in ten is missing. */
function noisyTable(numbers: Stream, seeds: number, effects: Readonly<Record<string, number>>, holes: boolean): Table {
  const shifts = Array.from({ length: seeds }, () => 0.1 * numbers.normal());
  const rows = SUBSETS.map((subset) => {
    const mean = subset.reduce((total, factor) => total + (effects[factor] ?? 0), 3);
    const losses = shifts.map((shift, seed) => {
      const loss = mean + shift + 0.02 * numbers.normal();
      return holes && seed > 0 && numbers.below(10) === 0 ? null : loss;
    });
    return [subset.join(" + "), losses] as const;
  });
  return { factors: FACTORS, losses: Object.fromEntries(rows) };
}

/** Allows a share of 400 ablations slightly more than two standard deviations, each √(0.05 · 0.95 / 400) = 1.1 %. */
const expectNominal = (share: number): void => {
  expect(share).toBeGreaterThan(0.925);
  expect(share).toBeLessThan(0.975);
};

test.each([
  [2, false],
  [3, false],
  [3, true],
  [5, true],
])("without any effect, one interval in twenty excludes zero: %i seeds, holes %s", (seeds, holes) => {
  const counts = { gain: 0, main: 0, interaction: 0, synergy: 0, significant: 0 };
  for (let ablation = 0; ablation < 400; ablation++) {
    const numbers = stream("sample", 11, ablation, seeds, Number(holes));
    const made = answer(tableResults(noisyTable(numbers, seeds, {}, holes)));
    const { effects, synergy } = factorialIn(made);
    const gain = armOf(made, 5).gain ?? { estimate: Number.NaN };
    counts.gain += Number(covers(gain, 0));
    counts.main += Number(covers(effects[1] ?? gain, 0));
    counts.interaction += Number(covers(effects[6] ?? gain, 0));
    counts.synergy += Number(covers(synergy.difference, 0));
    counts.significant += Number((gain.p ?? Number.NaN) >= 0.05);
  }
  expect(counts.significant).toBe(counts.gain);
  for (const count of Object.values(counts)) expectNominal(count / 400);
});

test.each([2, 3, 5])("intervals of gains, effects and synergy contain the true values: %i seeds", (seeds) => {
  const counts = { gain: 0, main: 0, interaction: 0, synergy: 0 };
  for (let ablation = 0; ablation < 400; ablation++) {
    const numbers = stream("sample", 12, ablation, seeds);
    const made = answer(tableResults(noisyTable(numbers, seeds, { a: -0.1, b: -0.05, c: 0.02 }, seeds > 2)));
    const { effects, synergy } = factorialIn(made);
    counts.gain += Number(covers(armOf(made, 3).gain ?? { estimate: 0 }, 0.15));
    counts.main += Number(covers(effects[0] ?? synergy.sum, -0.1));
    counts.interaction += Number(covers(effects[3] ?? synergy.sum, 0));
    counts.synergy += Number(covers(synergy.joint, 0.13));
  }
  for (const count of Object.values(counts)) expectNominal(count / 400);
});

const STEPS = 1000;
const arms = [arm("baseline"), arm("ours")];
/**
 * Steps to match in synthetic ablations, whose curves fall as 2 + 5 (speed · step)^−½. Each step has noise, most of
 * which comes from its batch and is the same in both arms.
 */
function matches(ablations: number, seeds: number, speed: number, noise: number) {
  return Array.from({ length: ablations }, (_, ablation) => {
    const runs: [Curve[], Curve[]] = [[], []];
    for (let seed = 0; seed < seeds; seed++) {
      const numbers = stream("sample", 13, ablation, seed, seeds);
      const steps = Array.from({ length: STEPS }, (_, i) => i + 1);
      const batches = steps.map(() => numbers.normal());
      for (const [index, faster] of [1, speed].entries()) {
        const losses = steps.map((step, i) => {
          const rest = noise * (0.8 * (batches[i] as number) + 0.6 * numbers.normal());
          return 2 + 5 * (faster * step) ** -0.5 + rest;
        });
        runs[index]?.push({ steps, losses });
      }
    }
    return armOf(answer(madeResults(arms, runs, { steps: STEPS })), 1).match;
  });
}

test.each([
  [3, 1.5],
  [5, 1.5],
  [3, 2],
  [5, 2],
])("intervals of steps to match contain the true share: %i seeds, %f times as fast", (seeds, speed) => {
  const found = matches(200, seeds, speed, 0.1).map((match) => match?.reached === "all" && match.steps);
  // The estimates are unbiased. They would not be if noise alone could make an arm match.
  const errors = found.map((steps) => Math.log(((steps || undefined)?.estimate ?? Number.NaN) * (speed / 100)));
  expect(Math.abs(errors.reduce((total, error) => total + error, 0) / 200)).toBeLessThan(0.05);
  const held = found.filter((steps) => steps && covers(steps, 100 / speed)).length;
  expect(found.every(Boolean)).toBe(true);
  // Two standard deviations of a share of 200 are 3.1 %.
  expect(held / 200).toBeGreaterThan(0.915);
  expect(held / 200).toBeLessThan(0.985);
});
