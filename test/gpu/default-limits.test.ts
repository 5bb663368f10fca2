// A device at WebGPU's default limits, which every adapter supports, and its profile.
import { describe, expect, test } from "vitest";
import { prepare } from "../../src/gpu/runtime.js";
import { admits } from "../../src/ir/plan.js";
import { freshDevice, missingAdapter } from "./adapter.js";
import { SIZE, tinyPlan } from "./tiny-plan.js";

const missing = await missingAdapter();

describe.skipIf(missing)("a device at default limits", () => {
  test("has WebGPU's limits, no optional features, and a profile with both", async () => {
    const { device, profile } = await freshDevice("default");
    expect(profile.name).toMatch(/ at default limits$/);
    expect(profile.limits).toMatchObject({ storageBuffers: 8, workgroupBytes: 16_384, invocations: 256 });
    expect(profile.subgroup).toBeUndefined();
    expect(profile.f16).toBe(false);
    expect(device.features.has("subgroups")).toBe(false);
    expect(admits(profile, { storageBuffers: 9 })).toBe(false);
    expect(admits(profile, { subgroup: 4 })).toBe(false);
    device.destroy();
  });

  test("runs a plan", async () => {
    const { device, profile } = await freshDevice("default");
    const runtime = await prepare(device, profile, tinyPlan);
    runtime.write("scale and bias", new Float32Array([0, 1, 0, 0]));
    runtime.run(["forward", "sum"]);
    expect(new Float32Array(await runtime.read("total"))[0]).toBe(SIZE);
    runtime.destroy();
    device.destroy();
  });

  test("with all limits offers at least as much", async () => {
    const [all, modest] = [await freshDevice("all"), await freshDevice("default")];
    for (const limit of ["storageBuffers", "workgroupBytes", "invocations", "bindingBytes", "bufferBytes"] as const) {
      expect(all.profile.limits[limit]).toBeGreaterThanOrEqual(modest.profile.limits[limit]);
    }
    expect(all.profile.kind).toBe(modest.profile.kind);
    expect(modest.profile.name).toBe(`${all.profile.name} at default limits`);
    all.device.destroy();
    modest.device.destroy();
  });
});
