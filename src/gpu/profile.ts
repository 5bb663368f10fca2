// What an open device lets kernels assume, as the profile that variants are chosen by.
import type { Profile } from "../ir/plan.js";

/** Software adapters (SwiftShader, llvmpipe, WARP) call themselves fallback adapters. */
export const kindOf = (info: GPUAdapterInfo): Profile["kind"] => (info.isFallbackAdapter ? "cpu" : "gpu");

/** Of a name that a driver gives, what a file name can hold. */
const plain = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");

/** `swiftshader`, `llvmpipe`, `nvidia-h100-80gb-hbm3`: software by the first word of its name, a GPU by its model. */
function nameOf(info: GPUAdapterInfo): string {
  const model = plain(info.device || info.architecture || info.description || info.vendor) || "unnamed";
  return info.isFallbackAdapter ? (model.split("-")[0] as string) : model;
}

/** The adapter's model and driver, for people. */
export const describe = (info: GPUAdapterInfo): string =>
  [plain(info.device || info.architecture), info.description].filter((words) => words !== "").join(", ");

/** Adapters that offer subgroups say their sizes; one that does not is taken to have none. */
function subgroupSizes({ subgroupMinSize: min, subgroupMaxSize: max }: GPUAdapterInfo): Profile["subgroup"] {
  return min === undefined || max === undefined ? undefined : { min, max };
}

/** What Dawn says of an adapter's matrix units, which the types of WebGPU do not know. */
interface MatrixUnits {
  readonly subgroupMatrixConfigs?: Iterable<{
    readonly componentType: string;
    readonly resultComponentType: string;
    readonly M: number;
    readonly N: number;
    readonly K: number;
  }>;
}

/** Whether matrix units multiply 16 × 16 halves and add up in f32. */
function multipliesHalves(info: GPUAdapterInfo & MatrixUnits): boolean {
  return [...(info.subgroupMatrixConfigs ?? [])].some(
    ({ componentType, resultComponentType, M, N, K }) =>
      componentType === "f16" && resultComponentType === "f32" && M === 16 && N === 16 && K === 16,
  );
}

export function profileOf(device: GPUDevice, info: GPUAdapterInfo, limits: "all" | "default"): Profile {
  const name = nameOf(info);
  return {
    name: limits === "default" ? `${name} at default limits` : name,
    kind: kindOf(info),
    limits: {
      storageBuffers: device.limits.maxStorageBuffersPerShaderStage,
      workgroupBytes: device.limits.maxComputeWorkgroupStorageSize,
      invocations: device.limits.maxComputeInvocationsPerWorkgroup,
      bindingBytes: device.limits.maxStorageBufferBindingSize,
      bufferBytes: device.limits.maxBufferSize,
      workgroupsPerDimension: device.limits.maxComputeWorkgroupsPerDimension,
    },
    subgroup: device.features.has("subgroups") ? subgroupSizes(info) : undefined,
    f16: device.features.has("shader-f16"),
    matrix: device.features.has("chromium-experimental-subgroup-matrix" as GPUFeatureName) && multipliesHalves(info),
  };
}
