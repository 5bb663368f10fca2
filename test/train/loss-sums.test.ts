// The results of an update are read in one copy: the losses of each modality, the gradient norm and the loss scale.
import { expect, test } from "vitest";
import { readLossSums, readUpdate } from "../../src/train/loss-sums.js";
import { image, sketch, speech, text } from "../support/spec.js";

const spec = sketch({ modalities: [text, image, speech], vocabulary: 50, d_model: 16, layers: 1 });

/** A model with these results of the last update. `copies` lists the names that were read together. */
function leaving(numbers: Readonly<Record<string, readonly number[]>>) {
  const copies: (readonly string[])[] = [];
  const none = async () => new Float32Array();
  const model = {
    hasResult: (name: string) => name in numbers,
    results: async (names: readonly string[]) => {
      copies.push(names);
      return names.map((name) => Float32Array.from(numbers[name] ?? []));
    },
    lossScale: "loss_scale" in numbers ? { read: none, write: () => {} } : undefined,
  };
  return { model, copies };
}

test("losses, norm and scale are read in one copy, in any order", async () => {
  const scaled = { "loss.tokens": [3, 0, 5], "loss.image": [7], grad_norm: [2, 0], loss_scale: [1024, 3, 1] };
  const { model, copies } = leaving(scaled);
  expect(await readUpdate(model, spec)).toEqual({
    sums: { ids: [3, 0, 5], items: new Map([["image", 7]]) },
    gradientNorm: 2,
    finite: true,
    lossScale: 1024,
  });
  expect(copies).toHaveLength(1);
});

test("without a scale, and with gradients that are not finite", async () => {
  const { model } = leaving({ "loss.tokens": [3, 0, 5], "loss.image": [7], grad_norm: [Number.POSITIVE_INFINITY, 1] });
  const { finite, gradientNorm, lossScale } = await readUpdate(model, spec);
  expect({ finite, gradientNorm, lossScale }).toEqual({ finite: false, gradientNorm: Infinity, lossScale: undefined });
});

test("a modality without a loss has no sum", async () => {
  expect(await readLossSums(leaving({ "loss.image": [7] }).model, spec)).toEqual({
    ids: [0, 0, 0],
    items: new Map([["image", 7]]),
  });
  expect(await readLossSums(leaving({ "loss.tokens": [1, 0, 2] }).model, spec)).toEqual({
    ids: [1, 0, 2],
    items: new Map(),
  });
});
