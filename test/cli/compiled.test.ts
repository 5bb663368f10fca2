// A compiled folder can be copied anywhere. It trains with the kernels in its files and needs only `webgpu` beside it.
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { missingAdapter } from "../gpu/adapter.js";
import { buildMom, type Mom, ROOT } from "../support/mom.js";

const SPEC = `
model {
  modality text: bytes
  modality image: patches(size: 8x8, patch: 4x4, channels: 3)
  d_model: 16
  block mixer: mamba { d_state: 4, decouple: [in_proj, x_proj, dt_proj, out_proj] }
  layers: 1 * mixer
}
objective { text: cross_entropy, image: ddpm(weight: 5, steps: 1000, schedule: cosine) }
data { source: emoji, length: 80 }
train { steps: 6, batch: 2, optimizer: adamw(lr: 3e-3), seed: 3 }
`;

const missing = await missingAdapter();
const folder = mkdtempSync(join(tmpdir(), "mom-compiled-"));
let mom: Mom;
beforeAll(async () => {
  mom = await buildMom();
  writeFileSync(join(folder, "small.mom"), SPEC);
});
afterAll(() => {
  mom.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a compiled folder's trainer and returns its metrics. */
function trainIn(compiled: string): string {
  const { status, stderr } = spawnSync(process.execPath, ["train.mjs"], { cwd: compiled, encoding: "utf8" });
  expect(status, stderr).toBe(0);
  return readFileSync(join(compiled, "run/metrics.jsonl"), "utf8");
}

test.skipIf(missing)("a copied folder trains as mom train does, and an edited kernel changes the run", () => {
  const made = join(folder, "made");
  expect(mom.run(["compile", join(folder, "small.mom"), "-o", made]).code).toBe(0);
  const elsewhere = join(folder, "elsewhere/copy");
  cpSync(made, elsewhere, { recursive: true });
  rmSync(made, { recursive: true });
  mkdirSync(join(elsewhere, "node_modules"));
  symlinkSync(join(ROOT, "node_modules/webgpu"), join(elsewhere, "node_modules/webgpu"));
  const metrics = trainIn(elsewhere);

  const run = join(folder, "run");
  const trained = mom.run(["train", join(folder, "small.mom"), "--out", run]);
  expect(trained.code, trained.stderr).toBe(0);
  const last = (text: string) => JSON.parse(text.trim().split("\n").at(-1) as string) as { loss: number };
  // The folder is compiled for any device and the run for this one, so their kernel variants differ.
  expect(last(metrics).loss).toBeCloseTo(last(readFileSync(join(run, "metrics.jsonl"), "utf8")).loss, 3);
  expect(existsSync(join(elsewhere, "run/report.html"))).toBe(true);

  const kernels = join(elsewhere, "kernels");
  const name = readdirSync(kernels).find((file) => file.startsWith("adamw")) as string;
  const source = readFileSync(join(kernels, name), "utf8");
  writeFileSync(join(kernels, name), source.replaceAll("step.lr", "(0.5 * step.lr)"));
  rmSync(join(elsewhere, "run"), { recursive: true });
  const edited = trainIn(elsewhere);
  expect(edited.split("\n")[0]).toBe(metrics.split("\n")[0]);
  expect(edited).not.toBe(metrics);

  writeFileSync(join(kernels, name), "not WGSL");
  rmSync(join(elsewhere, "run"), { recursive: true });
  const broken = spawnSync(process.execPath, ["train.mjs"], { cwd: elsewhere, encoding: "utf8" });
  expect(broken.stderr).toContain(name);
  expect([1, 3]).toContain(broken.status);
});
