// The keys that each position sees, checked against literal values: causal, pictures in both directions, documents,
// padding.
import { expect, test } from "vitest";
import { batchOf } from "../../src/batch/host-array.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import { attentionArrays, keyRanges } from "../../src/train/attention-inputs.js";
import { image, sketch, text } from "../support/spec.js";

const spec = (spans: "both" | "causal"): CheckedSpec =>
  sketch({ modalities: [text, image], vocabulary: 40, d_model: 8, layers: 1, attention: { heads: 2, spans } });

// Two sequences of 24 positions. The first has two documents and then padding: three tokens followed by a picture of 16
// positions, and two tokens. The second ends with a picture.
const placed = {
  length: 24,
  document: Int32Array.from({ length: 48 }, (_, r) => (r < 19 ? 0 : r < 21 ? 1 : r < 24 ? -1 : 0)),
  items: [
    { modality: 1, position: 3 },
    { modality: 1, position: 32 },
  ],
};
const rangesOf = (spans: "both" | "causal", reset: boolean): [number, number][] => {
  const keys = keyRanges(spec(spans), placed, spans, reset);
  return Array.from({ length: 48 }, (_, r) => [keys[2 * r] as number, keys[2 * r + 1] as number]);
};

test("causal positions see themselves and all earlier positions of the sequence", () => {
  const ranges = rangesOf("causal", false);
  expect(ranges.slice(0, 21)).toEqual(Array.from({ length: 21 }, (_, t) => [0, t]));
  expect(ranges.slice(24)).toEqual(Array.from({ length: 24 }, (_, t) => [0, t]));
});

test("the patches of one picture see all of it, and no other position looks ahead", () => {
  const ranges = rangesOf("both", false);
  expect(ranges.slice(3, 19)).toEqual(new Array(16).fill([0, 18]));
  expect([ranges[2], ranges[19], ranges[20]]).toEqual([
    [0, 2],
    [0, 19],
    [0, 20],
  ]);
  expect(ranges.slice(32, 48)).toEqual(new Array(16).fill([0, 23]));
  expect(ranges[31]).toEqual([0, 7]);
});

test("with reset, documents do not see each other, and RoPE counts from their start", () => {
  const ranges = rangesOf("both", true);
  expect(ranges.slice(3, 19)).toEqual(new Array(16).fill([0, 18]));
  expect(ranges.slice(19, 21)).toEqual([
    [19, 19],
    [19, 20],
  ]);
  const positions = (reset: boolean) => [
    ...(batchOf(attentionArrays(spec("both"), placed, reset)).get("position") ?? []),
  ];
  expect(positions(true).slice(17, 26)).toEqual([17, 18, 0, 1, 0, 1, 2, 0, 1]);
  expect(positions(false)).toEqual([...Array(24).keys(), ...Array(24).keys()]);
});

test("padding sees only itself, so that its softmax is defined", () => {
  for (const reset of [false, true]) {
    expect(rangesOf("both", reset).slice(21, 24)).toEqual([
      [21, 21],
      [22, 22],
      [23, 23],
    ]);
  }
});

test("only the tensors that the spec's blocks read are made", () => {
  const labels = (spans: "both" | "causal") => [...batchOf(attentionArrays(spec(spans), placed)).keys()];
  expect(labels("both")).toEqual(["position", "keys.both"]);
  expect(labels("causal")).toEqual(["position", "keys.causal"]);
  const mamba = sketch({ modalities: [text, image], vocabulary: 40, d_model: 8, layers: 1 });
  expect(attentionArrays(mamba, placed)).toEqual([]);
});
