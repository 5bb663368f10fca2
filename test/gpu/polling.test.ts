// While a software adapter works, the host sleeps between looks; short waits are not delayed.
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { sleepBetweenLooks } from "../../src/gpu/dawn.polling.js";

/** WebGPU's two ways to wait, patched; the work takes as long as `work` says. */
function waits(work: () => Promise<undefined>) {
  const GPUBuffer = { prototype: { mapAsync: work } };
  const GPUQueue = { prototype: { onSubmittedWorkDone: work } };
  sleepBetweenLooks({ GPUBuffer, GPUQueue });
  return { map: () => GPUBuffer.prototype.mapAsync(), done: () => GPUQueue.prototype.onSubmittedWorkDone() };
}

describe("waiting for a software adapter", () => {
  const wait = vi.spyOn(Atomics, "wait");
  const sleeps = (): readonly number[] => wait.mock.calls.map(([, , , milliseconds]) => milliseconds ?? Infinity);
  beforeEach(() => {
    wait.mockClear();
  });
  afterAll(() => {
    wait.mockRestore();
  });

  test("sleeps most of the time, never longer than 2 ms at once", async () => {
    const { map, done } = waits(() => pause(200));
    await Promise.all([map(), done()]);
    expect(Math.max(...sleeps())).toBeLessThanOrEqual(2);
    expect(sleeps().reduce((sum, sleep) => sum + sleep, 0)).toBeGreaterThan(100);
  });

  test("stops when nothing is waited for, also after a failure", async () => {
    const { done } = waits(async () => {
      await pause(20);
      throw new Error("lost");
    });
    await expect(done()).rejects.toThrow("lost");
    await pause(5);
    wait.mockClear();
    await pause(30);
    expect(sleeps()).toEqual([]);
  });

  test("does not delay work that is done at once", async () => {
    const { map } = waits(() => Promise.resolve(undefined));
    for (let i = 0; i < 10; i++) await map();
    expect(sleeps()).toEqual([]);
  });
});
