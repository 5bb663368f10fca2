// Training in f16 follows the f32 training of the released PyTorch code, on devices with f16.
import { beforeAll, describe, expect, test } from "vitest";
import type { OpenDevice } from "../../src/gpu/dawn.js";
import { trace } from "../../src/train/trace.js";
import { missingAdapter, testDevice } from "../gpu/adapter.js";
import { fixtures, relativeError } from "../support/fixtures.js";

const missing = await missingAdapter();
const hasF16 = missing === undefined && (await testDevice()).profile.f16;

const numbers = (tensor: { data: unknown } | undefined): Float32Array => tensor?.data as Float32Array;

describe.skipIf(!hasF16)("training in f16", () => {
  let opened: OpenDevice;
  beforeAll(async () => {
    opened = await testDevice();
  });

  test.each(fixtures("train"))(
    "matches the f32 losses and gradients of PyTorch within 2 %: $name",
    async ({ spec, tensors }) => {
      const inF16 = { ...spec, train: { ...spec.train, precision: "f16" } } as const;
      const out = await trace(opened, inF16, tensors, { stack: false, steps: 20, prefix: "init." });
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
    },
  );
});
