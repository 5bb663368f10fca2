// How long each of several phases takes on a warm device: in turns, so that a clock that changes changes it for all.
import { median } from "../bench/measure.js";
import type { Runtime } from "../gpu/runtime.js";

export interface Timing {
  /** Work before anything counts: a GPU idles at a fraction of its clock, and takes a while to leave that. */
  readonly warmMs: number;
  /** Work before each time that counts, so that the device never rests. */
  readonly windowMs: number;
  /** Times that count, the median of which is told. */
  readonly windows: number;
  /** Work that is timed in a window; a run at least. */
  readonly timedMs: number;
}

export const TIMINGS: Readonly<Record<"gpu" | "cpu", Timing>> = {
  gpu: { warmMs: 450, windowMs: 60, windows: 7, timedMs: 5 },
  cpu: { warmMs: 0, windowMs: 0, windows: 5, timedMs: 20 },
};

/** What takes so many times as long as the fastest at first sight is timed no further. */
const HOPELESS = 3;
/** Shorter than any kernel: what a coarse clock says of a fast one. */
const LEAST_MS = 1e-3;
const MOST_RUNS = 1024;

const runsIn = (milliseconds: number, one: number): number =>
  Math.max(1, Math.min(MOST_RUNS, Math.round(milliseconds / Math.max(one, LEAST_MS))));
const repeat = (phase: string, runs: number): string[] => new Array<string>(runs).fill(phase);

/** Milliseconds of one run, on average over so many. */
async function timed(runtime: Runtime, phase: string, runs: number, byDevice: boolean): Promise<number> {
  if (byDevice) {
    const times = await runtime.time(phase, runs);
    return times.reduce((sum, { nanoseconds }) => sum + nanoseconds, 0) / runs / 1e6;
  }
  await runtime.settled();
  const begun = performance.now();
  runtime.run(repeat(phase, runs));
  await runtime.settled();
  return (performance.now() - begun) / runs;
}

/**
 * Milliseconds of one run of each phase, in order.
 * @param byDevice by the device's own clock; else by the host's, over as much work as a window has
 */
export async function timePhases(
  runtime: Runtime,
  phases: readonly string[],
  byDevice: boolean,
  timing: Timing,
): Promise<number[]> {
  const { warmMs, windowMs, windows, timedMs } = timing;
  const fill = (phase: string, milliseconds: number, one: number): void => {
    if (milliseconds > 0) runtime.run(repeat(phase, runsIn(milliseconds, one)));
  };
  const sight = async (): Promise<number[]> => {
    const seen: number[] = [];
    for (const phase of phases) seen.push(await timed(runtime, phase, 1, byDevice));
    return seen;
  };
  await sight();
  let seen = await sight();
  for (const until = performance.now() + warmMs; performance.now() < until; ) {
    for (const [i, phase] of phases.entries()) fill(phase, 20, seen[i] as number);
    seen = await sight();
  }
  const fastest = Math.max(LEAST_MS, Math.min(...seen));
  const hopeful = phases.map((_, i) => (seen[i] as number) <= HOPELESS * fastest);
  const samples = phases.map((): number[] => []);
  for (let window = 0; window < windows; window++) {
    for (const [i, phase] of phases.entries()) {
      if (!hopeful[i]) continue;
      const one = seen[i] as number;
      if (byDevice) fill(phase, windowMs, one);
      const runs = runsIn(byDevice ? timedMs : Math.max(timedMs, windowMs), one);
      samples[i]?.push(await timed(runtime, phase, runs, byDevice));
    }
  }
  return samples.map((times, i) => (times.length > 0 ? median(times) : (seen[i] as number)));
}
