// Every ablation in specs/ gives valid specs, and the arms and seeds that its file describes.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { designOf } from "../../src/ablate/design.js";
import { nodeDisk } from "../../src/api/node/disk.js";
import { checkFile, checkText } from "../../src/api/read-spec.js";
import { countParameters } from "../../src/compile.js";
import { printSpec } from "../../src/front/print-spec.js";
import type { CheckedSpec, Json } from "../../src/front/spec.js";
import { ROOT } from "../support/mom.js";

function designsOf(file: string) {
  const { spec, json } = checkFile(nodeDisk, file);
  const check = (made: Json): CheckedSpec => {
    const found = checkText(nodeDisk, printSpec(made), file);
    if (found.spec === undefined) throw new Error(found.diagnostics.map(({ message }) => message).join("\n"));
    return found.spec;
  };
  return (spec?.ablations ?? []).map((ablation) => designOf(ablation, { json: json as Json, check, countParameters }));
}

describe("specs/ablations", () => {
  const folder = join(ROOT, "specs/ablations");
  /** The number of arms, including the widened baseline, and of seeds. */
  const expected: Readonly<Record<string, readonly (readonly [string, number, number])[]>> = {
    "block-kinds.mom": [["block_kinds", 3, 3]],
    "d_state.mom": [["d_state", 5, 3]],
    "first.mom": [["first", 4, 2]],
    "groups.mom": [["groups", 4, 3]],
    "halves.mom": [["halves", 4, 3]],
    "learning-rate.mom": [["learning_rate", 5, 3]],
    "optimizer.mom": [["optimizer", 2, 3]],
    "projections.mom": [
      ["projections", 17, 3],
      ["dt_bias", 4, 3],
    ],
    "width-depth.mom": [["width_depth", 9, 3]],
  };
  test.each(readdirSync(folder))("%s", (name) => {
    const designs = designsOf(join(folder, name));
    expect(designs.map(({ name, arms, seeds }) => [name, arms.length, seeds.length])).toEqual(expected[name]);
    for (const { baseline } of designs) expect(baseline).toBeDefined();
  });
  test("the first and the second half of the layers are decoupled equally", () => {
    const [design] = designsOf(join(folder, "halves.mom"));
    const layers = design?.arms.map(({ spec }) => spec.model.layers);
    expect(layers).toEqual([
      [1, 1, 1, 1],
      [0, 0, 1, 1],
      [1, 1, 0, 0],
      [0, 0, 0, 0],
    ]);
  });
});

test("the paper's ablation has 17 arms and 51 variants", () => {
  const [design] = designsOf(join(ROOT, "specs/paper/transfusion-ablation.mom"));
  expect(design?.arms.length).toBe(17);
  expect(design?.variants.length).toBe(51);
});
