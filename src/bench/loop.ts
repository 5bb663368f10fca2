// Times the real training loop on synthetic documents: how much of the time the device works, and how long the host's work
// takes.

import type { HostBatch } from "../batch/host-array.js";
import { compile, trainingOn } from "../compile.js";
import type { CheckedSpec } from "../front/spec.js";
import type { OpenDevice } from "../gpu/dawn.js";
import { busyNanoseconds, lastEnd, passClock } from "../gpu/pass-clock.js";
import { openFeed } from "../train/feed.js";
import { train } from "../train/loop.js";
import { type Model, openModel, stepScalars } from "../train/model.js";
import { recorder } from "../train/recorder.js";
import type { Run } from "../train/run-folder.js";
import type { BenchOptions } from "./bench.js";
import { median, secondsOf } from "./measure.js";
import { syntheticDataSet } from "./synthetic.js";
import type { Shares } from "./turns.js";

/** All times in seconds. */
export interface LoopTime {
  readonly device: string;
  readonly positions: number;
  readonly steps: number;
  /** Seconds of all steps by the device's clock, from the end of the step before them to the end of the last. */
  readonly wallSeconds: number;
  /** Seconds in which the device ran kernels, by the same clock. */
  readonly gpuSeconds: number;
  /** gpuSeconds / wallSeconds */
  readonly busy: number;
  /** Seconds of a step if the host only submits it, repeatedly with the same batch. */
  readonly aloneSeconds: number;
  /** Median seconds of the host's work in a step. */
  readonly host: {
    /** Making batches and their tables. */
    readonly batches: number;
    /** Uploading them, and encoding and submitting the dispatches. */
    readonly submit: number;
    /** Recording losses and times. */
    readonly record: number;
  };
}

/** Warm-up before the measured steps, so that the device has reached its clock rate. */
const WARM_SECONDS = 0.6;
const LEAST_WARM_STEPS = 5;

/** Records the duration of each call. */
function stopwatch() {
  const seconds: number[] = [];
  return {
    seconds,
    timed:
      <A extends unknown[], R>(call: (...of: A) => R) =>
      (...of: A): R => {
        const begun = performance.now();
        const result = call(...of);
        seconds.push((performance.now() - begun) / 1000);
        return result;
      },
  };
}

/** The median over steps of the sum of a step's calls. Every step makes the same number of calls. */
function aStep(seconds: readonly number[], steps: number): number {
  const calls = Math.floor(seconds.length / steps);
  return median(
    Array.from({ length: steps }, (_, step) =>
      seconds.slice(step * calls, (step + 1) * calls).reduce((sum, one) => sum + one, 0),
    ),
  );
}

/** Median seconds in which the host makes a step's batches and tables. Needs no device. */
export async function feedSeconds(
  spec: CheckedSpec,
  tables: Model["compiled"]["tables"],
  steps: number,
  shares?: Shares,
): Promise<number> {
  const feed = openFeed(spec, syntheticDataSet(spec, shares), tables);
  const seconds: number[] = [];
  for (let step = 0; step < steps + LEAST_WARM_STEPS; step++) {
    const begun = performance.now();
    await feed.take(step);
    seconds.push((performance.now() - begun) / 1000);
  }
  return median(seconds.slice(LEAST_WARM_STEPS));
}

interface LoopOptions extends Pick<BenchOptions, "shares" | "choices"> {
  readonly steps: number;
}

/**
 * Trains for `steps` updates like `mom train`, but without checkpoints and validation.
 * @param run receives the records
 * @throws DeviceError if the device has no timestamps
 */
export async function timeLoop(
  spec: CheckedSpec,
  device: OpenDevice,
  run: Run,
  { steps, shares, choices }: LoopOptions,
): Promise<LoopTime> {
  const { batch, accumulate, optimizer, clip, seed } = spec.train;
  const compiled = compile(spec, { ...trainingOn(spec, device.profile), ...(choices !== undefined && { choices }) });
  const clock = passClock(device.device);
  const model = await openModel(device, compiled, undefined, clock);
  const dataSet = syntheticDataSet(spec, shares);
  await model.initialise(seed, "alike");
  const first = await openFeed(spec, dataSet, compiled.tables).take(0);
  model.writeBatch(first.batches[0] as HostBatch);
  model.writeStep(stepScalars(optimizer, () => 1e-6, clip, 1, false));
  const aloneSeconds = await secondsOf(model.runtime, [...new Array<string>(accumulate).fill("gradients"), "update"]);

  const warm = Math.max(LEAST_WARM_STEPS, Math.ceil(WARM_SECONDS / aloneSeconds));
  const all = warm + steps;
  const [submit, record] = [stopwatch(), stopwatch()];
  const watched: Model = {
    ...model,
    writeBatch: submit.timed(model.writeBatch),
    writeStep: submit.timed(model.writeStep),
    results: submit.timed(model.results),
    runtime: { ...model.runtime, run: submit.timed(model.runtime.run) },
    // Training saves a checkpoint at its end, which is not needed here.
    onDevice: () => ({ shapes: new Map(), async *pieces() {} }),
  };
  const records = recorder(run);
  const before = clock.passes();
  const begun = performance.now();
  const outcome = await train(watched, endless(spec, all), dataSet, {
    stepped: (metric, tokens) => {
      record.timed(() => {
        records.metric(metric);
        records.timing({
          step: metric.step,
          seconds: (performance.now() - begun) / 1000,
          tokens_per_second: tokens / aloneSeconds,
        });
      })();
    },
    validated: () => {},
    checkpoint: async () => {},
    stopWanted: () => false,
  });
  if (outcome.kind !== "finished")
    throw new Error(`the synthetic training ${outcome.kind} after ${outcome.step} steps`);
  const perStep = (clock.passes() - before) / all;
  const every = await clock.read(before, before + all * perStep);
  const passes = every.slice(warm * perStep);
  const warmEnd = lastEnd(every.slice(0, warm * perStep));
  const gpuSeconds = busyNanoseconds(passes, warmEnd) / 1e9;
  const wallSeconds = (lastEnd(passes) - warmEnd) / 1e9;
  clock.destroy();
  model.runtime.destroy();
  const last = (seconds: readonly number[]) => aStep(seconds.slice((seconds.length / all) * warm), steps);
  return {
    device: device.description,
    positions: batch * spec.data.length * accumulate,
    steps,
    wallSeconds,
    gpuSeconds,
    busy: gpuSeconds / wallSeconds,
    aloneSeconds,
    host: {
      batches: await feedSeconds(spec, compiled.tables, steps, shares),
      submit: last(submit.seconds),
      record: last(record.seconds),
    },
  };
}

/** The spec with this many steps, without validation and checkpoints, and with a learning rate at which training cannot diverge. */
const endless = (spec: CheckedSpec, steps: number): CheckedSpec => ({
  ...spec,
  train: {
    ...spec.train,
    steps,
    optimizer: { ...spec.train.optimizer, lr: 1e-6 },
    schedule: { kind: "constant", warmup: 0 },
    validate_every: steps + 1,
    checkpoint_every: steps + 1,
  },
});
