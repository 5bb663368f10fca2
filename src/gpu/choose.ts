// Chooses the kernel variant of every node: a pure function of the plan, the user's preferences and the device's profile,
// which lists what kernels may assume.
import { admits, type Choice, type Choices, type Plan, type Profile, type Requirement } from "../ir/plan.js";
import { DeviceError } from "./device-error.js";

export interface PickedNode {
  readonly label: string;
  readonly key?: string | undefined;
  readonly choice: Choice;
}

export interface PickedPhase {
  readonly name: string;
  readonly nodes: readonly PickedNode[];
}

/** Whether this variant is preferred over the others that the device supports. */
export type Preference = (label: string, variant: string, key: string | undefined) => boolean;

function asked(requires: Requirement): string {
  const words = [
    requires.kind && `a ${requires.kind === "gpu" ? "real GPU" : "CPU adapter"}`,
    requires.storageBuffers && `${requires.storageBuffers} storage buffers`,
    requires.workgroupBytes && `${requires.workgroupBytes} bytes of workgroup memory`,
    requires.invocations && `${requires.invocations} invocations in a workgroup`,
    requires.subgroup && `subgroups of ${requires.subgroup}`,
    requires.f16 && "16-bit floats",
    requires.matrix && "matrix units for f16",
    requires.quads && "subgroups of at least four",
  ];
  return words.filter((word) => typeof word === "string").join(", ");
}

/** For every node the first preferred choice that the profile supports, or else the first supported one. */
export function choose(plan: Plan, profile: Profile, prefer: Preference = () => false): readonly PickedPhase[] {
  return plan.phases.map(({ name, nodes }) => ({
    name,
    nodes: nodes.map(({ label, key, choices }) => {
      const admitted = choices.filter(({ requires }) => admits(profile, requires));
      const choice = admitted.find(({ variant }) => prefer(label, variant, key)) ?? admitted[0];
      if (choice === undefined) {
        const needs = choices.map(({ variant, requires }) => `${variant} needs ${asked(requires)}`).join("; ");
        throw new DeviceError(`No variant of ${label} runs on ${profile.name}: ${needs}.`, "Use another adapter.");
      }
      return { label, key, choice };
    }),
  }));
}

/** The plan with one choice per node: the one in `choices` if the profile supports it, or else the first supported one. */
export function withChoices(plan: Plan, profile: Profile, choices: Choices): Plan {
  const picked = choose(plan, profile, (_, variant, key) => key !== undefined && choices[key] === variant);
  const phases = plan.phases.map(({ name, nodes }, phase) => ({
    name,
    nodes: nodes.map((node, i) => ({ ...node, choices: [picked[phase]?.nodes[i]?.choice as Choice] })),
  }));
  return { ...plan, phases };
}

/** The variants that a device runs, node by node, as choices that reproduce them. */
export function choicesOf(plan: Plan, profile: Profile): Choices {
  const nodes = choose(plan, profile).flatMap((phase) => phase.nodes);
  return Object.fromEntries(nodes.flatMap(({ key, choice }) => (key === undefined ? [] : [[key, choice.variant]])));
}

/** CPU adapters (SwiftShader, llvmpipe, WARP) identify as fallback adapters. */
export const kindOf = (info: GPUAdapterInfo): Profile["kind"] => (info.isFallbackAdapter ? "cpu" : "gpu");

/** The part of a driver's name that is valid in a file name. */
const plain = (name: string) =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");

/** `swiftshader`, `llvmpipe`, `nvidia-h100-80gb-hbm3`: the first word of a CPU adapter's name, or the model of a GPU. */
function nameOf(info: GPUAdapterInfo): string {
  const model = plain(info.device || info.architecture || info.description || info.vendor) || "unnamed";
  return info.isFallbackAdapter ? (model.split("-")[0] as string) : model;
}

/** A readable name of the adapter's model and driver. */
export const describe = (info: GPUAdapterInfo): string =>
  [plain(info.device || info.architecture), info.description].filter((words) => words !== "").join(", ");

/** Adapters with subgroups report their sizes; without sizes, an adapter counts as having no subgroups. */
function subgroupSizes({ subgroupMinSize: min, subgroupMaxSize: max }: GPUAdapterInfo): Profile["subgroup"] {
  return min === undefined || max === undefined ? undefined : { min, max };
}

/** What Dawn reports about an adapter's matrix units, which WebGPU's types do not include. */
interface MatrixUnits {
  readonly subgroupMatrixConfigs?: Iterable<{
    readonly componentType: string;
    readonly resultComponentType: string;
    readonly M: number;
    readonly N: number;
    readonly K: number;
  }>;
}

/** Whether matrix units multiply 16 × 16 f16 matrices and accumulate in f32. */
function multipliesF16(info: GPUAdapterInfo & MatrixUnits): boolean {
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
    matrix: device.features.has("chromium-experimental-subgroup-matrix" as GPUFeatureName) && multipliesF16(info),
  };
}
