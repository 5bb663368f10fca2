// Runs a computation with a known result, to prove that a device really computes.
import type { Plan, Profile } from "../ir/plan.js";
import { DeviceError } from "./device-error.js";
import { prepare } from "./runtime.js";

const COUNT = 1000;
const BYTES = 4096;
const GIVEN = "x";
const PRODUCTS = "products";

/** products[i] = i · x, for an x that the host writes. */
const PLAN: Plan = {
  buffers: [
    { name: "step", role: "step", bytes: 16 },
    { name: "products", role: "results", bytes: BYTES },
  ],
  kernels: [
    {
      name: "prove",
      bindings: ["uniform", "write"],
      source: `
@group(0) @binding(0) var<uniform> step: vec4f;
@group(0) @binding(1) var<storage, read_write> products: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < ${COUNT}u) {
    products[id.x] = f32(id.x) * step.x;
  }
}`,
    },
  ],
  phases: [
    {
      name: "prove",
      nodes: [
        {
          label: "prove",
          choices: [
            {
              variant: "only",
              requires: {},
              dispatches: [
                {
                  kernel: 0,
                  bindings: [
                    { buffer: 0, offset: 0, bytes: 16 },
                    { buffer: 1, offset: 0, bytes: BYTES },
                  ],
                  workgroups: [Math.ceil(COUNT / 64), 1, 1],
                },
              ],
            },
          ],
        },
      ],
    },
  ],
  fields: [
    { name: GIVEN, means: { is: "named", name: GIVEN }, buffer: 0, offset: 0, type: "f32", shape: [4] },
    { name: PRODUCTS, means: { is: "named", name: PRODUCTS }, buffer: 1, offset: 0, type: "f32", shape: [COUNT] },
  ],
};

/** Milliseconds from compiling a small kernel to its result. Throws a DeviceError if the result is wrong. */
export async function prove(device: GPUDevice, profile: Profile): Promise<number> {
  const start = performance.now();
  const runtime = await prepare(device, profile, PLAN);
  runtime.write(GIVEN, new Float32Array([3, 0, 0, 0]));
  runtime.run(["prove"]);
  const products = new Float32Array(await runtime.read(PRODUCTS));
  runtime.destroy();
  const wrong = products.findIndex((product, i) => product !== 3 * i);
  if (wrong >= 0) {
    throw new DeviceError(
      `${profile.name} computes wrong results: ${wrong} · 3 = ${products[wrong]}.`,
      "Update the driver, or use another adapter: --adapter swiftshader.",
    );
  }
  return performance.now() - start;
}
