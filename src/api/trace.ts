// Runs steps on given tensors and returns every result, for comparison with other programs.
import type { Tensor } from "../data/tensor.js";
import type { CheckedSpec } from "../front/spec.js";
import type { AdapterSource } from "../gpu/dawn.js";
import type { GivenTensors } from "../train/given-tensors.js";
import { type TraceOptions, trace } from "../train/trace.js";
import type { Host } from "./host.js";

export interface TraceSettings extends Partial<Omit<TraceOptions, "settings">> {
  readonly adapter?: AdapterSource | undefined;
}

export interface Traced {
  /** The results by name, sorted. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** The name and driver of the adapter. */
  readonly device: string;
}

/**
 * @param tensors parameters by their checkpoint names, and the inputs that `mom trace --help` lists
 * @throws InputError if a tensor is missing or invalid; DeviceError
 */
export async function traceSpec(
  host: Host,
  spec: CheckedSpec,
  tensors: GivenTensors,
  { adapter, stack = false, steps = 1, prefix = "", chunk, variant }: TraceSettings,
): Promise<Traced> {
  const device = await host.openDevice(adapter);
  const made = await trace(device, spec, tensors, { stack, steps, prefix, chunk, variant });
  return {
    tensors: new Map([...made].sort(([a], [b]) => (a < b ? -1 : 1))),
    device: device.description,
  };
}
