// Choosing variants needs no device: the same plan and profile give the same picks anywhere.
import { describe, expect, test } from "vitest";
import { bytesOf } from "../../src/gpu/buffers.js";
import { choicesOf, choose, withChoices } from "../../src/gpu/choose.js";
import { kernelResolver } from "../../src/gpu/runtime.js";
import type { Choices, Dispatch, Kernel, Plan, Profile, Requirement } from "../../src/ir/plan.js";
import { profileNamed } from "../../src/ir/profiles.js";

const planOf = (...choices: readonly (readonly [string, Requirement])[]): Plan => ({
  buffers: [
    { name: "a", role: "parameters", bytes: 48 },
    { name: "b", role: "parameters", bytes: 16 },
    { name: "c", role: "results", bytes: 32 },
  ],
  kernels: [],
  phases: [
    {
      name: "p",
      nodes: [{ label: "n", choices: choices.map(([variant, requires]) => ({ variant, requires, dispatches: [] })) }],
    },
  ],
  fields: [],
});

function pick(plan: Plan, profile: string, prefer?: (label: string, variant: string) => boolean): string | undefined {
  const known = profileNamed(profile);
  if (known === undefined) throw new Error(`no profile ${profile}`);
  return choose(plan, known, prefer)[0]?.nodes[0]?.choice.variant;
}

const scan = planOf(
  ["subgroup 32", { subgroup: 32, kind: "gpu" }],
  ["staged", { workgroupBytes: 32_768 }],
  ["plain", {}],
  ["plainer", {}],
);

describe("choosing", () => {
  test("takes the first variant that the profile supports", () => {
    expect(pick(scan, "nvidia-h100")).toBe("subgroup 32");
    expect(pick(scan, "llvmpipe")).toBe("staged");
    expect(pick(scan, "webgpu-default")).toBe("plain");
  });

  test("takes a preferred variant first, unless the profile does not support it", () => {
    expect(pick(scan, "nvidia-h100", (_, variant) => variant.startsWith("plain"))).toBe("plain");
    expect(pick(scan, "nvidia-h100", (label, variant) => label === "n" && variant === "plainer")).toBe("plainer");
    expect(pick(scan, "nvidia-h100", (label) => label === "another")).toBe("subgroup 32");
    expect(pick(scan, "webgpu-default", (_, variant) => variant === "subgroup 32")).toBe("plain");
  });

  test("shows the requirements of every variant if none fits", () => {
    const plan = planOf(["a", { subgroup: 32, invocations: 512 }], ["b", { kind: "gpu" }]);
    expect(() => pick(plan, "swiftshader")).toThrow(
      "No variant of n runs on swiftshader: a needs 512 invocations in a workgroup, subgroups of 32; b needs a real GPU.",
    );
  });
});

describe("choices", () => {
  const keyed = (plan: Plan): Plan => ({
    ...plan,
    phases: plan.phases.map((phase) => ({ ...phase, nodes: phase.nodes.map((node) => ({ ...node, key: "a scan" })) })),
  });
  const profile = profileNamed("nvidia-h100") as Profile;
  const left = (choices: Choices, on = profile) =>
    withChoices(keyed(scan), on, choices).phases[0]?.nodes[0]?.choices.map(({ variant }) => variant);

  test("leave a node only its chosen variant, if the profile supports it", () => {
    expect(left({ "a scan": "plainer" })).toEqual(["plainer"]);
    expect(left({ "another scan": "plainer" })).toEqual(["subgroup 32"]);
    expect(left({ "a scan": "subgroup 32" }, profileNamed("webgpu-default"))).toEqual(["plain"]);
  });

  test("are the variants that a device runs, and reproduce the plan", () => {
    expect(choicesOf(keyed(scan), profile)).toEqual({ "a scan": "subgroup 32" });
    const plan = withChoices(keyed(scan), profile, { "a scan": "staged" });
    expect(choicesOf(plan, profile)).toEqual({ "a scan": "staged" });
    expect(withChoices(keyed(scan), profile, choicesOf(plan, profile))).toEqual(plan);
    expect(choicesOf(scan, profile)).toEqual({});
  });
});

test("bytes are summed by role", () => {
  expect(bytesOf(scan)).toEqual({ total: 96, byRole: { parameters: 64, results: 32 } });
});

describe("a kernel that reads and writes one buffer", () => {
  const kernel: Kernel = {
    name: "k",
    source: `@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage,read_write> c: array<f32>;
@group(0) @binding(11) var<storage, read> d: array<f32>;`,
    bindings: ["read", "read", "write"],
  };
  const on = (...buffers: number[]): Dispatch => ({
    kernel: 0,
    bindings: buffers.map((buffer, i) => ({ buffer, offset: 256 * i, bytes: 16 })),
    workgroups: [1, 1, 1],
  });

  test("is unchanged if the buffers differ", () => {
    expect(kernelResolver([kernel])(on(0, 1, 2))).toBe(kernel);
  });

  test("is declared to write exactly the bindings that share a buffer", () => {
    const kernelOf = kernelResolver([kernel]);
    const shared = kernelOf(on(0, 2, 2));
    expect(shared.bindings).toEqual(["read", "write", "write"]);
    expect(shared.source).toBe(kernel.source.replace("var<storage, read> b", "var<storage, read_write> b"));
    expect(kernelOf(on(5, 3, 3))).toBe(shared);
    expect(kernelOf(on(2, 1, 2)).bindings).toEqual(["write", "read", "write"]);
  });
});
