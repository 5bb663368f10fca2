// Which variant of every node a device runs: a pure function of the plan, the user's wishes and what the device lets kernels
// assume, its profile.
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

/** Whether this variant of this node is wanted before the others that the device admits. */
export type Preference = (label: string, variant: string, key: string | undefined) => boolean;

function asked(requires: Requirement): string {
  const words = [
    requires.kind && `a ${requires.kind === "gpu" ? "real GPU" : "CPU adapter"}`,
    requires.storageBuffers && `${requires.storageBuffers} storage buffers`,
    requires.workgroupBytes && `${requires.workgroupBytes} bytes of workgroup memory`,
    requires.invocations && `${requires.invocations} invocations in a workgroup`,
    requires.subgroup && `subgroups of ${requires.subgroup}`,
    requires.f16 && "16-bit floats",
    requires.matrix && "matrix units for halves",
    requires.quads && "subgroups of four at least",
  ];
  return words.filter((word) => typeof word === "string").join(", ");
}

/** For every node its first preferred choice among those that the profile admits, else the first admitted. */
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

/** The plan with one choice at every node: that of `choices`, where the profile admits it, else the first admitted. */
export function withChoices(plan: Plan, profile: Profile, choices: Choices): Plan {
  const picked = choose(plan, profile, (_, variant, key) => key !== undefined && choices[key] === variant);
  const phases = plan.phases.map(({ name, nodes }, phase) => ({
    name,
    nodes: nodes.map((node, i) => ({ ...node, choices: [picked[phase]?.nodes[i]?.choice as Choice] })),
  }));
  return { ...plan, phases };
}

/** What a device runs of a plan, node by node, as choices that give the same again. */
export function choicesOf(plan: Plan, profile: Profile): Choices {
  const nodes = choose(plan, profile).flatMap((phase) => phase.nodes);
  return Object.fromEntries(nodes.flatMap(({ key, choice }) => (key === undefined ? [] : [[key, choice.variant]])));
}

/** Software adapters (SwiftShader, llvmpipe, WARP) call themselves fallback adapters. */
export const kindOf = (info: GPUAdapterInfo): Profile["kind"] => (info.isFallbackAdapter ? "cpu" : "gpu");

/** Of a name that a driver gives, what a file name can hold. */
const plain = (name: string) =>
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
