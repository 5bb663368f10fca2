// Smoothing, thinning and axes of curves.
import { expect, test } from "vitest";
import { lineChart } from "../../src/report/chart.js";
import { axis, type Point, quantile, smoothed, thinned, topOf } from "../../src/report/curves.js";

const line = (values: readonly number[]): Point[] => values.map((y, x) => ({ x, y }));
const labels = (...args: Parameters<typeof axis>): string[] => axis(...args).ticks.map(({ label }) => label);

test("smoothing keeps a straight line, except near its end, and flattens noise", () => {
  const straight = line(Array.from({ length: 20 }, (_, i) => 3 * i + 1));
  for (const [index, { x, y }] of smoothed(straight, 5).slice(0, 18).entries()) {
    expect(x).toBe(index);
    expect(y).toBeCloseTo(3 * index + 1, 12);
  }
  const noisy = smoothed(line([0, 2, 0, 2, 0, 2, 0, 2, 0]), 5).map(({ y }) => y);
  expect(noisy[4]).toBeCloseTo(0.8, 12);
  expect(noisy[8]).toBeCloseTo(2 / 3, 12);
  expect(smoothed([], 5)).toEqual([]);
});

test("thinning keeps every spike", () => {
  const points = line(Array.from({ length: 10_000 }, (_, i) => (i === 7777 ? 50 : i === 3 ? -50 : Math.sin(i / 500))));
  const few = thinned(points, 100);
  expect(few.length).toBeLessThanOrEqual(200);
  expect(few).toContainEqual({ x: 7777, y: 50 });
  expect(few).toContainEqual({ x: 3, y: -50 });
  for (let i = 1; i < few.length; i++) expect((few[i] as Point).x).toBeGreaterThan((few[i - 1] as Point).x);
  expect(thinned(points.slice(0, 200), 100)).toEqual(points.slice(0, 200));
});

test("ticks are round numbers", () => {
  expect(labels(2.13, 5.9, 5, { outward: true })).toEqual(["2", "3", "4", "5", "6"]);
  expect(labels(0.31, 0.52, 5, { outward: true })).toEqual(["0.30", "0.35", "0.40", "0.45", "0.50", "0.55"]);
  expect(labels(0, 3e-4, 5, { outward: true })).toEqual(["0", "1e-4", "2e-4", "3e-4"]);
  expect(labels(0, 2000, 6)).toEqual(["0", "500", "1000", "1500", "2000"]);
  expect(labels(0, 60_000, 6)).toEqual(["0", "10k", "20k", "30k", "40k", "50k", "60k"]);
  expect(labels(0, 3, 6, { least: 1 })).toEqual(["0", "1", "2", "3"]);
});

test("an axis contains all values", () => {
  for (const [from, to] of [
    [0, 0],
    [5, 5],
    [-3, -3],
    [1e-9, 2e-9],
    [-1, 1],
    [1e12, 3e12],
    [0.1, 0.3],
  ] as const) {
    const { from: low, to: high, ticks } = axis(from, to, 5, { outward: true });
    expect(low).toBeLessThanOrEqual(from + 1e-12 * Math.abs(from));
    expect(high).toBeGreaterThanOrEqual(to - 1e-12 * Math.abs(to));
    expect(high).toBeGreaterThan(low);
    expect(ticks.length).toBeGreaterThanOrEqual(2);
    expect(ticks.length).toBeLessThan(12);
    expect(new Set(ticks.map(({ label }) => label)).size).toBe(ticks.length);
  }
});

test("the top of an axis is the highest value after the first fall", () => {
  const fall = (tau: number, steps = 1000): Point[] =>
    Array.from({ length: steps }, (_, i) => ({ x: i + 1, y: 2 + 3 * Math.exp(-(i + 1) / tau) + (steps - i) / steps }));
  expect(topOf(fall(10))).toBeCloseTo(2.948, 2);
  // A fall over all steps stays.
  expect(topOf(fall(500))).toBeCloseTo(5.992, 2);
  expect(topOf(line([1, 2, 3, 4]))).toBe(4);
  expect(topOf(line([5]))).toBe(5);
});

test("a chart that cuts off the first fall states how high it starts", () => {
  const points = [{ x: 1, y: 5.77 }, ...line(Array.from({ length: 400 }, (_, i) => 3 - i / 400)).slice(2)];
  const svg = lineChart({ title: "text", unit: "", series: [{ label: "", points, look: "line", color: 1 }] });
  expect(svg).toContain("↑ 5.77 at step 1</text>");
  expect(svg.match(/class="up">[^<]*/g)?.at(-1)).toBe('class="up">3.0');
  const rising = line([1, 2, 3, 4]);
  const whole = lineChart({ title: "", unit: "", series: [{ label: "", points: rising, look: "line", color: 1 }] });
  expect(whole).not.toContain("at step");
});

test("a quantile is a value of its list", () => {
  expect([0, 0.5, 0.99, 1].map((share) => quantile([3, 1, 2, 4], share))).toEqual([1, 3, 4, 4]);
});
