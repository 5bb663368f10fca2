// The clock of passes: time that passes share counts once, and every pass is reported.
import { expect, test } from "vitest";
import { busyNanoseconds, lastEnd, passClock } from "../../src/gpu/pass-clock.js";
import { prepare } from "../../src/gpu/runtime.js";
import { missingAdapter, testDevice } from "./adapter.js";
import { tinyPlan } from "./tiny-plan.js";

const missing = await missingAdapter();

test("overlapping passes count once, and gaps between passes do not count", () => {
  expect(busyNanoseconds([])).toBe(0);
  const passes = [
    { begin: 40, end: 50 },
    { begin: 0, end: 10 },
    { begin: 5, end: 20 },
    { begin: 6, end: 8 },
    { begin: 20, end: 25 },
  ];
  expect(busyNanoseconds(passes)).toBe(35);
  expect(busyNanoseconds(passes, 7)).toBe(28);
  expect(busyNanoseconds(passes, 45)).toBe(5);
});

test("the last end is that of the pass that ends last, in any order", () => {
  const passes = [
    { begin: 0, end: 30 },
    { begin: 5, end: 20 },
  ];
  expect(lastEnd(passes)).toBe(30);
});

test.skipIf(missing)("every pass is reported in order, even if one query set cannot hold them", async () => {
  const { device, profile } = await testDevice();
  const clock = passClock(device);
  const runtime = await prepare(device, profile, tinyPlan, { clock, dispatchesPerSubmit: 1 });
  for (let i = 0; i < 1030; i++) runtime.run(["forward", "sum"]);
  expect(clock.passes()).toBe(2060);
  const all = await clock.read(0, 2060);
  const late = await clock.read(2040, 2060);
  expect(late).toEqual(all.slice(2040));
  for (const [i, { begin, end }] of all.entries()) {
    expect(begin).toBeGreaterThan(0);
    expect(end).toBeGreaterThanOrEqual(begin);
    expect(begin).toBeGreaterThanOrEqual(all[i - 1]?.begin ?? 0);
  }
  expect(busyNanoseconds(all)).toBeGreaterThan(0);
  clock.destroy();
  runtime.destroy();
});
