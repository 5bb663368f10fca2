// Measures a device's ceilings with short kernels: bytes read and copied, and multiply-adds, per second.
import type { Plan } from "../ir/plan.js";

export interface Ceilings {
  /** The memory's rate: the faster of reading and copying data that no cache holds. */
  readonly bytesPerSecond: number;
  /** The cache's highest rate, and the largest set that is faster than memory; absent if no set is. */
  readonly cache?: { readonly bytesPerSecond: number; readonly bytes: number };
  readonly flopsPerSecond: number;
  /** The rate of matrix units that multiply f16 and accumulate in f32; absent if the device has none. */
  readonly matrixFlopsPerSecond?: number;
}

/** Bytes of each of the two buffers, which are much larger than a GPU's caches. */
const BUFFER_BYTES = { gpu: 2 ** 29, cpu: 2 ** 26 } as const;
/** The smallest set for measuring the cache. Each set has half the size of the previous one. */
const LEAST_BYTES = 2 ** 19;
/** A set counts as cached if its rate is higher than the memory's by this factor; smaller differences are noise. */
const CACHED = 1.1;
const WORKGROUP = 256;
/** Invocations of the arithmetic kernel. Each runs `ROUNDS` dependent vec4 multiply-adds in each of `CHAINS` chains. */
const LANES = { gpu: 2 ** 20, cpu: 2 ** 12 } as const;
const ROUNDS = 1024;
const CHAINS = 8;

const copySource = (count: number) => `
@group(0) @binding(0) var<storage, read> from_: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> to: array<vec4<f32>>;
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  for (var i = id.x; i < ${count}u; i += groups.x * ${WORKGROUP}u) { to[i] = from_[i]; }
}`;

/** The vec4s that one invocation reads before it writes their sum. */
const READS = 64;

const readSource = (count: number) => `
@group(0) @binding(0) var<storage, read> from_: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> to: array<vec4<f32>>;
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  var a = vec4<f32>();
  var b = vec4<f32>();
  for (var i = id.x; i < ${count}u; i += ${(2 * count) / READS}u) {
    a += from_[i];
    b += from_[i + ${count / READS}u];
  }
  to[id.x] = a + b;
}`;

const chains = (line: (i: number) => string) => Array.from({ length: CHAINS }, (_, i) => line(i)).join("\n");

const arithmeticSource = `
@group(0) @binding(0) var<storage, read> from_: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> to: array<vec4<f32>>;
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let a = from_[id.x & 1023u];
  let b = from_[(id.x + 1u) & 1023u];
${chains((i) => `  var s${i} = a + ${i}.0;`)}
  for (var round = 0u; round < ${ROUNDS}u; round++) {
${chains((i) => `    s${i} = fma(s${i}, a, b);`)}
  }
  to[id.x & 1023u] = ${Array.from({ length: CHAINS }, (_, i) => `s${i}`).join(" + ")};
}`;

/** Dependent products of 16 × 16 matrices that a subgroup computes in each chain. */
const MATRIX_ROUNDS = 512;
const MATRIX_WORKGROUPS = 4096;
/** Subgroups of a workgroup if a subgroup has 32 invocations. */
const SUBGROUPS = WORKGROUP / 32;

const matrixSource = `enable f16, subgroups, chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity);
@group(0) @binding(0) var<storage, read> from_: array<f16>;
@group(0) @binding(1) var<storage, read_write> to: array<f32>;
@compute @workgroup_size(${WORKGROUP})
fn main() {
  let a = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, row_major>(&from_, 0u, 16u);
  let b = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>, row_major>(&from_, 256u, 16u);
${chains((i) => `  var s${i} = subgroup_matrix_result<f32, 16, 16>();`)}
  for (var round = 0u; round < ${MATRIX_ROUNDS}u; round++) {
${chains((i) => `    s${i} = subgroupMatrixMultiplyAccumulate(a, b, s${i});`)}
  }
${chains((i) => `  subgroupMatrixStore<row_major>(&to, ${256 * i}u, s${i}, 16u);`)}
}`;

/** The bytes that one run of a node reads and writes, in total. */
export interface WorkingSet {
  readonly kind: "copy" | "read";
  readonly bytes: number;
}

