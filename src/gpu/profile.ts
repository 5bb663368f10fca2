// What an open device lets kernels assume, as the profile that variants are chosen by.
import type { Profile } from "../ir/plan.js";

/** Software adapters (SwiftShader, llvmpipe, WARP) call themselves fallback adapters. */
export const kindOf = (info: GPUAdapterInfo): Profile["kind"] => (info.isFallbackAdapter ? "cpu" : "gpu");

/** `swiftshader`, `llvmpipe`, `nvidia-h100-80gb-hbm3`: software by its kind, a GPU by its model. */
function nameOf(info: GPUAdapterInfo): string {
  const model = info.isFallbackAdapter ? info.architecture || info.device : info.device || info.description;
  const name = model
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  return name || info.vendor || "unnamed";
}

/** Adapters that offer subgroups say their sizes; one that does not is taken to have none. */
function subgroupSizes({ subgroupMinSize: min, subgroupMaxSize: max }: GPUAdapterInfo): Profile["subgroup"] {
  return min === undefined || max === undefined ? undefined : { min, max };
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
  };
}
