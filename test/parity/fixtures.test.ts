// The released PyTorch code's tensors, gradients and training runs, reproduced through `trace` on the device.
import { beforeAll, describe, expect, test } from "vitest";
import type { OpenDevice } from "../../src/gpu/dawn.js";
import { trace } from "../../src/train/trace.js";
import { testDevice } from "../gpu/adapter.js";
import { fixtures, relativeError } from "../support/fixtures.js";

let opened: OpenDevice;
beforeAll(async () => {
  opened = await testDevice();
});

const numbers = (tensor: { data: unknown } | undefined): Float32Array => tensor?.data as Float32Array;

describe.each([undefined, 8, 16])("chunk %s", (chunk) => {
  test.each(fixtures("block"))("block $name", async ({ spec, tensors }) => {
    const out = await trace(opened, spec, tensors, { stack: true, steps: 1, prefix: "", chunk });
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

  test.each(fixtures("train"))("train $name", async ({ spec, tensors }) => {
    const out = await trace(opened, spec, tensors, { stack: false, steps: 20, prefix: "init.", chunk });
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
