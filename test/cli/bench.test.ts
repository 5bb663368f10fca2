// `mom bench` as a process: its table has every kernel of a step, and its numbers add up.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Bench } from "../../src/bench/bench.js";
import type { LoopTime } from "../../src/bench/loop.js";
import { tableText } from "../../src/cli/verbs/bench.js";
import { missingAdapter } from "../gpu/adapter.js";
import { buildMom, type Mom } from "../support/mom.js";

const missing = await missingAdapter();
const SPEC = `
model {
  modality text: tokens(vocab: 40)
  modality image: codes(vocab: 20)
  d_model: 16
  block mixer: mamba { d_state: 4, decouple: [in_proj] }
  layers: mixer
}
objective { text: cross_entropy, image: cross_entropy }
data { source: files("none.jsonl"), length: 80 }
train { steps: 1, batch: 2, accumulate: 2, optimizer: adamw(lr: 1e-3) }
`;

let mom: Mom;
let folder: string;
beforeAll(async () => {
  mom = await buildMom();
  folder = mkdtempSync(join(tmpdir(), "mom-bench-"));
  writeFileSync(join(folder, "small.mom"), SPEC);
});
afterAll(() => {
  mom.dispose();
  rmSync(folder, { recursive: true, force: true });
});

test.skipIf(missing)(
  "the table shows the time, the work and the bound of each kernel, for the shares of --share",
  () => {
    const shares = ["--share", "text=0.9,image=0.1"];
    const { code, stdout, stderr } = mom.run(["bench", join(folder, "small.mom"), "--json", ...shares]);
    expect(code, stderr).toBe(0);
    const found = JSON.parse(stdout) as Bench;
    expect(found.positions).toBe(2 * 2 * 80);
    expect(found.ceilings.flopsPerSecond).toBeGreaterThan(1e8);
    expect(found.ceilings.bytesPerSecond).toBeGreaterThan(1e7);
    const kinds = found.kernels.map(({ op }) => op);
    for (const kind of [
      "linear",
      "linear_dx",
      "linear_dw",
      "scan",
      "scan_grad",
      "conv",
      "token_loss",
      "gradient_norm",
      "adamw",
    ]) {
      expect(kinds).toContain(kind);
    }
    const updates = found.kernels.filter(({ phase }) => phase === "update").map(({ op }) => op);
    expect(updates.sort()).toEqual(["adamw", "gradient_norm"]);
    const sum = found.kernels.reduce((total, { seconds }) => total + seconds, 0);
    expect(found.kernelSeconds).toBeCloseTo(sum, 9);
    expect(found.kernels.reduce((total, { share }) => total + share, 0)).toBeCloseTo(1, 9);
    for (const { ofBound, bound, seconds } of found.kernels) expect(ofBound * seconds).toBeCloseTo(bound, 12);
    expect(found.modalities).toEqual({ text: 288, image: 32 });
    expect(tableText(found)).toContain("(text 288, image 32)");
    const lines = tableText(found).split("\n");
    for (const { op, variant, shape } of found.kernels)
      expect(lines.some((line) => [op, variant, shape].every((word) => line.includes(word)))).toBe(true);
    // A step and its single kernels are timed separately, so either may be slower on a busy machine. This checks only that
    // both are in the same unit.
    expect(found.stepSeconds / found.kernelSeconds).toBeGreaterThan(0.02);
    expect(found.stepSeconds / found.kernelSeconds).toBeLessThan(50);
    expect(found.forwardSeconds / found.stepSeconds).toBeLessThan(50);
    const inProj = found.kernels.find(({ op, shape }) => op === "linear" && shape.includes("2×64×16"));
    // 2·N·K and 2K for the norm, at each of 160 positions, in two accumulation steps.
    expect(inProj?.flops).toBe(2 * 160 * (2 * 64 * 16 + 2 * 16));
  },
  60_000,
);

test.each([
  ["txt=0.9,image=0.1", 1, "Unknown modality txt in --share. [MOM0701]\nhelp Did you mean `text`?"],
  ["text=0.9", 1, "sum to 0.9, not to 1"],
  ["text=0.5,text=0.5", 2, "Duplicate modality text."],
  ["text:1", 2, "`text:1` is not a share"],
])("--share %s is refused", (share, exit, message) => {
  const { code, stderr } = mom.run(["bench", join(folder, "small.mom"), "--share", share]);
  expect(stderr).toContain(message);
  expect(code).toBe(exit);
});

test.skipIf(missing)("--loop shows how much of a training loop's time the device is busy", () => {
  const { code, stdout, stderr } = mom.run(["bench", join(folder, "small.mom"), "--loop", "4", "--json"]);
  expect(code, stderr).toBe(0);
  const found = JSON.parse(stdout) as LoopTime;
  expect(found).toMatchObject({ steps: 4, positions: 320 });
  expect(found.gpuSeconds).toBeGreaterThan(0);
  expect(found.busy).toBeCloseTo(found.gpuSeconds / found.wallSeconds, 9);
  expect(found.busy).toBeLessThanOrEqual(1);
  for (const seconds of Object.values(found.host)) expect(seconds).toBeGreaterThan(0);
});
