// How long a training step takes on a device: kernel by kernel, or within the loop.
import { type Bench, bench } from "../bench/bench.js";
import { type LoopTime, timeLoop } from "../bench/loop.js";
import type { Shares } from "../bench/turns.js";
import { programsOf, trainingOn } from "../compile.js";
import type { CheckedSpec } from "../front/spec.js";
import type { AdapterSource } from "../gpu/dawn.js";
import type { TuneMode } from "../tune/tune.js";
import type { Host } from "./host.js";
import { tuned } from "./tuning.js";

export interface BenchOptions {
  /** The part of the positions that each modality has; left out, they take turns. */
  readonly shares?: Shares | undefined;
  /** Train so many steps instead of timing kernels. */
  readonly loopSteps?: number | undefined;
  /** Take that variant of kernels wherever there is one. */
  readonly force?: string | undefined;
  readonly tune: TuneMode;
  readonly adapter?: AdapterSource | undefined;
  /** Gets what is measured before: lines for people. */
  readonly notice: (line: string) => void;
}

export type Benched =
  | { readonly kind: "kernels"; readonly found: Bench }
  | { readonly kind: "loop"; readonly found: LoopTime };

/** @throws DeviceError where there is no device, or it fails */
export async function benchSpec(host: Host, spec: CheckedSpec, options: BenchOptions): Promise<Benched> {
  const { shares, loopSteps, force, tune, adapter, notice } = options;
  const device = await host.openDevice(adapter);
  const how = trainingOn(spec, device.profile);
  const stages = programsOf(spec, how);
  const choices = await tuned(host, { mode: tune, spec, options: how, stages, opened: device, notice });
  if (loopSteps === undefined) {
    const found = await bench(spec, device, { shares, choices, ...(force !== undefined && { force }) });
    return { kind: "kernels", found };
  }
  const folder = host.temporaryFolder("mom-bench-");
  try {
    const run = { path: folder, disk: host.disk };
    return { kind: "loop", found: await timeLoop(spec, device, run, { steps: loopSteps, shares, choices }) };
  } finally {
    host.disk.remove(folder);
  }
}
