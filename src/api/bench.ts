// How long a training step takes on a device: kernel by kernel, or within the loop.
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

/** What a sum of shares may differ from 1 by: three thirds written with four digits. */
const SLACK = 5e-4;

/**
 * By modality index; a modality that is not named has none.
 * @throws InputError where a name is no modality's, the shares do not sum to 1, or tokens have none
 */
export function namedShares(named: ReadonlyMap<string, number>, modalities: readonly Modality[]): Shares {
  const names = modalities.map(({ name }) => name);
  for (const name of named.keys()) {
    if (names.includes(name)) continue;
    throw new InputError(
      "bad-option",
      `--share names ${name}, which is no modality of the spec.`,
      suggestion(name, names) ?? `Its modalities are ${names.join(", ")}.`,
    );
  }
  const sum = [...named.values()].reduce((total, share) => total + share, 0);
  if (Math.abs(sum - 1) > SLACK) {
    throw new InputError(
      "bad-option",
      `The shares of --share sum to ${Number(sum.toPrecision(6))}, not to 1.`,
      `Give each of ${names.join(", ")} its part of the positions; one that is not named has none.`,
    );
  }
  if (!modalities.some((modality) => holdsIds(modality) && (named.get(modality.name) ?? 0) > 0)) {
    throw new InputError(
      "bad-option",
      "--share leaves no position to tokens.",
      "Give a modality of tokens some: pictures rarely fill a sequence to its end.",
    );
  }
  return names.map((name) => (named.get(name) ?? 0) / sum);
}
