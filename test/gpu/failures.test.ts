// A failure on a device becomes a DeviceError that names its cause. It is reported at once and never hangs.
import { describe, expect, test } from "vitest";
import { DeviceError } from "../../src/gpu/device-error.js";
import { prepare } from "../../src/gpu/runtime.js";
import type { Dispatch, Kernel, Plan, PlannedBuffer, Requirement } from "../../src/ir/plan.js";
import { called } from "../support/called.js";
import { freshDevice, missingAdapter, testDevice } from "./adapter.js";
import { tinyPlan } from "./tiny-plan.js";

const missing = await missingAdapter();

const FILL: Kernel = {
  name: "fill",
  source: `@group(0) @binding(0) var<storage, read_write> out: array<u32>;
@compute @workgroup_size(1) fn main(@builtin(global_invocation_id) id: vec3u) {
  var word = id.x;
  for (var i = 0u; i < 2000000u; i++) { word = word * 1664525u + 1013904223u; }
  out[id.x % 4u] = word;
}`,
  bindings: ["write"],
};

interface Faulty {
  readonly kernel?: Partial<Kernel>;
  readonly dispatch?: Partial<Dispatch>;
  readonly buffer?: Partial<PlannedBuffer>;
  readonly requires?: Requirement;
}

/** A plan with one buffer, one kernel and one node. It is valid except for the given fields. */
const planWith = ({ kernel, dispatch, buffer, requires = {} }: Faulty): Plan => ({
  buffers: [{ name: "out", role: "results", bytes: 16, ...buffer }],
  kernels: [{ ...FILL, ...kernel }],
  phases: [
    {
      name: "forward",
      nodes: [
        {
          label: "layers.0.fill",
          choices: [
            {
              variant: "plain",
              requires,
              dispatches: [
                { kernel: 0, bindings: [{ buffer: 0, offset: 0, bytes: 16 }], workgroups: [1, 1, 1], ...dispatch },
              ],
            },
          ],
        },
      ],
    },
  ],
  fields: [{ name: "out", means: called("out"), buffer: 0, offset: 0, type: "u32", shape: [4] }],
});

/** The DeviceError with which preparing the plan fails. */
async function refusal(faulty: Faulty): Promise<DeviceError> {
  const { device, profile } = await testDevice();
  return await failure(prepare(device, profile, planWith(faulty)));
}

async function failure(promise: Promise<unknown>): Promise<DeviceError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof DeviceError) return error;
  throw new Error("expected a DeviceError", { cause: error });
}

