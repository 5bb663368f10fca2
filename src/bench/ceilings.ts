// What a device can do at most, as two kernels of a few lines measure it: bytes copied, and f32 multiply-adds.
import type { Plan } from "../ir/plan.js";

export interface Ceilings {
  /** Read and written. */
  readonly bytesPerSecond: number;
  readonly flopsPerSecond: number;
  /** Of matrix units that multiply halves and add up in f32; absent where there are none. */
  readonly matrixFlopsPerSecond?: number;
}

/** Bytes of the copy; a real GPU's caches hold none of it. */
const COPY_BYTES = { gpu: 2 ** 28, cpu: 2 ** 24 } as const;
const WORKGROUP = 256;
/** Invocations of the arithmetic, and multiply-adds of four numbers that each makes in a row, eight at a time. */
const LANES = { gpu: 2 ** 20, cpu: 2 ** 12 } as const;
const ROUNDS = 1024;
const CHAINS = 8;

const copySource = (count: number): string => `
@group(0) @binding(0) var<storage, read> from_: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> to: array<vec4<f32>>;
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  for (var i = id.x; i < ${count}u; i += groups.x * ${WORKGROUP}u) { to[i] = from_[i]; }
}`;

const chains = (line: (i: number) => string): string => Array.from({ length: CHAINS }, (_, i) => line(i)).join("\n");

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

/** Products of 16 × 16 matrices that a subgroup makes in a row, as many at a time as there are chains. */
const MATRIX_ROUNDS = 512;
const MATRIX_WORKGROUPS = 4096;
/** Subgroups of a workgroup, where one has 32 invocations. */
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

/** Phases `copy`, `arithmetic` and `matrix`; what one run of each does is in `work`. */
export function ceilingPlan(
  kind: "gpu" | "cpu",
  matrix: boolean,
): { plan: Plan; work: { bytes: number; flops: number; matrixFlops: number } } {
  const bytes = COPY_BYTES[kind];
  const lanes = LANES[kind];
  const range = (buffer: number) => ({ buffer, offset: 0, bytes });
  const phase = (name: string, kernel: number, workgroups: number): Plan["phases"][number] => ({
    name,
    nodes: [
      {
        label: name,
        choices: [
          {
            variant: "plain",
            requires: {},
            dispatches: [{ kernel, bindings: [range(0), range(1)], workgroups: [workgroups, 1, 1] }],
          },
        ],
      },
    ],
  });
  return {
    plan: {
      buffers: [
        { name: "from", role: "batch", bytes },
        { name: "to", role: "workspace", bytes },
      ],
      fields: [],
      kernels: [
        { name: "copy", source: copySource(bytes / 16), bindings: ["read", "write"] },
        { name: "arithmetic", source: arithmeticSource, bindings: ["read", "write"] },
        ...(matrix ? [{ name: "matrix", source: matrixSource, bindings: ["read", "write"] } as const] : []),
      ],
      phases: [
        phase("copy", 0, Math.min(65_535, bytes / 16 / WORKGROUP)),
        phase("arithmetic", 1, lanes / WORKGROUP),
        ...(matrix ? [phase("matrix", 2, MATRIX_WORKGROUPS)] : []),
      ],
    },
    work: {
      bytes: 2 * bytes,
      flops: 2 * 4 * CHAINS * ROUNDS * lanes,
      matrixFlops: 2 * 16 ** 3 * CHAINS * MATRIX_ROUNDS * SUBGROUPS * MATRIX_WORKGROUPS,
    },
  };
}
