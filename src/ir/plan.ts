// A compiled model as data: the buffers, kernels and dispatches that the GPU layer needs.
import type { Meaning } from "./meaning.js";

/** How long a buffer's contents live, and what writes them. */
export type BufferRole =
  | "parameters"
  | "gradients"
  /** Optimizer state of each parameter. */
  | "optimizer"
  /** Activations and scratch, shared by liveness; overwritten in every run. */
  | "workspace"
  /** Written by the host before every run: tokens, modalities, patches, row tables. */
  | "batch"
  /** Written by the host once. */
  | "constants"
  /** Scalars of one step, a uniform buffer: learning rate, bias corrections, noise key. */
  | "step"
  /** Read back by the host after a run: loss sums, gradient norm. */
  | "results";

export interface PlannedBuffer {
  /** For display. */
  readonly name: string;
  /** For a region of the arenas: `parameters`, `gradients` or a slot of the optimizer, and the index of the region. */
  readonly holds?: { readonly arena: string; readonly part: number };
  readonly role: BufferRole;
  /** A multiple of 16. */
  readonly bytes: number;
}

/** A compute shader. `source` is WGSL with entry point `main` and all bindings in group 0, numbered from 0. */
export interface Kernel {
  /** Unique. Also the base name of the file that `mom compile` writes. */
  readonly name: string;
  readonly source: string;
  readonly bindings: readonly ("read" | "write" | "uniform")[];
}

export interface BufferRange {
  /** Index into Plan.buffers. */
  readonly buffer: number;
  /** In bytes, a multiple of 256. */
  readonly offset: number;
  /** In bytes, a multiple of 4. */
  readonly bytes: number;
}

export interface Dispatch {
  /** Index into Plan.kernels. */
  readonly kernel: number;
  readonly bindings: readonly BufferRange[];
  readonly workgroups: readonly [number, number, number];
}

/** What a variant requires of a device. Absent fields require nothing. */
export interface Requirement {
  readonly kind?: "cpu" | "gpu";
  readonly storageBuffers?: number;
  readonly workgroupBytes?: number;
  readonly invocations?: number;
  /** The subgroup size must be exactly this on every driver. */
  readonly subgroup?: number;
  readonly f16?: true;
  /** Matrix units that multiply 16 × 16 f16 matrices and accumulate in f32. */
  readonly matrix?: true;
  /** Subgroups of at least four invocations. */
  readonly quads?: true;
}

/** One way to run a node. A device runs the first choice whose requirements it meets. */
export interface Choice {
  readonly variant: string;
  readonly requires: Requirement;
  readonly dispatches: readonly Dispatch[];
}

/** The chosen variant of each node, by the node's key. */
export type Choices = Readonly<Record<string, string>>;

/** An output of a node, for inspection: a matrix in a buffer. */
export interface NodeOutput {
  readonly name: string;
  readonly type: "f32" | "f16";
  readonly range: BufferRange;
  readonly rows: number;
  readonly columns: number;
  /** The numbers before its first column, and from one row to the next. */
  readonly column: number;
  readonly stride: number;
}

/** One op of the fused program. */
export interface PlanNode {
  readonly label: string;
  /** Equal for nodes that run the same kernels in the same sizes (ir/op-key.ts). */
  readonly key?: string;
  /** For finding the first output with a NaN. */
  readonly outputs?: readonly NodeOutput[];
  readonly choices: readonly Choice[];
}

/** A range of a buffer that the host reads or writes. */
export interface Field {
  /** The label of its meaning. It is unique. */
  readonly name: string;
  readonly means: Meaning;
  /** The phase, if it has a size of its own (ir/scope.ts). */
  readonly scope?: string;
  readonly buffer: number;
  readonly offset: number;
  readonly type: "f32" | "u32" | "i32" | "f16";
  readonly shape: readonly number[];
}

/** A named list of nodes, run in order. */
export interface Phase {
  readonly name: string;
  readonly nodes: readonly PlanNode[];
}

export interface Plan {
  readonly buffers: readonly PlannedBuffer[];
  readonly kernels: readonly Kernel[];
  readonly phases: readonly Phase[];
  readonly fields: readonly Field[];
}

/** What a kernel may assume about a device. */
export interface Profile {
  readonly name: string;
  /** `any` if a plan must work on both. */
  readonly kind: "cpu" | "gpu" | "any";
  readonly limits: {
    readonly storageBuffers: number;
    readonly workgroupBytes: number;
    readonly invocations: number;
    readonly bindingBytes: number;
    readonly bufferBytes: number;
    readonly workgroupsPerDimension: number;
  };
  /** The smallest and largest subgroup size; undefined without subgroups. */
  readonly subgroup: { readonly min: number; readonly max: number } | undefined;
  readonly f16: boolean;
  /** Matrix units that multiply 16 × 16 f16 matrices and accumulate in f32, one subgroup at a time. */
  readonly matrix: boolean;
}

/** Whether a device with this profile can run a variant. */
export function admits(profile: Profile, requires: Requirement): boolean {
  const { limits, subgroup } = profile;
  if (requires.kind !== undefined && profile.kind !== "any" && requires.kind !== profile.kind) return false;
  if ((requires.storageBuffers ?? 0) > limits.storageBuffers) return false;
  if ((requires.workgroupBytes ?? 0) > limits.workgroupBytes) return false;
  if ((requires.invocations ?? 0) > limits.invocations) return false;
  if ((requires.f16 && !profile.f16) || (requires.matrix && !profile.matrix)) return false;
  if (requires.quads && (subgroup === undefined || subgroup.min < 4)) return false;
  if (requires.subgroup === undefined) return true;
  return subgroup !== undefined && subgroup.min === requires.subgroup && subgroup.max === requires.subgroup;
}
