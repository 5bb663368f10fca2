// Finds an adapter on Node and opens a device. Only this file imports Dawn and sets up Vulkan.
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import type { Profile } from "../ir/plan.js";
import { describe, kindOf, profileOf } from "./choose.js";
import { cacheFolder, LIBRARIES, swiftShaderFolder } from "./dawn.swiftshader.js";
import { DeviceError, NoAdapter } from "./device-error.js";

/** The sources of adapters, in order of preference. */
export const SOURCES = ["gpu", "system", "swiftshader"] as const;
export type AdapterSource = (typeof SOURCES)[number];

interface OpenOptions {
  /** A single source. Default: $MOM_ADAPTER, or else the first source that has an adapter. */
  readonly adapter?: AdapterSource | undefined;
  /** "default": WebGPU's default limits and no optional features except timestamps, to test the least demanding variants. */
  readonly limits?: "all" | "default" | undefined;
  /** Disables bounds checks and the zeroing of workgroup memory, since kernels do both themselves. This is the default. */
  readonly unchecked?: boolean | undefined;
}

export interface OpenDevice {
  readonly device: GPUDevice;
  readonly profile: Profile;
  readonly source: AdapterSource;
  /** A readable name: adapter and driver. */
  readonly description: string;
  readonly lost: Promise<GPUDeviceLostInfo>;
}

type FoundAdapter =
  | { readonly source: AdapterSource; readonly adapter: GPUAdapter }
  | { readonly source: AdapterSource; readonly missing: DeviceError };

const ALWAYS = ["allow_unsafe_apis", "vulkan_enable_f16_on_nvidia"];
const UNCHECKED = ["disable_robustness", "disable_workgroup_init"];

const FEATURES: ReadonlySet<string> = new Set([
  "timestamp-query",
  "subgroups",
  "shader-f16",
  "chromium-experimental-subgroup-matrix",
]);

const LIMITS = [
  "maxStorageBuffersPerShaderStage",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupsPerDimension",
] as const;

/** Keeps a library that is not a Node module loaded, although Node closes it (dlfcn.h). */
const RTLD_NODELETE = 0x1000;

/**
 * All instances, keyed by their settings. They must stay reachable as long as a device exists: if one is
 * garbage-collected, the process later crashes with heap corruption. While they exist, the process does not exit by itself.
 */
const instances = new Map<string, GPU>();

