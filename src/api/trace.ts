// Steps on given tensors and everything that they make: how mom is compared with other programs.
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
  /** By name, sorted. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** For people: the adapter's name and driver. */
  readonly device: string;
}

/**
 * @param tensors parameters by their checkpoint names, and what goes in, as `mom trace --help` names it
 * @throws InputError where a tensor is missing or another; DeviceError
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