/**
 * A plan with three phases. `memory` has the nodes of `sets`, each twice in a row, so that the second finds the data in
 * the cache. `arithmetic` and `matrix` have one node each; `work` has the FLOPs of one run of each.
 */
export function ceilingPlan(
  kind: "gpu" | "cpu",
  matrix: boolean,
): { plan: Plan; sets: readonly WorkingSet[]; work: { flops: number; matrixFlops: number } } {
  const buffer = BUFFER_BYTES[kind];
  const lanes = LANES[kind];
  const sizes: number[] = [];
  for (let size = buffer; size >= LEAST_BYTES; size /= 2) sizes.push(size);
  const range = (index: number) => ({ buffer: index, offset: 0, bytes: buffer });
  const node = (label: string, kernel: number, workgroups: number): Plan["phases"][number]["nodes"][number] => ({
    label,
    choices: [
      {
        variant: "plain",
        requires: {},
        dispatches: [{ kernel, bindings: [range(0), range(1)], workgroups: [workgroups, 1, 1] }],
      },
    ],
  });
  const kernels: Plan["kernels"][number][] = [
    { name: "arithmetic", source: arithmeticSource, bindings: ["read", "write"] },
    ...(matrix ? [{ name: "matrix", source: matrixSource, bindings: ["read", "write"] } as const] : []),
  ];
  const first = kernels.length;
  const measured = sizes.flatMap((size) => {
    const numbers = size / 16;
    return [
      { kind: "copy" as const, bytes: 2 * size, source: copySource(numbers), workgroups: numbers / WORKGROUP },
      {
        kind: "read" as const,
        bytes: size + size / READS,
        source: readSource(numbers),
        workgroups: numbers / READS / WORKGROUP,
      },
    ];
  });
  return {
    plan: {
      buffers: [
        { name: "from", role: "batch", bytes: buffer },
        { name: "to", role: "workspace", bytes: buffer },
      ],
      fields: [],
      kernels: [
        ...kernels,
        ...measured.map(({ kind, bytes, source }) => ({
          name: `${kind}_${bytes}`,
          source,
          bindings: ["read", "write"] as const,
        })),
      ],
      phases: [
        {
          name: "memory",
          nodes: measured.flatMap(({ kind, workgroups }, i) => {
            const one = node(`${kind} ${i}`, first + i, Math.max(1, Math.min(65_535, workgroups)));
            return [one, one];
          }),
        },
        { name: "arithmetic", nodes: [node("arithmetic", 0, lanes / WORKGROUP)] },
        ...(matrix ? [{ name: "matrix", nodes: [node("matrix", 1, MATRIX_WORKGROUPS)] }] : []),
      ],
    },
    sets: measured.map(({ kind, bytes }) => ({ kind, bytes })),
    work: {
      flops: 2 * 4 * CHAINS * ROUNDS * lanes,
      matrixFlops: 2 * 16 ** 3 * CHAINS * MATRIX_ROUNDS * SUBGROUPS * MATRIX_WORKGROUPS,
    },
  };
}

/** The rates of memory and cache from the seconds of each set. The largest sets measure memory. */
export function memoryCeilings(
  sets: readonly WorkingSet[],
  seconds: readonly number[],
): Pick<Ceilings, "bytesPerSecond" | "cache"> {
  const rates = sets.map(({ kind, bytes }, i) => ({ kind, bytes, rate: bytes / (seconds[i] ?? Number.NaN) }));
  const largest = { copy: 0, read: 0 };
  for (const { kind, bytes } of sets) largest[kind] = Math.max(largest[kind], bytes);
  const memory = rates.filter(({ kind, bytes }) => bytes === largest[kind]).map(({ rate }) => rate);
  const bytesPerSecond = Math.max(...memory);
  const faster = rates.filter(({ rate }) => rate > CACHED * bytesPerSecond);
  if (faster.length === 0) return { bytesPerSecond };
  return {
    bytesPerSecond,
    cache: {
      bytesPerSecond: Math.max(...faster.map(({ rate }) => rate)),
      bytes: Math.max(...faster.map(({ bytes }) => bytes)),
    },
  };
}