interface Search {
  /** Distinguishes instances that find different drivers. */
  readonly drivers: "system" | "swiftshader";
  readonly unchecked: boolean;
  /** Part of the adapter's name. */
  readonly named?: string;
  /** Set only while the instance finds its drivers. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The preferred adapter of the drivers; null if there is none. */
async function adapterOf({ drivers, unchecked, named, environment = {} }: Search): Promise<GPUAdapter | null> {
  const { create, globals } = await importDawn();
  if (instances.size === 0) Object.assign(globalThis, globals);
  const options = [
    `enable-dawn-features=${(unchecked ? [...ALWAYS, ...UNCHECKED] : ALWAYS).join()}`,
    "disable-dawn-features=timestamp_quantization",
    ...(named === undefined ? [] : [`adapter=${named}`]),
  ];
  const key = [drivers, ...options].join(" ");
  const restore = setEnvironment(environment);
  try {
    const instance = instances.get(key) ?? create(options);
    instances.set(key, instance);
    return await instance.requestAdapter({ powerPreference: "high-performance" });
  } catch {
    // Dawn throws if it finds no adapter with this name.
    return null;
  } finally {
    restore();
  }
}

/** Sets environment variables. Returns a function that restores them, so that child processes see no change. */
function setEnvironment(variables: Readonly<Record<string, string>>): () => void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

async function importDawn(): Promise<typeof import("webgpu")> {
  try {
    return await import("webgpu");
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new NoAdapter(
      `Dawn can't be loaded: ${why}`,
      "Install the npm package webgpu on Linux (glibc), macOS or Windows, on x64 or arm64.",
    );
  }
}

/** Loads a shared library for the whole process. Returns the reason of a failure, or undefined. */
function loadLibrary(file: string): string | undefined {
  try {
    process.dlopen({ exports: {} }, file, constants.dlopen.RTLD_NOW | RTLD_NODELETE);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // It is loaded, although it is not a Node module.
    return message.includes("did not self-register") ? undefined : message;
  }
}

let systemLoader: { readonly missing: string | undefined } | undefined;

/**
 * The reason why the system's drivers cannot be used. It is determined first, because Dawn prints a warning when it fails,
 * and only once, because the bundled loader has the same name once it is loaded.
 */
function systemLoaderMissing(): string | undefined {
  systemLoader ??= { missing: process.platform === "linux" ? loadLibrary("libvulkan.so.1") : undefined };
  return systemLoader.missing;
}

const gpuRemedy = () =>
  existsSync("/proc/driver/nvidia/version")
    ? "NVIDIA's kernel driver is loaded, but nvidia_icd.json is missing (name it in VK_DRIVER_FILES; in a container " +
      "NVIDIA_DRIVER_CAPABILITIES needs graphics), or a library that it needs (Debian: libvulkan1 libegl1 libgl1)."
    : "If there is a GPU, install its driver with the Vulkan ICD, and the Vulkan loader (Debian: libvulkan1).";

const find: Readonly<Record<AdapterSource, (unchecked: boolean | undefined) => Promise<GPUAdapter>>> = {
  async gpu(unchecked = true) {
    const loader = systemLoaderMissing();
    const remedy = gpuRemedy();
    if (loader !== undefined) throw new NoAdapter(`No Vulkan loader: ${loader}.`, remedy);
    const adapter = await adapterOf({ drivers: "system", unchecked });
    if (adapter === null) throw new NoAdapter("No driver offers an adapter that Dawn accepts.", remedy);
    if (kindOf(adapter.info) === "gpu") return adapter;
    throw new NoAdapter(`Only a software adapter is installed (${describe(adapter.info)}).`, remedy);
  },
  async system(unchecked = true) {
    const loader = systemLoaderMissing();
    const remedy = "Install Mesa 25 or newer with llvmpipe (Debian 13, Ubuntu 24.04: mesa-vulkan-drivers libvulkan1).";
    if (loader !== undefined) throw new NoAdapter(`No Vulkan loader: ${loader}.`, remedy);
    const first = await adapterOf({ drivers: "system", unchecked });
    // Dawn lists GPUs first, and reports only SwiftShader as a fallback; Mesa's adapter is recognized by its name.
    const mesa = first && (await adapterOf({ drivers: "system", unchecked, named: "llvmpipe" }));
    const adapter = mesa ?? first;
    if (adapter !== null && kindOf(adapter.info) === "cpu") return adapter;
    throw new NoAdapter("Dawn accepts no installed software driver; it needs Mesa 25 or newer.", remedy);
  },
  async swiftshader(unchecked = true) {
    const folder = await swiftShaderFolder(cacheFolder(process.env));
    const [loader, , icd] = LIBRARIES.map((file) => join(folder, file)) as [string, string, string];
    systemLoaderMissing();
    const refused = loadLibrary(loader);
    if (refused !== undefined) {
      throw new NoAdapter(
        `SwiftShader can't be loaded: ${refused}.`,
        "Set MOM_CACHE to a folder from which libraries may be loaded.",
      );
    }
    const environment = { VK_ICD_FILENAMES: icd, VK_DRIVER_FILES: icd };
    const adapter = await adapterOf({ drivers: "swiftshader", unchecked, environment });
    if (adapter !== null) return adapter;
    throw new NoAdapter("SwiftShader was loaded but offers no adapter.", "Report this with the output of mom doctor.");
  },
};

/** Examines one source. */
export async function findAdapter(source: AdapterSource, unchecked?: boolean): Promise<FoundAdapter> {
  try {
    return { source, adapter: await find[source](unchecked) };
  } catch (error) {
    if (error instanceof DeviceError) return { source, missing: error };
    throw error;
  }
}

/** The source in $MOM_ADAPTER; undefined if it is not set. */
function chosenByEnvironment(): AdapterSource | undefined {
  const name = process.env.MOM_ADAPTER;
  if (!name) return undefined;
  const source = SOURCES.find((known) => known === name);
  if (source !== undefined) return source;
  throw new NoAdapter(`MOM_ADAPTER is "${name}".`, `Set it to one of ${SOURCES.join(", ")}.`);
}

/** Opens a device on the chosen or the first available adapter. Throws a DeviceError that names what is missing. */
export async function openDevice(options: OpenOptions = {}): Promise<OpenDevice> {
  const chosen = options.adapter ?? chosenByEnvironment();
  const missing: string[] = [];
  for (const source of chosen === undefined ? SOURCES : [chosen]) {
    const found = await findAdapter(source, options.unchecked);
    if ("adapter" in found) return await open(found.adapter, source, options.limits ?? "all");
    missing.push(`${source}: ${found.missing.message} ${found.missing.remedy}`);
  }
  const remedy =
    chosen === undefined ? "Run mom doctor." : "Run mom doctor. If no adapter is named, the best available one runs.";
  throw new NoAdapter(`No usable adapter.\n  ${missing.join("\n  ")}`, remedy);
}

async function open(adapter: GPUAdapter, source: AdapterSource, limits: "all" | "default"): Promise<OpenDevice> {
  const wanted = limits === "all" ? FEATURES : new Set(["timestamp-query"]);
  const isWanted = (name: string): name is GPUFeatureName => wanted.has(name);
  const device = await adapter
    .requestDevice({
      requiredFeatures: [...adapter.features].filter(isWanted),
      requiredLimits: limits === "all" ? Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])) : {},
    })
    .catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      throw new NoAdapter(
        `${describe(adapter.info)} does not provide a device: ${why}`,
        "Try another adapter: --adapter.",
      );
    });
  if (kindOf(adapter.info) === "cpu") sleepBetweenLooksOnce();
  return {
    device,
    profile: profileOf(device, adapter.info, limits),
    source,
    description: describe(adapter.info),
    lost: device.lost,
  };
}

