// The buffers of a plan on the device, their sizes, and reads of their contents while the device continues.
import type { BufferRole, Dispatch, Plan } from "../ir/plan.js";
import { DeviceError } from "./device-error.js";
import type { Health } from "./health.js";

export interface Allocated {
  readonly total: number;
  readonly byRole: Readonly<Partial<Record<BufferRole, number>>>;
}

export interface Buffers {
  /** In the order of Plan.buffers, filled with zeros. */
  readonly list: readonly GPUBuffer[];
  readonly bytes: Allocated;
}

export function bytesOf(plan: Pick<Plan, "buffers">): Allocated {
  const byRole: Partial<Record<BufferRole, number>> = {};
  let total = 0;
  for (const { role, bytes } of plan.buffers) {
    byRole[role] = (byRole[role] ?? 0) + bytes;
    total += bytes;
  }
  return { total, byRole };
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Creates all buffers of the plan. The dispatches determine which ones are bound as uniforms. */
export async function allocate(
  device: GPUDevice,
  health: Health,
  plan: Plan,
  dispatches: readonly Dispatch[],
): Promise<Buffers> {
  const uniforms = new Set<number>();
  for (const { kernel, bindings } of dispatches) {
    bindings.forEach(({ buffer }, index) => {
      if (plan.kernels[kernel]?.bindings[index] === "uniform") uniforms.add(buffer);
    });
  }
  const bytes = bytesOf(plan);
  const made = plan.buffers.map(({ name, bytes: size }, index) => {
    const copies = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const bound = uniforms.has(index) ? GPUBufferUsage.UNIFORM | GPUBufferUsage.STORAGE : GPUBufferUsage.STORAGE;
    device.pushErrorScope("validation");
    device.pushErrorScope("out-of-memory");
    const buffer = device.createBuffer({ label: name, size, usage: bound | copies });
    const refusals = health.guard(Promise.all([device.popErrorScope(), device.popErrorScope()]));
    return { name, size, buffer, refusals };
  });
  for (const { name, size, refusals } of made) {
    const [memory, refused] = await refusals;
    if (memory === null && refused === null) continue;
    for (const { buffer } of made) buffer.destroy();
    const limit = device.limits.maxBufferSize;
    const why = refused?.message.trim() ?? `the run needs ${mebibytes(bytes.total)} in total`;
    throw new DeviceError(
      `No memory for buffer ${name} of ${mebibytes(size)}: ${why}.`,
      `Use a smaller batch or length; one buffer may have ${mebibytes(limit)} on this device.`,
    );
  }
  return { list: made.map(({ buffer }) => buffer), bytes };
}

/** A range of a buffer; start and bytes are multiples of 4. */
interface Range {
  readonly buffer: GPUBuffer;
  readonly start: number;
  readonly bytes: number;
}

export interface Readback {
  /** Copies the ranges at this point of the queue, in one submit. */
  read(ranges: readonly Range[]): Promise<ArrayBuffer[]>;
  /** Resolves when fewer than `ahead` reads are pending. */
  room(ahead: number): Promise<void>;
  destroy(): void;
}

/** Staging buffers up to this size are kept for the next read of the same size. */
const KEPT_BYTES = 2 ** 20;

export function createReadback(device: GPUDevice, health: Health): Readback {
  const free = new Map<number, GPUBuffer[]>();
  /** Pending reads, the oldest first. */
  const underWay = new Set<Promise<ArrayBuffer[]>>();
  const all = new Set<GPUBuffer>();

  const take = (bytes: number) => {
    const kept = free.get(bytes)?.pop();
    if (kept !== undefined) return kept;
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const staging = device.createBuffer({ label: `readback of ${bytes} bytes`, size: bytes, usage });
    all.add(staging);
    return staging;
  };
  const give = (staging: GPUBuffer) => {
    if (staging.size <= KEPT_BYTES) {
      free.set(staging.size, [...(free.get(staging.size) ?? []), staging]);
      return;
    }
    all.delete(staging);
    staging.destroy();
  };
  const bringBack = async (staging: GPUBuffer, sizes: readonly number[]) => {
    await health.guard(staging.mapAsync(GPUMapMode.READ));
    const mapped = staging.getMappedRange();
    let end = 0;
    const contents = sizes.map((bytes) => {
      end += bytes;
      return mapped.slice(end - bytes, end);
    });
    staging.unmap();
    give(staging);
    return contents;
  };

  return {
    read(ranges) {
      health.check();
      const staging = take(ranges.reduce((sum, { bytes }) => sum + bytes, 0));
      const encoder = device.createCommandEncoder({ label: "readback" });
      let end = 0;
      for (const { buffer, start, bytes } of ranges) {
        encoder.copyBufferToBuffer(buffer, start, staging, end, bytes);
        end += bytes;
      }
      device.queue.submit([encoder.finish()]);
      const sizes = ranges.map(({ bytes }) => bytes);
      const contents = bringBack(staging, sizes);
      underWay.add(contents);
      const done = () => underWay.delete(contents);
      contents.then(done, done);
      return contents;
    },
    async room(ahead) {
      health.check();
      while (underWay.size >= ahead) await underWay.values().next().value;
    },
    destroy() {
      for (const staging of all) staging.destroy();
      all.clear();
      free.clear();
    },
  };
}
