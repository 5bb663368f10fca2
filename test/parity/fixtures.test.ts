// `trace` reproduces the outputs, gradients and training runs of the released PyTorch code on the device.
import { beforeAll, describe, expect, test } from "vitest";
import type { OpenDevice } from "../../src/gpu/dawn.js";
import { DEFAULT_SETTINGS, type KernelSettings } from "../../src/kernels/draft.js";
import { trace } from "../../src/train/trace.js";
import { missingAdapter, testDevice } from "../gpu/adapter.js";
import { fixtures, relativeError } from "../support/fixtures.js";

const missing = await missingAdapter();
let opened: OpenDevice;
beforeAll(async () => {
  opened = await testDevice();
});

const numbers = (tensor: { data: unknown } | undefined): Float32Array => tensor?.data as Float32Array;

const hasMatrixUnits = missing === undefined && (await testDevice()).profile.matrix;

describe.each([
  { name: "default chunks" },
  { name: "chunk 8", chunk: 8 },
  { name: "chunk 16", chunk: 16 },
  ...(hasMatrixUnits
    ? [{ name: "all products split on matrix units", settings: { ...DEFAULT_SETTINGS, splitFrom: 0 } }]
    : []),
])("with $name", ({ chunk, settings }: { chunk?: number; settings?: KernelSettings | undefined }) => {
  test.each(fixtures("block"))("outputs and gradients of block $name match PyTorch", async ({ spec, tensors }) => {
    const out = await trace(opened, spec, tensors, { stack: true, steps: 1, prefix: "", chunk, settings });
    const input = numbers(tensors.get("input"));
    const change = (output: Float32Array): Float32Array => output.map((value, i) => value - (input[i] as number));
    expect(relativeError(change(numbers(out.get("output"))), change(numbers(tensors.get("output"))))).toBeLessThan(
      5e-5,
    );
    const gradients = [...tensors.keys()].filter((name) => name.startsWith("grad."));
    expect(gradients.length).toBeGreaterThan(15);
    for (const name of gradients) {
      expect(relativeError(numbers(out.get(name)), numbers(tensors.get(name))), name).toBeLessThan(5e-5);
    }
  });

  test.each(fixtures("train"))("20 training steps of $name match PyTorch", async ({ spec, tensors }) => {
    const out = await trace(opened, spec, tensors, { stack: false, steps: 20, prefix: "init.", chunk, settings });
    for (const name of ["loss", "loss.text", "loss.image", "grad_norm"]) {
      const expected = tensors.get(name);
      if (!expected) continue;
      numbers(expected).forEach((value, step) => {
        const got = numbers(out.get(name))[step] as number;
        expect(Math.abs(got - value) / Math.abs(value), `${name} of step ${step}`).toBeLessThan(1e-4);
      });
    }
    for (const [name, expected] of tensors) {
      const limit = name.startsWith("grad0_clipped.") ? 1e-4 : name.startsWith("final.") ? 1e-3 : undefined;
      if (limit === undefined) continue;
      expect(relativeError(numbers(out.get(name)), numbers(expected)), name).toBeLessThan(limit);
    }
  });
});
