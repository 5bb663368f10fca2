// Times a training step on a device, kernel by kernel, or the training loop.
import { type Bench, bench } from "../bench/bench.js";
import { type LoopTime, timeLoop } from "../bench/loop.js";
import type { Shares } from "../bench/turns.js";
import { programsOf, trainingOn } from "../compile.js";
import { InputError } from "../diagnostics/input-error.js";
import { suggestion } from "../diagnostics/nearest.js";
import type { CheckedSpec } from "../front/spec.js";
import type { AdapterSource } from "../gpu/dawn.js";
import { holdsIds, type Modality } from "../modalities/modality.fields.js";
import type { TuneMode } from "../tune/tune.js";
import type { Host } from "./host.js";
import { tuned } from "./tuning.js";

export interface BenchOptions {
  /** Each modality's share of the positions. By default, modalities alternate. */
  readonly shares?: Shares | undefined;
  /** Time this many steps of the training loop instead of the kernels. */
  readonly loopSteps?: number | undefined;
  /** Use this kernel variant for every kernel that has it. */
  readonly force?: string | undefined;
  readonly tune: TuneMode;
  readonly adapter?: AdapterSource | undefined;
  /** Receives a status line before each measurement. */
  readonly notice: (line: string) => void;
}

export type Benched =
  | { readonly kind: "kernels"; readonly found: Bench }
  | { readonly kind: "loop"; readonly found: LoopTime };

/** @throws DeviceError if there is no device or it fails */
export async function benchSpec(host: Host, spec: CheckedSpec, options: BenchOptions): Promise<Benched> {
  const { shares, loopSteps, force, tune, adapter, notice } = options;
  const device = await host.openDevice(adapter);
  const folder = loopSteps === undefined ? undefined : host.temporaryFolder("mom-bench-");
  try {
    const how = trainingOn(spec, device.profile);
    const stages = programsOf(spec, how);
    const choices = await tuned(host, { mode: tune, spec, options: how, stages, opened: device, notice });
    if (loopSteps === undefined || folder === undefined) {
      const found = await bench(spec, device, { shares, choices, ...(force !== undefined && { force }) });
      return { kind: "kernels", found };
    }
    const run = { path: folder, disk: host.disk };
    return { kind: "loop", found: await timeLoop(spec, device, run, { steps: loopSteps, shares, choices }) };
  } finally {
    if (folder !== undefined) host.disk.remove(folder);
    // A device keeps freed memory for itself, and bench/run.mjs opens one for each of its measurements.
    device.device.destroy();
  }
}

/** The tolerance for a sum of shares: enough for three thirds with four digits each. */
const SLACK = 5e-4;

/**
 * Shares by modality index. A modality that is not named has the share 0.
 * @throws InputError if a modality is unknown, the shares do not sum to 1, or no modality of tokens has a share
 */
export function namedShares(named: ReadonlyMap<string, number>, modalities: readonly Modality[]): Shares {
  const names = modalities.map(({ name }) => name);
  for (const name of named.keys()) {
    if (names.includes(name)) continue;
    throw new InputError(
      "bad-option",
      `Unknown modality ${name} in --share.`,
      suggestion(name, names) ?? `The spec has ${names.join(", ")}.`,
    );
  }
  const sum = [...named.values()].reduce((total, share) => total + share, 0);
  if (Math.abs(sum - 1) > SLACK) {
    throw new InputError(
      "bad-option",
      `The shares of --share sum to ${Number(sum.toPrecision(6))}, not to 1.`,
      `Give each of ${names.join(", ")} its share of the positions. The default is 0.`,
    );
  }
  if (!modalities.some((modality) => holdsIds(modality) && (named.get(modality.name) ?? 0) > 0)) {
    throw new InputError(
      "bad-option",
      "--share gives no positions to a modality of tokens.",
      "Give some to a modality of tokens: pictures alone rarely fill a sequence.",
    );
  }
  return names.map((name) => (named.get(name) ?? 0) / sum);
}
