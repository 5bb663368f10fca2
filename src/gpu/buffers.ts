// A plan's buffers on the device, and what they take.
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

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Makes every buffer of the plan; the dispatches say which are bound as uniforms. */
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
    const why = refused?.message.trim() ?? `the run needs ${mebibytes(bytes.total)} in all`;
    throw new DeviceError(
      `No memory for buffer ${name} of ${mebibytes(size)}: ${why}.`,
      `Use a smaller batch or length; one buffer may have ${mebibytes(limit)} on this device.`,
    );
  }
  return { list: made.map(({ buffer }) => buffer), bytes };
}
