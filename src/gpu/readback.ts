// Brings buffer contents back to the host while the device goes on with later work.
import type { Health } from "./health.js";

/** A stretch of a buffer; start and bytes are multiples of 4. */
export interface Range {
  readonly buffer: GPUBuffer;
  readonly start: number;
  readonly bytes: number;
}

export interface Readback {
  /** Copies of the ranges as they are at this point of the queue, in one submit. */
  read(ranges: readonly Range[]): Promise<ArrayBuffer[]>;
  /** Resolves when fewer than `ahead` reads are under way. */
  room(ahead: number): Promise<void>;
  destroy(): void;
}

/** Staging buffers up to this size are kept for the next read of the same size. */
const KEPT_BYTES = 2 ** 20;

export function createReadback(device: GPUDevice, health: Health): Readback {
  const free = new Map<number, GPUBuffer[]>();
  /** Reads under way, the oldest first. */
  const underWay = new Set<Promise<ArrayBuffer[]>>();
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
  const bringBack = async (staging: GPUBuffer, sizes: readonly number[]): Promise<ArrayBuffer[]> => {
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
