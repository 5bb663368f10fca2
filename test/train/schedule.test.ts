// The learning rate of each step.
import { expect, test } from "vitest";
import { learningRate } from "../../src/train/loop.js";

const rates = (steps: number, schedule: Parameters<typeof learningRate>[0]["schedule"]): number[] =>
  Array.from({ length: steps }, (_, step) => learningRate({ steps, schedule }, step, 1e-3));

test("a warm-up rises from lr / warmup to lr, and a constant schedule stays at lr", () => {
  const got = rates(6, { kind: "constant", warmup: 4 });
  for (const [step, expected] of [0.25e-3, 0.5e-3, 0.75e-3, 1e-3, 1e-3, 1e-3].entries())
    expect(got[step]).toBeCloseTo(expected, 15);
});

test("a cosine starts at lr after the warm-up, is halfway in the middle, and ends at floor · lr", () => {
  const got = rates(13, { kind: "cosine", warmup: 2, floor: 0.1 });
  expect(got[1]).toBe(1e-3);
  expect(got[2]).toBe(1e-3);
  expect(got[7]).toBeCloseTo(0.55e-3, 15);
  expect(got[12]).toBeCloseTo(0.1e-3, 15);
  expect(got[4]).toBeCloseTo(1e-3 * (0.1 + 0.45 * (1 + Math.cos(0.2 * Math.PI))), 15);
  for (let step = 3; step < 13; step++) expect(got[step]).toBeLessThan(got[step - 1] as number);
});

test("a run shorter than its warm-up and a run of one step have learning rates", () => {
  expect(rates(3, { kind: "cosine", warmup: 10, floor: 0 })[2]).toBeCloseTo(0.3e-3, 15);
  expect(rates(1, { kind: "cosine", warmup: 0, floor: 0 })).toEqual([1e-3]);
  expect(rates(3, { kind: "cosine", warmup: 2, floor: 0 })).toEqual([0.5e-3, 1e-3, 1e-3]);
});