let sleeping = false;

function sleepBetweenLooksOnce(): void {
  if (sleeping) return;
  sleeping = true;
  sleepBetweenLooks(globalThis);
}

/** The longest sleep between two polls, in milliseconds. */
const LONGEST = 2;

/** The WebGPU classes with long pending promises; `webgpu` exports them as `globals`. */
interface Waiting {
  readonly GPUBuffer: { readonly prototype: Pick<GPUBuffer, "mapAsync"> };
  readonly GPUQueue: { readonly prototype: Pick<GPUQueue, "onSubmittedWorkDone"> };
  readonly GPUDevice: { readonly prototype: Pick<GPUDevice, "createComputePipelineAsync"> };
}

/**
 * Dawn on Node polls in a busy loop while a promise is pending, which uses a whole core. With a CPU adapter on two cores
 * that cuts its speed in half. So the thread sleeps between polls while it waits: at most 2 ms and an eighth of the time
 * waited so far, so that short work is not delayed.
 */
export function sleepBetweenLooks({ GPUBuffer, GPUQueue, GPUDevice }: Waiting): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  let open = 0;
  let since = 0;
  let looking = false;
  const look = (): void => {
    looking = open > 0;
    if (!looking) return;
    const waited = performance.now() - since;
    if (waited > 1) Atomics.wait(cell, 0, 0, Math.min(LONGEST, waited / 8));
    setImmediate(look);
  };
  const during = <T>(promise: Promise<T>) => {
    open++;
    since = performance.now();
    if (!looking) {
      looking = true;
      setImmediate(look);
    }
    const done = () => {
      open--;
      since = performance.now();
    };
    promise.then(done, done);
    return promise;
  };
  const { mapAsync } = GPUBuffer.prototype;
  const { onSubmittedWorkDone } = GPUQueue.prototype;
  const { createComputePipelineAsync } = GPUDevice.prototype;
  GPUBuffer.prototype.mapAsync = function (...range) {
    return during(mapAsync.apply(this, range));
  };
  GPUQueue.prototype.onSubmittedWorkDone = function () {
    return during(onSubmittedWorkDone.apply(this));
  };
  GPUDevice.prototype.createComputePipelineAsync = function (descriptor) {
    return during(createComputePipelineAsync.call(this, descriptor));
  };
}
