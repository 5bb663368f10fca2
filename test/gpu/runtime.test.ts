// Runs a hand-written plan on a real device: buffers, phases, choices, reads and times.
import { describe, expect, test } from "vitest";
import type { Pipelines } from "../../src/gpu/pipelines.js";
import { type PrepareOptions, prepare, type Runtime } from "../../src/gpu/runtime.js";
import type { Plan, Profile } from "../../src/ir/plan.js";
import { missingAdapter, testDevice } from "./adapter.js";
import { SIZE, tinyPlan } from "./tiny-plan.js";

const missing = await missingAdapter();

const f32 = (buffer: ArrayBuffer): number[] => [...new Float32Array(buffer)];
const ramp = Float32Array.from({ length: SIZE }, (_, i) => i);

async function tinyRuntime(options?: PrepareOptions, plan: Plan = tinyPlan): Promise<Runtime> {
  const { device, profile } = await testDevice();
  return await prepare(device, profile, plan, options);
}

describe.skipIf(missing)("a runtime", () => {
  test("computes the plan's result", async () => {
    const runtime = await tinyRuntime();
    runtime.write("x", ramp);
    runtime.write("scale and bias", new Float32Array([2, 1, 0, 0]));
    runtime.run(["forward", "sum"]);
    expect(f32(await runtime.read("out"))).toEqual([...ramp].map((x) => 2 * x + 1));
    expect(f32(await runtime.read("total"))).toEqual([10_000]);
    runtime.destroy();
  });

  test("starts with zeros", async () => {
    const runtime = await tinyRuntime();
    expect(f32(await runtime.read("x"))).toEqual(new Array(SIZE).fill(0));
    expect(f32(await runtime.read("total"))).toEqual([0]);
    runtime.destroy();
  });

  test("runs only the given phases, in that order", async () => {
    const runtime = await tinyRuntime();
    runtime.write("x", ramp);
    runtime.write("scale and bias", new Float32Array([1, 0, 0, 0]));
    runtime.run(["sum", "forward"]);
    expect(f32(await runtime.read("total"))).toEqual([0]);
    runtime.run(["sum", "sum"]);
    expect(f32(await runtime.read("total"))).toEqual([2 * 4950]);
    expect(() => runtime.run(["backward"])).toThrow('no phase "backward"; it has forward,sum');
    runtime.destroy();
  });

  test("gives the same result in one submit or in many", async () => {
    const totals: number[][] = [];
    for (const dispatchesPerSubmit of [1, 3, 256]) {
      const runtime = await tinyRuntime({ dispatchesPerSubmit });
      runtime.write("x", ramp);
      runtime.write("scale and bias", new Float32Array([1, 0, 0, 0]));
      runtime.run(["forward", "sum", "sum", "sum"]);
      totals.push(f32(await runtime.read("total")));
      runtime.destroy();
    }
    expect(totals).toEqual([[14_850], [14_850], [14_850]]);
  });

  test("writes into a range of a field or buffer, and refuses to write beyond it", async () => {
    const runtime = await tinyRuntime();
    runtime.write("x", new Float32Array([7, 8]), 4 * 98);
    runtime.write({ buffer: 0, offset: 8, bytes: 4 }, new Float32Array([5]).buffer);
    const x = f32(await runtime.read("x"));
    expect([x[2], x[97], x[98], x[99]]).toEqual([5, 0, 7, 8]);
    expect(f32(await runtime.read({ buffer: 0, offset: 392, bytes: 8 }))).toEqual([7, 8]);
    expect(() => runtime.write("x", new Float32Array(2), 4 * 99)).toThrow("8 bytes at 396 don't fit into x");
    expect(() => runtime.write("x", new Uint8Array(3))).toThrow("multiples of 4 bytes");
    expect(() => runtime.write("y", ramp)).toThrow('no field "y"');
    await expect(runtime.read("y")).rejects.toThrow('no field "y"');
    runtime.destroy();
  });

  test("copies fields and clears them on the device, between runs", async () => {
    const runtime = await tinyRuntime();
    runtime.write("x", ramp);
    runtime.write("scale and bias", new Float32Array([2, 1, 0, 0]));
    runtime.run(["forward"]);
    runtime.copy([["out", "x"]]);
    runtime.run(["forward"]);
    expect(f32(await runtime.read("out"))).toEqual([...ramp].map((x) => 2 * (2 * x + 1) + 1));
    runtime.clear([{ buffer: 0, offset: 4, bytes: 8 }]);
    expect(f32(await runtime.read("x")).slice(0, 5)).toEqual([1, 0, 0, 7, 9]);
    runtime.clear(["x"]);
    runtime.run(["forward"]);
    expect(f32(await runtime.read("out"))).toEqual(new Array(SIZE).fill(1));
    expect(() => runtime.copy([["total", "x"]])).toThrow("total has 4 bytes, but x has 400");
    expect(() => runtime.copy([["x", "x"]])).toThrow("in the same buffer");
    runtime.destroy();
  });

  test("allocates exactly the planned bytes", async () => {
    const runtime = await tinyRuntime();
    expect(runtime.bytes).toEqual({ total: 1056, byRole: { batch: 512, workspace: 512, step: 16, results: 16 } });
    expect(runtime.bytes.total).toBe(tinyPlan.buffers.reduce((sum, { bytes }) => sum + bytes, 0));
    runtime.destroy();
  });

  test("takes the first choice that the profile supports", async () => {
    const { device, profile } = await testDevice();
    const modest: Profile = { ...profile, limits: { ...profile.limits, invocations: 32 } };
    const [full, small] = [await prepare(device, profile, tinyPlan), await prepare(device, modest, tinyPlan)];
    expect(full.picks).toEqual([
      { phase: "forward", label: "affine", variant: "64" },
      { phase: "sum", label: "sum", variant: "serial" },
    ]);
    expect(small.picks[0]?.variant).toBe("1");
    for (const runtime of [full, small]) {
      runtime.write("x", ramp);
      runtime.write("scale and bias", new Float32Array([-3, 0.5, 0, 0]));
      runtime.run(["forward"]);
    }
    expect(f32(await small.read("out"))).toEqual(f32(await full.read("out")));
    full.destroy();
    small.destroy();
  });

  test("takes a preferred variant before the first", async () => {
    const runtime = await tinyRuntime({ prefer: (label, variant) => label === "affine" && variant === "1" });
    expect(runtime.picks.map(({ variant }) => variant)).toEqual(["1", "serial"]);
    runtime.destroy();
  });

  test("a second plan on the device reuses compiled pipelines", async () => {
    const { device, profile } = await testDevice();
    let compiled = 0;
    const counting = new Proxy(device, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        if (key === "createComputePipelineAsync") compiled++;
        return value.bind(target);
      },
    });
    const pipelines: Pipelines = new Map();
    for (const expected of [2, 2]) {
      const runtime = await prepare(counting, profile, tinyPlan, { pipelines });
      runtime.write("x", ramp);
      runtime.write("scale and bias", new Float32Array([-3, 0.5, 0, 0]));
      runtime.run(["forward"]);
      expect(f32(await runtime.read("out"))[1]).toBe((ramp[1] as number) * -3 + 0.5);
      expect(compiled).toBe(expected);
      runtime.destroy();
    }
    const other = { ...tinyPlan, kernels: tinyPlan.kernels.map((k) => ({ ...k, source: `${k.source}\n// another` })) };
    (await prepare(counting, profile, other, { pipelines })).destroy();
    expect(compiled).toBe(4);
  });

  test("reads in queue order while the host continues", async () => {
    const runtime = await tinyRuntime();
    runtime.write("x", ramp);
    const order: number[] = [];
    const totals: Promise<number | undefined>[] = [];
    for (let step = 0; step < 20; step++) {
      await runtime.room(2);
      runtime.write("scale and bias", new Float32Array([step, 0, 0, 0]));
      runtime.run(["forward", "sum"]);
      const total = runtime.read("total").then((buffer) => f32(buffer)[0]);
      total.then(() => order.push(step));
      totals.push(total);
      expect(step - order.length).toBeLessThanOrEqual(2);
    }
    const expected = Array.from({ length: 20 }, (_, step) => (4950 * (step * (step + 1))) / 2);
    expect(await Promise.all(totals)).toEqual(expected);
    expect(order).toEqual(Array.from({ length: 20 }, (_, step) => step));
    runtime.destroy();
  });

  test("lets one dispatch read and write different ranges of a buffer", async () => {
    const arena = (offset: number) => ({ buffer: 0, offset, bytes: 16 });
    const source = `
      @group(0) @binding(0) var<storage, read> x: array<f32>;
      @binding(1) @group(0) var<storage> y: array<f32>;
      @group(0) @binding(2) var<storage, read_write> product: array<f32>;
      @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) i: u32) { product[i] = x[i] * y[i]; }`;
    const dispatches = [
      { kernel: 0, bindings: [arena(0), arena(256), arena(512)], workgroups: [1, 1, 1] as const },
      { kernel: 0, bindings: [arena(0), { ...arena(0), buffer: 1 }, arena(768)], workgroups: [1, 1, 1] as const },
    ];
    const runtime = await tinyRuntime(
      {},
      {
        buffers: [
          { name: "workspace", role: "workspace", bytes: 1024 },
          { name: "constants", role: "constants", bytes: 16 },
        ],
        kernels: [{ name: "multiply", source, bindings: ["read", "read", "write"] }],
        phases: [{ name: "p", nodes: [{ label: "n", choices: [{ variant: "v", requires: {}, dispatches }] }] }],
        fields: [],
      },
    );
    runtime.write(arena(0), new Float32Array([1, 2, 3, 4]));
    runtime.write(arena(256), new Float32Array([5, 6, 7, 8]));
    runtime.write({ buffer: 1, offset: 0, bytes: 16 }, new Float32Array([1, 0, 1, 0]));
    runtime.run(["p"]);
    expect(f32(await runtime.read(arena(512)))).toEqual([5, 12, 21, 32]);
    expect(f32(await runtime.read(arena(768)))).toEqual([1, 0, 3, 0]);
    runtime.destroy();
  });

  test("times every node, and does the same work as a run", async (context) => {
    const { device } = await testDevice();
    if (!device.features.has("timestamp-query")) context.skip("the adapter offers no timestamps");
    const runtime = await tinyRuntime();
    runtime.write("x", ramp);
    runtime.write("scale and bias", new Float32Array([1, 0, 0, 0]));
    const times = await runtime.time("forward");
    expect(times).toEqual([{ label: "affine", variant: "64", nanoseconds: expect.any(Number) }]);
    expect(times[0]?.nanoseconds).toBeGreaterThan(0);
    expect(times[0]?.nanoseconds).toBeLessThan(1e9);
    expect(f32(await runtime.read("out"))).toEqual([...ramp]);
    runtime.destroy();
  });
});
