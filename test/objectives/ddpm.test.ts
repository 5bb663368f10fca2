// Diffusion samplers draw from the distribution of data whose best prediction is known.
import { describe, expect, test } from "vitest";
import {
  cappedAlphaBar,
  denoiseStep,
  firstTimestep,
  SAMPLERS,
  type Sampler,
  visitedTimesteps,
} from "../../src/objectives/ddpm.js";
import { stream } from "../../src/random/stream.js";
import { guided } from "../../src/sample/document.js";

const T = 1000;
const alphaBar = cappedAlphaBar(T);

/** The expected noise in x if the data are normal with this mean and deviation. */
const bestNoise = (x: number, t: number, mean: number, deviation: number): number => {
  const a = alphaBar[t] as number;
  return (Math.sqrt(1 - a) * (x - Math.sqrt(a) * mean)) / (a * deviation ** 2 + 1 - a);
};

function sampled(sampler: Sampler, steps: number, clip: boolean, mean: number, deviation: number): Float32Array {
  const draw = stream("sample", 5);
  const x = Float32Array.from({ length: 4000 }, () => draw.normal());
  const times = visitedTimesteps(T, steps);
  times.slice(0, -1).forEach((t, i) => {
    const noise = x.map((value) => bestNoise(value, t, mean, deviation));
    const [now, next] = [alphaBar[t], alphaBar[times[i + 1] as number]] as [number, number];
    denoiseStep(x, noise, { sampler, now, next, clip }, draw);
  });
  return x;
}

const mean = (x: Float32Array): number => x.reduce((sum, value) => sum + value, 0) / x.length;
const deviation = (x: Float32Array): number => Math.sqrt(x.reduce((sum, v) => sum + (v - mean(x)) ** 2, 0) / x.length);

describe.each(SAMPLERS)("%s", (sampler) => {
  test("draws from the distribution of the data in 1000 and in 100 steps", () => {
    for (const steps of [1000, 100]) {
      const x = sampled(sampler, steps, false, 0.3, 0.2);
      expect(mean(x)).toBeCloseTo(0.3, 1.5);
      expect(Math.abs(deviation(x) / 0.2 - 1)).toBeLessThan(0.1);
    }
  });
  test("clips estimates of pixels but not of latents", () => {
    const clipped = sampled(sampler, 20, true, 3, 0.1);
    expect(Math.max(...clipped)).toBeLessThanOrEqual(1);
    expect(mean(clipped)).toBeGreaterThan(0.99);
    expect(mean(sampled(sampler, 20, false, 3, 0.1))).toBeCloseTo(3, 1);
  });
  test("is deterministic", () => {
    expect(sampled(sampler, 10, true, 0, 0.5)).toEqual(sampled(sampler, 10, true, 0, 0.5));
  });
});

test("without clipping, sampling starts at the last timestep at which errors in the noise stay bounded", () => {
  expect(firstTimestep(alphaBar, true)).toBe(T);
  const first = firstTimestep(alphaBar, false);
  expect(alphaBar[first]).toBeGreaterThanOrEqual(0.0047);
  expect(alphaBar[first + 1]).toBeLessThan(0.0047);
  // The best prediction plus an error of 0.05.
  const sampledFrom = (from: number): number => {
    const x = Float32Array.of(0.5);
    const times = visitedTimesteps(from, 50);
    times.slice(0, -1).forEach((t, i) => {
      const noise = x.map((value) => bestNoise(value, t, 0, 1) + 0.05);
      const [now, next] = [alphaBar[t], alphaBar[times[i + 1] as number]] as [number, number];
      denoiseStep(x, noise, { sampler: "ddim", now, next, clip: false }, stream("sample", 1));
    });
    return Math.abs(x[0] as number);
  };
  // A start at T ends more than ten deviations away, a start at `first` within a few.
  expect(sampledFrom(T)).toBeGreaterThan(10);
  expect(sampledFrom(first)).toBeLessThan(3);
});

test("timesteps decrease from T to 0 without repetition", () => {
  expect(visitedTimesteps(1000, 4)).toEqual([1000, 750, 500, 250, 0]);
  expect(visitedTimesteps(3, 50)).toEqual([3, 2, 1, 0]);
  const times = visitedTimesteps(1000, 333);
  expect(new Set(times).size).toBe(334);
});

test("ᾱ falls from 1 and never reaches 0", () => {
  expect(alphaBar[0]).toBe(1);
  expect(alphaBar.every((a, t) => a > 0 && (t === 0 || a < (alphaBar[t - 1] as number)))).toBe(true);
});

test("guidance 0 is the unconditional prediction, 1 the conditional one, and higher values extrapolate", () => {
  const [c, u] = [Float32Array.of(1, 2), Float32Array.of(0, -2)];
  expect([...guided(c, u, 1)]).toEqual([1, 2]);
  expect([...guided(c, u, 0)]).toEqual([0, -2]);
  expect([...guided(c, u, 3)]).toEqual([3, 10]);
});
