// Reads the device's clock: when compute passes start and end, and how long each node of a phase takes.

import type { Readback } from "./buffers.js";
import { DeviceError } from "./device-error.js";
import type { Health } from "./health.js";
import type { PreparedNode } from "./nodes.js";

export interface NodeTime {
  readonly label: string;
  readonly variant: string;
  readonly nanoseconds: number;
}

/** Nodes timed with one query set, which holds at most 4096 timestamps. */
const NODES_PER_SET = 2048;

function checkTimestamps(device: GPUDevice): void {
  if (!device.features.has("timestamp-query")) {
    throw new DeviceError(
      "This adapter has no timestamps.",
      "Use another adapter; run mom doctor to see which are available.",
    );
  }
}

/** Runs the nodes in order, each in a separate compute pass between two timestamps. */
export async function timeNodes(
  device: GPUDevice,
  health: Health,
  readback: Readback,
  nodes: readonly PreparedNode[],
): Promise<readonly NodeTime[]> {
  checkTimestamps(device);
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

export interface PassClock {
  /** The descriptor of the next pass. */
  next(): GPUComputePassTimestampWrites;
  /** Number of passes that were started with it. */
  readonly passes: () => number;
  /** Start and end of passes `from` to `to`, in nanoseconds. The last submits can still be running when this is called. */
  read(from: number, to: number): Promise<readonly PassTime[]>;
  destroy(): void;
}

interface PassTime {
  readonly begin: number;
  readonly end: number;
}

/** Passes of one query set, which holds at most 4096 timestamps. */
const PASSES_PER_SET = 2048;

/** @throws DeviceError if the device has no timestamps */
export function passClock(device: GPUDevice): PassClock {
  checkTimestamps(device);
  const sets: GPUQuerySet[] = [];
  let passes = 0;
  const readSet = async (set: GPUQuerySet): Promise<BigUint64Array> => {
    const bytes = 16 * PASSES_PER_SET;
    const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
    const resolved = device.createBuffer({ label: "timestamps", size: bytes, usage });
    const mapped = { label: "timestamps read", size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST };
    const staging = device.createBuffer(mapped);
    const encoder = device.createCommandEncoder({ label: "timestamps" });
    encoder.resolveQuerySet(set, 0, 2 * PASSES_PER_SET, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, bytes);
    device.queue.submit([encoder.finish()]);
    try {
      await staging.mapAsync(GPUMapMode.READ);
      return new BigUint64Array(staging.getMappedRange().slice(0));
    } finally {
      resolved.destroy();
      staging.destroy();
    }
  };
  return {
    next() {
      const at = passes % PASSES_PER_SET;
      if (at === 0) sets.push(device.createQuerySet({ type: "timestamp", count: 2 * PASSES_PER_SET }));
      passes++;
      const querySet = sets.at(-1) as GPUQuerySet;
      return { querySet, beginningOfPassWriteIndex: 2 * at, endOfPassWriteIndex: 2 * at + 1 };
    },
    passes: () => passes,
    async read(from, to) {
      const stamps = await Promise.all(sets.map(readSet));
      return Array.from({ length: to - from }, (_, i) => {
        const set = stamps[Math.floor((from + i) / PASSES_PER_SET)] as BigUint64Array;
        const at = 2 * ((from + i) % PASSES_PER_SET);
        return { begin: Number(set[at] ?? 0n), end: Number(set[at + 1] ?? 0n) };
      });
    },
    destroy() {
      for (const set of sets) set.destroy();
    },
  };
}

/** Nanoseconds after `since` in which at least one of the passes ran. */
export function busyNanoseconds(passes: readonly PassTime[], since = Number.NEGATIVE_INFINITY): number {
  let busy = 0;
  let until = since;
  for (const { begin, end } of passes.toSorted((a, b) => a.begin - b.begin)) {
    busy += Math.max(0, end - Math.max(begin, until));
    until = Math.max(until, end);
  }
  return busy;
}

/** When the last of the passes ends. */
export function lastEnd(passes: readonly PassTime[]): number {
  return passes.reduce((last, { end }) => Math.max(last, end), Number.NEGATIVE_INFINITY);
}