describe.skipIf(missing)("preparing", () => {
  test("shows the kernel, the line and the message for invalid WGSL", async () => {
    const source = FILL.source.replace("var word = id.x", "var word: f32 = id.x");
    const error = await refusal({ kernel: { source } });
    expect(error.message).toMatch(/^fill\.wgsl:3:\d+: /);
    expect(error.message).toContain("f32");
    expect(error.message).toContain("  var word: f32 = id.x;\n");
    expect(error.message.split("\n").at(-1)).toMatch(/^ +\^$/);
    expect(error.exitCode).toBe(3);
  });

  test("names a kernel whose bindings differ from the plan", async () => {
    const error = await refusal({ kernel: { bindings: ["read"] } });
    expect(error.message).toMatch(/^Kernel fill can't be used: /);
  });

  test("names a kernel without the entry point", async () => {
    const error = await refusal({ kernel: { source: FILL.source.replace("fn main", "fn start") } });
    expect(error.message).toMatch(/^Kernel fill can't be used: .*main/s);
  });

  test("names the node that has too many workgroups", async () => {
    const error = await refusal({ dispatch: { workgroups: [70_000, 1, 1] } });
    expect(error.message).toContain("layers.0.fill (plain) can't be dispatched: it has 70000 × 1 × 1 workgroups");
  });

  test("names the node whose binding ends beyond its buffer", async () => {
    const error = await refusal({ dispatch: { bindings: [{ buffer: 0, offset: 0, bytes: 32 }] } });
    expect(error.message).toMatch(/^layers\.0\.fill \(plain\) can't be dispatched: /);
  });

  test("names the node of which no variant fits, and its requirements", async () => {
    const error = await refusal({ requires: { storageBuffers: 1000, workgroupBytes: 2 ** 30 } });
    expect(error.message).toContain("No variant of layers.0.fill runs on");
    expect(error.message).toContain("plain needs 1000 storage buffers, 1073741824 bytes of workgroup memory");
  });

  test("names the buffer that does not fit in memory, and frees the others", async () => {
    const { device } = await testDevice();
    const error = await refusal({ buffer: { bytes: device.limits.maxBufferSize + 16 } });
    expect(error.message).toMatch(/^No memory for buffer out of \d+\.\d MiB/);
    expect(error.remedy).toContain("smaller batch");
  });

  test("leaves the device usable after a refusal", async () => {
    await refusal({ kernel: { source: "nonsense" } });
    const { device, profile } = await testDevice();
    const runtime = await prepare(device, profile, planWith({}));
    runtime.run(["forward"]);
    expect((await runtime.read("out")).byteLength).toBe(16);
    runtime.destroy();
  });
});

describe.skipIf(missing)("a running device", () => {
  test("that refuses a command fails the next await with its message", async () => {
    const { device, profile } = await freshDevice();
    const runtime = await prepare(device, profile, tinyPlan);
    device.createBuffer({ label: "mapped storage", size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
    const error = await failure(runtime.settled());
    expect(error.message).toContain("The device refused a command");
    expect(error.message).toContain("mapped storage");
    expect(() => runtime.run(["forward"])).toThrow(DeviceError);
    runtime.destroy();
    device.destroy();
  });

  test("that is lost rejects pending and later operations", async () => {
    const { device, profile, lost } = await freshDevice();
    const runtime = await prepare(device, profile, planWith({ dispatch: { workgroups: [16, 1, 1] } }));
    runtime.run(["forward"]);
    const reads = [runtime.read("out"), runtime.read("out"), runtime.settled(), runtime.room(1)];
    const failures = reads.map(failure);
    device.destroy();
    for (const error of await Promise.all(failures)) {
      expect(error.message).toContain("The device was lost");
      expect(error.remedy).toContain("checkpoint");
    }
    await lost;
    expect(() => runtime.run(["forward"])).toThrow(DeviceError);
    expect(() => runtime.write("out", new Uint32Array(4))).toThrow(DeviceError);
    expect((await failure(runtime.read("out"))).message).toContain("The device was lost");
    expect((await failure(runtime.time("forward"))).message).toContain("The device was lost");
    expect((await failure(prepare(device, profile, tinyPlan))).message).toContain("The device was lost");
  });

  test("that is lost during preparation rejects it", async () => {
    const { device, profile } = await freshDevice();
    const preparing = failure(prepare(device, profile, tinyPlan));
    device.destroy();
    expect((await preparing).message).toContain("The device was lost");
  });

  test("that is lost while nothing waits does not end the process", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): unknown => unhandled.push(reason);
    process.on("unhandledRejection", note);
    const { device, profile, lost } = await freshDevice();
    const runtime = await prepare(device, profile, planWith({ dispatch: { workgroups: [16, 1, 1] } }));
    runtime.run(["forward"]);
    const read = runtime.read("out");
    device.destroy();
    await lost;
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
    await expect(read).rejects.toThrow(DeviceError);
  });
});

describe.skipIf(missing)("a destroyed runtime", () => {
  test("rejects pending operations and leaves the device usable", async () => {
    const { device, profile } = await testDevice();
    const first = await prepare(device, profile, planWith({}));
    const second = await prepare(device, profile, planWith({}));
    first.run(["forward"]);
    const read = failure(first.read("out"));
    first.destroy();
    expect((await read).message).toContain("destroyed");
    second.run(["forward"]);
    expect((await second.read("out")).byteLength).toBe(16);
    second.destroy();
  });
});
