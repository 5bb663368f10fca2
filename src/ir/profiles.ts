// The named devices of `mom compile --device` and `mom inspect --device`, with the limits that their adapters report.
import type { Profile } from "./plan.js";

const GIB = 2 ** 30;

/** The minimum that every WebGPU device supports. */
export const DEFAULT_DEVICE = "webgpu-default";

export const PROFILES: readonly Profile[] = [
  {
    name: DEFAULT_DEVICE,
    kind: "any",
    limits: {
      storageBuffers: 8,
      workgroupBytes: 16384,
      invocations: 256,
      bindingBytes: GIB / 8,
      bufferBytes: GIB / 4,
      workgroupsPerDimension: 65535,
    },
    subgroup: undefined,
    f16: false,
    matrix: false,
  },
  {
    name: "swiftshader",
    kind: "cpu",
    limits: {
      storageBuffers: 12,
      workgroupBytes: 32768,
      invocations: 256,
      bindingBytes: GIB,
      bufferBytes: GIB,
      workgroupsPerDimension: 65535,
    },
    subgroup: { min: 4, max: 4 },
    f16: false,
    matrix: false,
  },
  {
    name: "llvmpipe",
    kind: "cpu",
    limits: {
      storageBuffers: 16,
      workgroupBytes: 32768,
      invocations: 1024,
      bindingBytes: GIB / 8,
      bufferBytes: 2 * GIB,
      workgroupsPerDimension: 65535,
    },
    subgroup: { min: 8, max: 8 },
    f16: true,
    matrix: false,
  },
  {
    name: "nvidia-h100",
    kind: "gpu",
    limits: {
      storageBuffers: 16,
      workgroupBytes: 49152,
      invocations: 1024,
      bindingBytes: 2 * GIB - 4,
      bufferBytes: 2 ** 40,
      workgroupsPerDimension: 65535,
    },
    subgroup: { min: 32, max: 32 },
    f16: true,
    matrix: true,
  },
];

export const profileNamed = (name: string): Profile | undefined => PROFILES.find((p) => p.name === name);
