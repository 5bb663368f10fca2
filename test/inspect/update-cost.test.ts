// The FLOPs of an update, which every training run and ablation records.
import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import { checkFile } from "../../src/api/read-spec.js";
import { updateCost } from "../../src/api/update-cost.js";
import { syntheticDataSet } from "../../src/bench/synthetic.js";
import { ROOT } from "../support/mom.js";

test.each(["a", "transformer"])("bench/%s.mom costs as much in f16 as in f32", (name) => {
  const { spec } = checkFile(nodeDisk, join(ROOT, `bench/${name}.mom`));
  if (spec === undefined) throw new Error("the spec is invalid");
  const [f32, f16] = (["f32", "f16"] as const).map((precision) =>
    updateCost({ ...spec, train: { ...spec.train, precision } }, syntheticDataSet(spec)),
  );
  expect(f16).toEqual(f32);
  expect(f32?.flops).toBeGreaterThan(1e12);
});
