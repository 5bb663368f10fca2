// Labels of fields: unique, stable, and parsed back to their meaning.
import { expect, test } from "vitest";
import { labelOf, type Meaning } from "../../src/ir/meaning.js";
import { isWithin, scoped } from "../../src/ir/scope.js";
import { lower } from "../../src/passes/lower.js";
import { meaningNamed } from "../../src/train/meaning-named.js";
import { image, sketch, speech, text } from "../support/spec.js";

const attention = { heads: 2, kv_heads: 1 };
const common = { vocabulary: 60, d_model: 8, layers: 2 };
/** A modality of items named like the losses of ids. */
const tokens = { ...image, name: "tokens" };
const specs = [
  sketch({ ...common, modalities: [text, tokens, speech] }),
  sketch({ ...common, modalities: [text, image], attention }),
];

const PARTS = ["model", "denoise", "next", "stack"] as const;
const programs = specs.flatMap((spec) =>
  PARTS.flatMap((part) =>
    (["drawn", "given"] as const).flatMap((noise) =>
      (["none", "carried"] as const).map((state) =>
        lower(spec, { batch: 2, length: 40, chunk: 16, part, noise, state, reset: state === "none" }),
      ),
    ),
  ),
);
const meanings = new Map(
  programs.flatMap(({ tensors }) => tensors.flatMap(({ means }) => (means ? [[JSON.stringify(means), means]] : []))),
) as ReadonlyMap<string, Meaning>;

test("different meanings have different labels, and a label is parsed back to its meaning", () => {
  const more: Meaning[] = [
    { is: "gradient", of: { is: "input" } },
    { is: "rotary", theta: 1e4, head: 16, positions: 64 },
    { is: "loss_scale" },
    { is: "step" },
  ];
  const all = [...meanings.values(), ...more];
  expect(all.length).toBeGreaterThan(50);
  expect(new Set(all.map((means) => labelOf(means))).size).toBe(new Set(all.map((one) => JSON.stringify(one))).size);
  for (const means of all) expect(meaningNamed(labelOf(means))).toEqual(means);
});

test("labels equal the names in earlier plans and files, except for items", () => {
  expect(labelOf({ is: "state", layer: 3, part: "conv" })).toBe("state.layers.3.conv");
  expect(labelOf({ is: "id_losses" })).toBe("loss.tokens");
  expect(labelOf({ is: "times", as: "timestep", modality: "image" })).toBe("timestep.image");
  expect(labelOf({ is: "noisy", modality: "image" }, "item.image")).toBe("item.image/noisy.image");
  expect(meaningNamed("picture.image")).toEqual({ is: "index", modality: "image" });
  expect(meaningNamed("rows(modality: 0 1)")).toBeUndefined();
});

test("within a scope, only states and constants are shared", () => {
  const [program] = programs.filter(({ tensors }) => tensors.some(({ means }) => means?.is === "next"));
  if (program === undefined) throw new Error("No program carries a state.");
  for (const { role, name, means, scope } of scoped(program, "step").tensors) {
    if (means === undefined) continue;
    const shared = role === "constant" || means.is === "state" || means.is === "next";
    expect(name).toBe(labelOf(means, shared ? undefined : "step"));
    const within = { means, ...(scope !== undefined && { scope }) };
    expect(isWithin("step", within)).toBe(role !== "constant");
    expect(isWithin(undefined, within)).toBe(shared);
  }
});
