// A plan small enough to check by hand: out = scale · x + bias, then total += Σ out.
import type { Choice, Plan } from "../../src/ir/plan.js";
import { called } from "../support/called.js";

/** Number of elements of x and out. */
export const SIZE = 100;

const affine = (workgroup: number): string => `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> step: vec4f;
@compute @workgroup_size(${workgroup})
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < ${SIZE}u) {
    out[id.x] = step.x * x[id.x] + step.y;
  }
}`;

const SUM = `
@group(0) @binding(0) var<storage, read> out: array<f32>;
@group(0) @binding(1) var<storage, read_write> results: array<f32>;
@compute @workgroup_size(1)
fn main() {
  var total = results[0];
  for (var i = 0u; i < ${SIZE}u; i++) {
    total += out[i];
  }
  results[0] = total;
}`;

const range = (buffer: number, bytes: number) => ({ buffer, offset: 0, bytes });
const X = range(0, 4 * SIZE);
const OUT = range(1, 4 * SIZE);
const STEP = range(2, 16);
const RESULTS = range(3, 16);

const choice = (variant: string, requires: Choice["requires"], kernel: number, workgroup: number): Choice => ({
  variant,
  requires,
  dispatches: [{ kernel, bindings: [X, OUT, STEP], workgroups: [Math.ceil(SIZE / workgroup), 1, 1] }],
});

export const tinyPlan: Plan = {
  buffers: [
    { name: "x", role: "batch", bytes: 512 },
    { name: "out", role: "workspace", bytes: 512 },
    { name: "step", role: "step", bytes: 16 },
    { name: "results", role: "results", bytes: 16 },
  ],
  kernels: [
    { name: "affine_wide", source: affine(1024), bindings: ["read", "write", "uniform"] },
    { name: "affine_64", source: affine(64), bindings: ["read", "write", "uniform"] },
    { name: "affine_1", source: affine(1), bindings: ["read", "write", "uniform"] },
    { name: "sum", source: SUM, bindings: ["read", "write"] },
  ],
  phases: [
    {
      name: "forward",
      nodes: [
        {
          label: "affine",
          choices: [
            // No adapter supports this many invocations, so the kernel must not be compiled.
            choice("wide", { invocations: 2 ** 20 }, 0, 1024),
            choice("64", { invocations: 64 }, 1, 64),
            choice("1", {}, 2, 1),
          ],
        },
      ],
    },
    {
      name: "sum",
      nodes: [
        {
          label: "sum",
          choices: [
            {
              variant: "serial",
              requires: {},
              dispatches: [{ kernel: 3, bindings: [OUT, RESULTS], workgroups: [1, 1, 1] }],
            },
          ],
        },
      ],
    },
  ],
  fields: [
    { name: "x", means: called("x"), buffer: 0, offset: 0, type: "f32", shape: [10, 10] },
    { name: "out", means: called("out"), buffer: 1, offset: 0, type: "f32", shape: [SIZE] },
    { name: "scale and bias", means: called("scale and bias"), buffer: 2, offset: 0, type: "f32", shape: [4] },
    { name: "total", means: called("total"), buffer: 3, offset: 0, type: "f32", shape: [1] },
  ],
};
