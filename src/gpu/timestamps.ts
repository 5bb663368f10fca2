// How long each node of a phase takes on the device, by its own clock.
import { DeviceError } from "./device-error.js";
import type { Health } from "./health.js";
import type { PreparedNode } from "./nodes.js";
import type { Readback } from "./readback.js";

export interface NodeTime {
  readonly label: string;
  readonly variant: string;
  readonly nanoseconds: number;
}

/** Nodes timed with one query set, which holds at most 4096 timestamps. */
const NODES_PER_SET = 2048;

/** Runs the nodes in order, each in a compute pass of its own between two timestamps. */
export async function timeNodes(
  device: GPUDevice,
  health: Health,
  readback: Readback,
  nodes: readonly PreparedNode[],
): Promise<readonly NodeTime[]> {
  if (!device.features.has("timestamp-query")) {
    throw new DeviceError("This adapter offers no timestamps.", "Time on another adapter; see mom doctor.");
  }
  const times: NodeTime[] = [];
  for (let first = 0; first < nodes.length; first += NODES_PER_SET) {
    times.push(...(await timeSome(device, health, readback, nodes.slice(first, first + NODES_PER_SET))));
  }
  return times;
}

async function timeSome(
  device: GPUDevice,
  health: Health,
  readback: Readback,
  nodes: readonly PreparedNode[],
): Promise<readonly NodeTime[]> {
  const count = 2 * nodes.length;
  const querySet = device.createQuerySet({ type: "timestamp", count });
  const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
  const resolved = device.createBuffer({ label: "timestamps", size: 8 * count, usage });
  const encoder = device.createCommandEncoder({ label: "timed" });
  nodes.forEach(({ label, dispatches }, index) => {
    const timestampWrites = { querySet, beginningOfPassWriteIndex: 2 * index, endOfPassWriteIndex: 2 * index + 1 };
    const pass = encoder.beginComputePass({ label, timestampWrites });
    for (const dispatch of dispatches) dispatch(pass);
    pass.end();
  });
  encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
  device.queue.submit([encoder.finish()]);
  try {
    const [bytes] = await health.guard(readback.read([{ buffer: resolved, start: 0, bytes: 8 * count }]));
    const stamps = new BigUint64Array(bytes as ArrayBuffer);
    return nodes.map(({ label, variant }, index) => {
      const start = stamps[2 * index] ?? 0n;
      const end = stamps[2 * index + 1] ?? start;
      return { label, variant, nanoseconds: Number(end - start) };
    });
  } finally {
    querySet.destroy();
    resolved.destroy();
  }
}
