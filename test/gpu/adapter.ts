// The device that the GPU tests of one file share: $MOM_TEST_ADAPTER (gpu, system or swiftshader; default: the best
// available) at $MOM_TEST_LIMITS (all or default). Software adapters check bounds and zero workgroup memory, unless
// $MOM_TEST_UNCHECKED disables that, as in a run. Vitest runs each test file in its own process.
import { findAdapter, type OpenDevice, openDevice, SOURCES } from "../../src/gpu/dawn.js";
import { DeviceError } from "../../src/gpu/device-error.js";
import type { Pipelines } from "../../src/gpu/pipelines.js";

function setting<T extends string>(name: string, allowed: readonly T[]): T | undefined {
  const value = process.env[name];
  if (!value) return undefined;
  const known = allowed.find((choice) => choice === value);
  if (known === undefined) throw new Error(`${name} is "${value}"; it must be one of ${allowed.join(", ")}.`);
  return known;
}

let opened: Promise<OpenDevice> | undefined;

/** The file's device. Rejects with a DeviceError if the machine has no adapter. */
export function testDevice(): Promise<OpenDevice> {
  opened ??= freshDevice();
  return opened;
}

const pipelines = new WeakMap<GPUDevice, Pipelines>();

/** The pipelines that the tests of a file have compiled on a device. Models that share them compile only new kernels. */
export function pipelinesOn({ device }: Pick<OpenDevice, "device">): Pipelines {
  const compiled: Pipelines = pipelines.get(device) ?? new Map();
  pipelines.set(device, compiled);
  return compiled;
}

/** A device for a test that destroys it, or needs other limits or no checks. */
export async function freshDevice(
  limits = setting("MOM_TEST_LIMITS", ["all", "default"] as const),
  unchecked = Boolean(process.env.MOM_TEST_UNCHECKED),
): Promise<OpenDevice> {
  const adapter = setting("MOM_TEST_ADAPTER", SOURCES) ?? setting("MOM_ADAPTER", SOURCES);
  const onGpu = adapter === "gpu" || (adapter === undefined && "adapter" in (await findAdapter("gpu")));
  return openDevice({ adapter, limits, unchecked: unchecked || onGpu });
}

/**
 * Why this machine can't run GPU tests, or undefined. Use it as `describe.skipIf(missing)(…)` with
 * `const missing = await missingAdapter();`. It prints the reason; with MOM_TEST_ADAPTER it throws instead.
 */
export async function missingAdapter(): Promise<string | undefined> {
  try {
    await testDevice();
    return undefined;
  } catch (error) {
    if (!(error instanceof DeviceError) || process.env.MOM_TEST_ADAPTER) throw error;
    console.warn(`GPU tests skipped, because there is no adapter: ${error.message}`);
    return error.message;
  }
}
