// Measures times on a warm device. They are medians of several windows, after more than half a second of the same work.
import type { Runtime } from "../gpu/runtime.js";

/** An idle GPU runs at a fraction of its clock rate, and takes a few hundred milliseconds of work to speed up. */
const WARM_MS = 600;
const WINDOW_MS = 80;
const WINDOWS = 9;

export const median = (numbers: readonly number[]): number => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
};

async function secondsOfMany(runtime: Runtime, phases: readonly string[], times: number): Promise<number> {
  const begun = performance.now();
  for (let i = 0; i < times; i++) runtime.run(phases);
  await runtime.settled();
  return (performance.now() - begun) / 1000;
}

/** Runs the phases until the device is warm. @returns how often they run in a window */
export async function warm(runtime: Runtime, phases: readonly string[]): Promise<number> {
  await secondsOfMany(runtime, phases, 1);
  let one = await secondsOfMany(runtime, phases, 1);
  const inWindow = (): number => Math.max(1, Math.round(WINDOW_MS / 1000 / one));
  const until = performance.now() + WARM_MS;
  while (performance.now() < until) {
    const times = inWindow();
    one = (await secondsOfMany(runtime, phases, times)) / times;
  }
  return inWindow();
}

/** Seconds of one run of the phases in sequence: the median of several windows. */
export async function secondsOf(runtime: Runtime, phases: readonly string[]): Promise<number> {
  const times = await warm(runtime, phases);
  const windows: number[] = [];
  for (let i = 0; i < WINDOWS; i++) windows.push((await secondsOfMany(runtime, phases, times)) / times);
  return median(windows);
}

/**
 * Seconds of each node of a phase, in order, by the device's clock, over several runs on a warm device.
 * @param of combines the runs of a node: the median by default, the minimum for a ceiling
 */
export async function nodeSeconds(
  runtime: Runtime,
  phase: string,
  of: (seconds: readonly number[]) => number = median,
  windows = WINDOWS,
): Promise<number[]> {
  const runs: (readonly { readonly nanoseconds: number }[])[] = [];
  for (let i = 0; i < windows; i++) {
    runtime.run([phase]);
    runs.push(await runtime.time(phase));
  }
  return (runs[0] ?? []).map((_, node) => of(runs.map((run) => run[node]?.nanoseconds ?? 0)) / 1e9);
}
