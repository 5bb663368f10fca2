// Training in half precision stays close to the released PyTorch code in f32. Runs on devices with 16-bit floats.
import { beforeAll, describe, expect, test } from "vitest";
import type { OpenDevice } from "../../src/gpu/dawn.js";
import { trace } from "../../src/train/trace.js";
import { missingAdapter, testDevice } from "../gpu/adapter.js";
import { fixtures, relativeError } from "../support/fixtures.js";

const missing = await missingAdapter();
const hasHalves = missing === undefined && (await testDevice()).profile.f16;

const numbers = (tensor: { data: unknown } | undefined): Float32Array => tensor?.data as Float32Array;

describe.skipIf(!hasHalves)("in half precision", () => {
  let opened: OpenDevice;
  beforeAll(async () => {
    opened = await testDevice();
  });

  test.each(fixtures("train"))("train $name", async ({ spec, tensors }) => {
    const halves = { ...spec, train: { ...spec.train, precision: "f16" } } as const;
    const out = await trace(opened, halves, tensors, { stack: false, steps: 20, prefix: "init." });
    for (const name of ["loss", "loss.text", "loss.image"]) {
      const expected = tensors.get(name);
      if (!expected) continue;
      const errors = [...numbers(expected)].map((value, step) =>
        Math.abs((numbers(out.get(name))[step] as number) / value - 1),
      );
      expect(Math.max(...errors), name).toBeLessThan(0.02);
    }
    const gradients = [...tensors.keys()].filter((name) => name.startsWith("grad0_clipped."));
    expect(gradients.length).toBeGreaterThan(15);
    for (const name of gradients) {
      expect(relativeError(numbers(out.get(name)), numbers(tensors.get(name))), name).toBeLessThan(0.02);
    }
  });
});
