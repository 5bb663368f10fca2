// `trace` reproduces a training run with Muon that was computed independently in float64.
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readOwnSafetensors } from "../../src/data/safetensors.js";
import type { OpenDevice } from "../../src/gpu/dawn.js";
import { trace } from "../../src/train/trace.js";
import { missingAdapter, testDevice } from "../gpu/adapter.js";
import { fixtures, relativeError } from "../support/fixtures.js";

const missing = await missingAdapter();
const numbers = (tensor: { data: unknown } | undefined): Float32Array => tensor?.data as Float32Array;

describe.skipIf(missing)("Muon", () => {
  let opened: OpenDevice;
  beforeAll(async () => {
    opened = await testDevice();
  });

  test("20 training steps match float64", async () => {
    const start = fixtures("train").find(({ name }) => name === "transfusion-in+x+dt+out");
    if (start === undefined) throw new Error("There are no initial values.");
    const { spec, path, tensors: given } = start;
    const file = join(dirname(path), "../muon", basename(path));
    const { tensors: expected } = readOwnSafetensors(readFileSync(file), file);
    const rest = { kind: "adamw", lr: 3e-3, betas: [0.9, 0.95], eps: 1e-8, weight_decay: 0.1 } as const;
    const optimizer = { kind: "muon", lr: 2e-2, momentum: 0.95, weight_decay: 0.1, rest } as const;
    const options = { stack: false, steps: 20, prefix: "init." };
    const out = await trace(opened, { ...spec, train: { ...spec.train, optimizer } }, given, options);
    let compared = 0;
    for (const series of ["loss", "loss.text", "loss.image", "grad_norm"]) {
      numbers(expected.get(series))?.forEach((value, step) => {
        const got = numbers(out.get(series))[step] as number;
        expect(Math.abs(got - value) / Math.abs(value), `${series} of step ${step}`).toBeLessThan(1e-4);
        compared++;
      });
    }
    for (const [tensor, value] of expected) {
      if (!tensor.startsWith("final.")) continue;
      expect(relativeError(numbers(out.get(tensor)), numbers(value)), tensor).toBeLessThan(1e-3);
      compared++;
    }
    expect(compared).toBeGreaterThan(40 + 30);
  });
});
