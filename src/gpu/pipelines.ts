// Compiles kernels: each distinct source once, all in parallel.
import type { Kernel } from "../ir/plan.js";
import { DeviceError } from "./device-error.js";
import type { Health } from "./health.js";

export interface CompiledKernel {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

const BINDING_TYPE = { read: "read-only-storage", write: "storage", uniform: "uniform" } as const;

/** The pipelines of a device, keyed by source and bindings. Plans that share it compile only new kernels. */
export type Pipelines = Map<string, Promise<CompiledKernel>>;

/** Compiles the kernels. Those with the same source and bindings share a pipeline. */
export async function compileKernels(
  device: GPUDevice,
  health: Health,
  kernels: readonly Kernel[],
  bySource: Pipelines = new Map(),
): Promise<ReadonlyMap<Kernel, CompiledKernel>> {
  const compiled = [...new Set(kernels)].map(async (kernel) => {
    const key = `${kernel.bindings.join()}\n${kernel.source}`;
    const pipeline = bySource.get(key) ?? compileKernel(device, health, kernel);
    bySource.set(key, pipeline);
    try {
      return [kernel, await pipeline] as const;
    } catch (error) {
      bySource.delete(key);
      throw error;
    }
  });
  return new Map(await Promise.all(compiled));
}

async function compileKernel(device: GPUDevice, health: Health, kernel: Kernel): Promise<CompiledKernel> {
  const label = kernel.name;
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ label, code: kernel.source });
  const layout = device.createBindGroupLayout({
    label,
    entries: kernel.bindings.map((binding, index) => ({
      binding: index,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: BINDING_TYPE[binding] },
    })),
  });
  const pipelineLayout = device.createPipelineLayout({ label, bindGroupLayouts: [layout] });
  const refused = device.popErrorScope();
  const pipeline = device.createComputePipelineAsync({
    label,
    layout: pipelineLayout,
    compute: { module, entryPoint: "main" },
  });
  // Awaited together with the scope, so that no rejection is unhandled.
  const [scope, result] = await health.guard(Promise.all([refused, settle(pipeline)]));
  if (scope === null && "value" in result) return { pipeline: result.value, layout };
  const { messages } = await health.guard(module.getCompilationInfo());
  const why = scope?.message ?? ("error" in result ? result.error : "");
  throw kernelError(kernel, messages, why);
}

type Settled<T> = { readonly value: T } | { readonly error: string };

const settle = <T>(promise: Promise<T>): Promise<Settled<T>> =>
  promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }),
  );

function kernelError(kernel: Kernel, messages: readonly GPUCompilationMessage[], otherwise: string): DeviceError {
  const remedy =
    "This is a fault in mom's kernels, or the device lacks a feature that the kernel uses; run mom doctor.";
  const first = messages.find(({ type }) => type === "error");
  if (first === undefined) return new DeviceError(`Kernel ${kernel.name} can't be used: ${otherwise.trim()}`, remedy);
  const line = kernel.source.split("\n")[first.lineNum - 1] ?? "";
  const place = `${kernel.name}.wgsl:${first.lineNum}:${first.linePos}`;
  const pointer = `${" ".repeat(Math.max(0, first.linePos - 1))}^`;
  return new DeviceError(`${place}: ${first.message}\n  ${line.replaceAll("\t", " ")}\n  ${pointer}`, remedy);
}
