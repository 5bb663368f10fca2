// `mom bench` as a process: every kernel of a step is in it, and what it says adds up.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Bench } from "../../src/bench/bench.js";
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
  "tells the time, the work and the bound of each kernel",
  () => {
    const { code, stdout, stderr } = mom.run(["bench", join(folder, "small.mom"), "--json"]);
    expect(code, stderr).toBe(0);
    const found = JSON.parse(stdout) as Bench;
    expect(found.positions).toBe(2 * 2 * 80);
    expect(found.ceilings.flopsPerSecond).toBeGreaterThan(1e8);
    expect(found.ceilings.bytesPerSecond).toBeGreaterThan(1e7);
    const kinds = found.kernels.map(({ op }) => op);
    for (const kind of ["linear", "linear_dx", "linear_dw", "scan", "scan_grad", "conv", "token_loss", "update"]) {
      expect(kinds).toContain(kind);
    }
    const sum = found.kernels.reduce((total, { seconds }) => total + seconds, 0);
    expect(found.kernelSeconds).toBeCloseTo(sum, 9);
    // Dispatches in one pass take no longer than in passes of their own, but for the noise of a machine that others use.
    expect(found.stepSeconds).toBeLessThan(3 * found.kernelSeconds);
    expect(found.forwardSeconds).toBeLessThan(found.stepSeconds);
    const inProj = found.kernels.find(({ op, shape }) => op === "linear" && shape.includes("2×64×16"));
    // 2·N·K and 2K for the norm, at each of 160 positions, in two micro-batches.
    expect(inProj?.flops).toBe(2 * 160 * (2 * 64 * 16 + 2 * 16));
  },
  60_000,
);
