// While a software adapter works, the host sleeps between polls. Short waits are not delayed.
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { sleepBetweenLooks } from "../../src/gpu/dawn.js";

/** Patches WebGPU's ways to wait. The work takes as long as `work`. */
function waits(work: () => Promise<undefined>) {
  const GPUBuffer = { prototype: { mapAsync: work } };
  const GPUQueue = { prototype: { onSubmittedWorkDone: work } };
  const GPUDevice = { prototype: { createComputePipelineAsync: work as () => Promise<never> } };
  sleepBetweenLooks({ GPUBuffer, GPUQueue, GPUDevice });
  return {
    map: () => GPUBuffer.prototype.mapAsync(),
    done: () => GPUQueue.prototype.onSubmittedWorkDone(),
    compile: () => GPUDevice.prototype.createComputePipelineAsync(),
  };
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

  test("sleeps most of the time, and at most 2 ms at a time", async () => {
    const { map, done, compile } = waits(() => pause(200));
    await Promise.all([map(), done(), compile()]);
    expect(Math.max(...sleeps())).toBeLessThanOrEqual(2);
    expect(sleeps().reduce((sum, sleep) => sum + sleep, 0)).toBeGreaterThan(100);
  });

  test.each(["map", "done", "compile"] as const)("sleeps while only %s is pending", async (way) => {
    await waits(() => pause(50))[way]();
    expect(sleeps().length).toBeGreaterThan(0);
  });

  test("stops when nothing is pending, also after a failure", async () => {
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

  test("does not delay work that completes at once", async () => {
    const { map } = waits(() => Promise.resolve(undefined));
    for (let i = 0; i < 10; i++) await map();
    expect(sleeps()).toEqual([]);
  });
});
