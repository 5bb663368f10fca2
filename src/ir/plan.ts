// A compiled model as data: what the GPU layer allocates, compiles and dispatches, and nothing of what it means.
import type { Meaning } from "./meaning.js";

/** How long a buffer's contents live, and who writes them. */
export type BufferRole =
  | "parameters"
  | "gradients"
  /** What the optimizer keeps of each parameter. */
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
  /** For people. */
  readonly name: string;
  /** Of a part of the arenas: `parameters`, `gradients` or a slot of the optimizer, and which part. */
  readonly holds?: { readonly arena: string; readonly part: number };
  readonly role: BufferRole;
  /** A multiple of 16. */
  readonly bytes: number;
}

/** A compute shader. `source` is WGSL with entry point `main` and all bindings in group 0, numbered from 0. */
export interface Kernel {
  /** Unique; also the stem of the file that `mom compile` writes. */
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

/** What a variant asks of a device. A field that is absent asks nothing. */
export interface Requirement {
  readonly kind?: "cpu" | "gpu";
  readonly storageBuffers?: number;
  readonly workgroupBytes?: number;
  readonly invocations?: number;
  /** The subgroup size must be exactly this, whatever the driver chooses. */
  readonly subgroup?: number;
  readonly f16?: true;
  /** Matrix units that multiply 16 × 16 halves and add up in f32. */
  readonly matrix?: true;
  /** Subgroups of four invocations at least, whatever their size. */
  readonly quads?: true;
}

/** One way to run a node. The first choice whose requirement a device meets is the one that runs. */
export interface Choice {
  readonly variant: string;
  readonly requires: Requirement;
  readonly dispatches: readonly Dispatch[];
}

/** Variants by the keys of the nodes that take them. */
export type Choices = Readonly<Record<string, string>>;

/** Something that a node makes, for looking at it: a matrix in a buffer. */
export interface NodeOutput {
  readonly name: string;
  readonly type: "f32" | "f16";
  readonly range: BufferRange;
  readonly rows: number;
  readonly columns: number;
  /** Numbers before its first column, and from one row to the next. */
  readonly column: number;
  readonly stride: number;
}

/** One op of the fused program. */
export interface PlanNode {
  readonly label: string;
  /** The same for nodes that run the same kernels in the same sizes (ir/op-key.ts). */
  readonly key?: string;
  /** For finding the first that went bad. */
  readonly outputs?: readonly NodeOutput[];
  readonly choices: readonly Choice[];
}

/** A stretch of a buffer that the host reads or writes. */
export interface Field {
  /** The label of what it means, by which no other field is called. */
  readonly name: string;
  readonly means: Meaning;
  /** Of a phase whose size is its own (ir/scope.ts): the phase. */
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

/** What a kernel may assume of a device. */
export interface Profile {
  readonly name: string;
  /** `any` where a plan must do for both. */
  readonly kind: "cpu" | "gpu" | "any";
  readonly limits: {
    readonly storageBuffers: number;
    readonly workgroupBytes: number;
    readonly invocations: number;
    readonly bindingBytes: number;
    readonly bufferBytes: number;
    readonly workgroupsPerDimension: number;
  };
  /** Smallest and largest subgroup size; undefined where subgroups are not offered. */
  readonly subgroup: { readonly min: number; readonly max: number } | undefined;
  readonly f16: boolean;
  /** Matrix units that multiply 16 × 16 halves and add up in f32, a subgroup at a time. */
  readonly matrix: boolean;
}

/** Whether a device of this profile can run a variant. */
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
