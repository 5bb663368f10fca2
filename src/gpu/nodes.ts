// Prepares the chosen nodes for encoding: checks every dispatch against the device and binds it once.
import type { BufferRange, Dispatch, Kernel } from "../ir/plan.js";
import type { PickedNode, PickedPhase } from "./choose.js";
import { DeviceError } from "./device-error.js";
import type { Health } from "./health.js";
import type { CompiledKernel } from "./pipelines.js";

/** Encodes one dispatch in a pass. */
export type Encode = (pass: GPUComputePassEncoder) => void;

export interface PreparedNode {
  readonly label: string;
  readonly variant: string;
  readonly dispatches: readonly Encode[];
}

interface Parts {
  /** The kernel of a dispatch. */
  readonly kernelOf: (dispatch: Dispatch) => Kernel;
  readonly kernels: ReadonlyMap<Kernel, CompiledKernel>;
  readonly buffers: readonly GPUBuffer[];
}

/** Phase name → its nodes. Throws a DeviceError that names the node if the device refuses its dispatch. */
export async function prepareNodes(
  device: GPUDevice,
  health: Health,
  phases: readonly PickedPhase[],
  parts: Parts,
): Promise<ReadonlyMap<string, readonly PreparedNode[]>> {
  const refusals: Promise<void>[] = [];
  const prepareNode = (node: PickedNode): PreparedNode => {
    const name = `${node.label} (${node.choice.variant})`;
    for (const { workgroups } of node.choice.dispatches) checkWorkgroups(device, name, workgroups);
    device.pushErrorScope("validation");
    const dispatches = node.choice.dispatches.map((dispatch) => prepareDispatch(device, name, dispatch, parts));
    const refused = health.guard(device.popErrorScope()).then((error) => {
      if (error !== null) throw fault(name, error.message.trim());
    });
    refused.catch(() => {});
    refusals.push(refused);
    return { label: node.label, variant: node.choice.variant, dispatches };
  };
  const prepared = new Map(phases.map(({ name, nodes }) => [name, nodes.map(prepareNode)]));
  await Promise.all(refusals);
  return prepared;
}

const fault = (name: string, why: string) =>
  new DeviceError(`${name} can't be dispatched: ${why}`, "This is a fault in mom's plan or in its choice of variants.");

function checkWorkgroups(device: GPUDevice, name: string, workgroups: Dispatch["workgroups"]): void {
  const limit = device.limits.maxComputeWorkgroupsPerDimension;
  if (Math.max(...workgroups) > limit) {
    throw fault(
      name,
      `it has ${workgroups.join(" × ")} workgroups, but the device allows at most ${limit} in each dimension.`,
    );
  }
}

function prepareDispatch(device: GPUDevice, name: string, dispatch: Dispatch, parts: Parts): Encode {
  const { pipeline, layout } = parts.kernels.get(parts.kernelOf(dispatch)) as CompiledKernel;
  const [x, y, z] = dispatch.workgroups;
  const group = device.createBindGroup({
    label: name,
    layout,
    entries: dispatch.bindings.map((range, binding) => ({ binding, resource: bind(range, parts.buffers) })),
  });
  return (pass) => {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(x, y, z);
  };
}

const bind = ({ buffer, offset, bytes }: BufferRange, buffers: readonly GPUBuffer[]): GPUBufferBinding => ({
  buffer: buffers[buffer] as GPUBuffer,
  offset,
  size: bytes,
});
