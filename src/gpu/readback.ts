// Brings buffer contents back to the host while the device goes on with later work.
import type { Health } from "./health.js";

export interface Readback {
  /** A copy of the range as it is at this point of the queue. */
  read(source: GPUBuffer, offset: number, bytes: number): Promise<ArrayBuffer>;
  /** Resolves when fewer than `ahead` reads are under way. */
  room(ahead: number): Promise<void>;
  destroy(): void;
}

/** Staging buffers up to this size are kept for the next read of the same size. */
const KEPT_BYTES = 2 ** 20;

export function createReadback(device: GPUDevice, health: Health): Readback {
  const free = new Map<number, GPUBuffer[]>();
  /** Reads under way, the oldest first. */
  const underWay = new Set<Promise<ArrayBuffer>>();
  const all = new Set<GPUBuffer>();

  const take = (bytes: number): GPUBuffer => {
    const kept = free.get(bytes)?.pop();
    if (kept !== undefined) return kept;
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const staging = device.createBuffer({ label: `readback of ${bytes} bytes`, size: bytes, usage });
    all.add(staging);
    return staging;
  };
  const give = (staging: GPUBuffer): void => {
    if (staging.size <= KEPT_BYTES) {
      free.set(staging.size, [...(free.get(staging.size) ?? []), staging]);
      return;
    }
    all.delete(staging);
    staging.destroy();
  };
  const bringBack = async (staging: GPUBuffer): Promise<ArrayBuffer> => {
    await health.guard(staging.mapAsync(GPUMapMode.READ));
    const contents = staging.getMappedRange().slice(0);
    staging.unmap();
    give(staging);
    return contents;
  };

  return {
    read(source, offset, bytes) {
      health.check();
      const staging = take(bytes);
      const encoder = device.createCommandEncoder({ label: "readback" });
      encoder.copyBufferToBuffer(source, offset, staging, 0, bytes);
      device.queue.submit([encoder.finish()]);
      const contents = bringBack(staging);
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
