// The estimated cost of blocks and models equals the cost of the full program.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { TRAINING_PHASES } from "../../src/compile.js";
import { check } from "../../src/front/check.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import { blockCost, modelCost } from "../../src/inspect/block-cost.js";
import { costOf } from "../../src/inspect/inspection.js";
import { PROFILES } from "../../src/ir/profiles.js";
import { ROOT } from "../support/mom.js";

function specOf(file: string): CheckedSpec {
  const read = (path: string) => ({ path, text: readFileSync(`${ROOT}/${path}`, "utf8") });
  const { spec, diagnostics } = check(read(file), read, (path) => readFileSync(`${ROOT}/${path}`));
  if (spec === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return spec;
}

const FILES = [
  "specs/emoji.mom",
  "specs/baselines/hybrid.mom",
  "specs/baselines/transformer.mom",
  "specs/transfusion.mom",
];

test.each(FILES)("%s: estimated parameters, parts and FLOPs equal those of the full program", (file) => {
  const spec = specOf(file);
  const [profile] = PROFILES;
  if (profile === undefined) throw new Error("There is no profile.");
  const small = { ...spec, train: { ...spec.train, precision: "f32", recompute: "none" } as const };
  const options = { profile, batch: 1, length: spec.data.length, phases: TRAINING_PHASES, variants: "first" } as const;
  const full = costOf(small, options);
  const estimate = modelCost(spec, (block) => blockCost(spec, block));
  expect(estimate.total).toBe(full.parameters.total);
  expect(estimate.active).toBe(full.parameters.active);
  const byName = (a: { part: string }, b: { part: string }): number => a.part.localeCompare(b.part);
  expect([...estimate.parts].sort(byName)).toEqual([...full.parameters.parts].sort(byName));
  for (const [m, { forward }] of full.modalities.entries()) {
    expect(Math.abs((estimate.forward[m]?.flops ?? 0) - forward) / forward).toBeLessThan(1e-12);
  }
  for (const [block, { name }] of spec.model.blocks.entries()) {
    const layers = full.parameters.layers.find((one) => one.block === name);
    if (layers !== undefined && layers.layers > 0)
      expect(blockCost(spec, block).total * layers.layers).toBe(layers.total);
  }
});
