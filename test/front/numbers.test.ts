// No valid number of the schema becomes 0 or infinite in 32 bits on a device.
import { describe, expect, test } from "vitest";
import { isError } from "../../src/diagnostics/diagnostic.js";
import { check } from "../../src/front/check.js";
import { ROOT, type SchemaNode } from "../../src/front/schema.js";

/** Numbers that only the host uses, in 64 bits. */
const OF_THE_HOST = ["flip", "crop", "held_out", "drop", "floor", "rope_theta", "from", "to", "step"];

interface Numeric {
  readonly name: string;
  readonly node: SchemaNode;
}

function numbersIn(node: unknown, name = ""): Numeric[] {
  if (typeof node !== "object" || node === null) return [];
  const one = node as SchemaNode;
  const types: readonly unknown[] = Array.isArray(one.type) ? one.type : [one.type];
  const here = types.includes("number") ? [{ name, node: one }] : [];
  const unnamed = ["properties", "items", "oneOf", "additionalProperties", "$defs"];
  const below = Object.entries(node).flatMap(([key, value]) =>
    numbersIn(value, unnamed.includes(key) || /^\d+$/.test(key) ? name : key),
  );
  return [...here, ...below];
}

const numbers = numbersIn(ROOT);
const carried = (value: number): boolean => {
  const rounded = Math.fround(value);
  // Many devices round numbers below the smallest normal one to 0.
  return Number.isFinite(rounded) && Math.abs(rounded) >= 2 ** -126;
};

describe("numbers on a device", () => {
  const sent = numbers.filter(({ name }) => !OF_THE_HOST.includes(name));

  test("are those of optimizers, clipping and weights", () => {
    const names = new Set(sent.map(({ name }) => name));
    expect([...names].toSorted()).toEqual(["betas", "clip", "eps", "lr", "momentum", "weight", "weight_decay"]);
  });

  test.each(sent)("represent the smallest and the largest valid $name", ({ node }) => {
    const least = node.minimum === 0 ? node.leastNonzero : node.minimum;
    expect(carried(least ?? 0)).toBe(true);
    expect(carried(node.maximum ?? node.exclusiveMaximum ?? Number.POSITIVE_INFINITY)).toBe(true);
  });
});

const errorsOf = (train: string, objective = "text: cross_entropy"): readonly (string | undefined)[] => {
  const text = `model { modality text: bytes, d_model: 32, block mixer: mamba {}, layers: mixer }
objective { ${objective} }
data { source: files("a.jsonl"), length: 64 }
train { steps: 2, batch: 2, ${train} }
`;
  const { diagnostics } = check({ path: "a.mom", text }, () => undefined);
  return diagnostics.filter(isError).map(({ name, expected }) => `${name}: ${expected}`);
};

test.each([
  ["optimizer: adamw(lr: 1e-3, eps: 1e-38)", "out-of-range: a number from 1.2e-38 to 1"],
  ["optimizer: adamw(lr: 1e-40)", "out-of-range: a number from 1.2e-38 to 10"],
  ["optimizer: adamw(lr: 1e-3, weight_decay: 1e-39)", "out-of-range: a number from 0 to 10, if not 0 at least 1.2e-38"],
  [
    "optimizer: adamw(lr: 1e-3, betas: [1e-39, 0.9])",
    "out-of-range: a number of 0 or more and below 1, if not 0 at least 1.2e-38",
  ],
  ["clip: 1e39", "out-of-range: a number from 1.2e-38 to 3.4e+38, or `none`"],
])("%s is refused with the valid range", (train, expected) => {
  expect(errorsOf(train).map((one) => one?.replace(/^(out-of-range: )`none`, or (.*)$/, "$1$2, or `none`"))).toEqual([
    expected,
  ]);
});

test("a weight that would be rounded to 0 is refused, and 0 itself is allowed", () => {
  expect(errorsOf("seed: 1", "text: cross_entropy(weight: 1e-30)")).toHaveLength(1);
  expect(errorsOf("seed: 1", "text: cross_entropy(weight: 0)")).toEqual([]);
});

test("the smallest values are valid", () => {
  expect(
    errorsOf(
      "clip: 1.2e-38, optimizer: adamw(lr: 1.2e-38, eps: 1.2e-38, weight_decay: 1.2e-38, betas: [0, 0.99999999])",
    ),
  ).toEqual([]);
});
