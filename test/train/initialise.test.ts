// Initial values: their distributions, and the random stream of each group.
import { expect, test } from "vitest";
import type { InitKey, InitKind } from "../../src/ir/initial.js";
import { philox, stream } from "../../src/random/stream.js";
import { initialValues, inverseSoftplus } from "../../src/train/initialise.js";

const key: InitKey = { seed: 7, layer: 3, part: 2, group: 0 };
const draw = (kind: InitKind, shape: readonly number[], changes: Partial<InitKey> = {}): number[] =>
  Array.from(initialValues(kind, shape, { ...key, ...changes }));
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: readonly number[]): number => Math.sqrt(mean(values.map((v) => (v - mean(values)) ** 2)));
const softplus = (x: number): number => Math.log1p(Math.exp(x));

const uniform: readonly [string, InitKind, number][] = [
  ["linear", { kind: "linear", fanIn: 64 }, 1 / 8],
  ["conv1d", { kind: "conv1d", d_conv: 4 }, 1 / 2],
  ["dt_weight", { kind: "dt_weight", dt_rank: 16 }, 1 / 4],
];
test.each(uniform)("%s is uniform within its bound", (_, kind, bound) => {
  const values = draw(kind, [200, 100]);
  expect(values).toHaveLength(20_000);
  expect(Math.max(...values)).toBeLessThanOrEqual(bound);
  expect(Math.max(...values)).toBeGreaterThan(bound * 0.999);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(-bound);
  expect(Math.min(...values)).toBeLessThan(-bound * 0.999);
  // Four standard errors of 20 000 draws.
  expect(Math.abs(mean(values))).toBeLessThan((4 * bound) / Math.sqrt(3 * 20_000));
  expect(deviation(values)).toBeCloseTo(bound / Math.sqrt(3), 2);
});

test("normal has the given deviation and the tails of a normal distribution", () => {
  const values = draw({ kind: "normal", deviation: 0.02 }, [20_000]);
  expect(Math.abs(mean(values))).toBeLessThan((4 * 0.02) / Math.sqrt(20_000));
  expect(deviation(values) / 0.02).toBeCloseTo(1, 1);
  const beyondTwo = values.filter((value) => Math.abs(value) > 0.04).length / values.length;
  expect(beyondTwo).toBeGreaterThan(0.04);
  expect(beyondTwo).toBeLessThan(0.052);
});

test("the softplus of the dt bias is log-uniform in [1e-3, 1e-1]", () => {
  const dt = draw({ kind: "dt_bias" }, [20_000]).map(softplus);
  expect(Math.min(...dt)).toBeGreaterThan(1e-3 * (1 - 1e-5));
  expect(Math.max(...dt)).toBeLessThan(1e-1 * (1 + 1e-5));
  for (const quantile of [0.25, 0.5, 0.75]) {
    const below = dt.filter((value) => value < 1e-3 * 100 ** quantile).length / dt.length;
    expect(Math.abs(below - quantile)).toBeLessThan(0.015);
  }
});

test("inverseSoftplus is the inverse of softplus, also near 0", () => {
  for (const dt of [1e-4, 1e-3, 0.05, 0.1, 1, 5]) expect(softplus(inverseSoftplus(dt)) / dt).toBeCloseTo(1, 10);
  expect(inverseSoftplus(Math.LN2)).toBeCloseTo(0, 14);
});

test("every row of A_log is log(1..N), and ones is 1 everywhere", () => {
  const row = [1, 2, 3].map((n) => Math.fround(Math.log(n)));
  expect(draw({ kind: "A_log", d_state: 3 }, [2, 3])).toEqual([...row, ...row]);
  expect(draw({ kind: "ones" }, [3])).toEqual([1, 1, 1]);
});

test("only the key matters: group 0 equals the shared tensor, and every other key differs", () => {
  const kind: InitKind = { kind: "linear", fanIn: 4 };
  const shared = draw(kind, [8, 4]);
  expect(draw(kind, [8, 4], { group: 0 })).toEqual(shared);
  for (const change of [{ group: 1 }, { part: 3 }, { layer: 4 }, { seed: 8 }, { seed: 7 + 2 ** 32 }])
    expect(draw(kind, [8, 4], change)).not.toEqual(shared);
});

test("words drawn in bulk equal words drawn one by one, from any position", () => {
  for (const [before, many] of [
    [0, 4096],
    [1, 1],
    [3, 2],
    [2, 10],
    [5, 7],
    [4, 0],
  ] as const) {
    const [one, other] = [stream("order", 2 ** 40 + 3, 1, 2, 3), stream("order", 2 ** 40 + 3, 1, 2, 3)];
    for (let i = 0; i < before; i++) expect(other.word()).toBe(one.word());
    const words = new Uint32Array(many);
    other.words(words);
    expect([...words]).toEqual(Array.from(words, () => one.word()));
    expect(other.word()).toBe(one.word());
  }
});

// Known answers of the generator from Random123's kat_vectors: all zeros, all ones, digits of π.
test.each([
  [
    [0, 0],
    [0, 0, 0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [2 ** 32 - 1, 2 ** 32 - 1],
    [2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0xa4093822, 0x299f31d0],
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
] as const)("Philox 4x32-10 of key %j", (key, counter, words) => {
  expect(philox(key, counter)).toEqual(words);
});

test("numbers are the same on every machine", () => {
  expect(draw({ kind: "linear", fanIn: 1 }, [2], { seed: 0, layer: 0, part: 0 })).toMatchInlineSnapshot(`
    [
      0.6920177936553955,
      -0.2671634554862976,
    ]
  `);
});
