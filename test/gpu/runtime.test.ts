// A hand-written plan on a real device: buffers, phases, choices, reads and times.
import { describe, expect, test } from "vitest";
import { prepare, type Runtime } from "../../src/gpu/runtime.js";
import { missingAdapter, testDevice } from "./adapter.js";
import { SIZE, tinyPlan } from "./tiny-plan.js";

const missing = await missingAdapter();

const f32 = (buffer: ArrayBuffer): number[] => [...new Float32Array(buffer)];
const ramp = Float32Array.from({ length: SIZE }, (_, i) => i);

async function tinyRuntime(): Promise<Runtime> {
  const { device, profile } = await testDevice();
  return prepare(device, profile, tinyPlan);
}

describe.skipIf(missing)("a runtime", () => {
  test("computes what the plan says", async () => {
    const runtime = await tinyRuntime();
    runtime.write("x", ramp);
    runtime.write("scale and bias", new Float32Array([2, 1]));
    runtime.run(["forward", "sum"]);
    expect(f32(await runtime.read("out"))).toEqual([...ramp].map((x) => 2 * x + 1));
    expect(f32(await runtime.read("total"))).toEqual([10_000]);
    runtime.destroy();
  });
});
