// Runs that start from existing weights, through the command line. The losses at step 0 equal those of the source exactly.
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
import { readOwnSafetensors, writeSafetensors } from "../../src/data/safetensors.js";
import { missingAdapter } from "../gpu/adapter.js";
import { buildMom, type Mom, ROOT } from "../support/mom.js";

const SPEC = `
model {
  modality text: bytes
  modality codes: tokens(vocab: 20)
  d_model: 16
  block mixer: mamba { d_state: 4 }
  layers: 2 * mixer
}
objective { text: cross_entropy, codes: cross_entropy }
data { source: files("pairs.jsonl"), length: 40, held_out: 0.3 }
train { steps: 3, batch: 2, optimizer: adamw(lr: 3e-3), seed: 3, validate_every: 3, checkpoint_every: 2 }
`;
const DECOUPLED = "model { block mixer: mamba { decouple: [in_proj, x_proj, dt_proj, out_proj] } }\n";
const startingFrom = (path: string): string => `train { init: checkpoint(${path}) }\n`;

const missing = await missingAdapter();
const folder = mkdtempSync(join(tmpdir(), "mom-init-"));
const at = (...names: string[]): string => join(folder, ...names);
let mom: Mom;

const write = (name: string, text: string): string => {
  writeFileSync(at(name), text);
  return at(name);
};
const trainTo = (file: string, out: string, ...flags: string[]) =>
  mom.run(["train", at(file), "--out", at("runs", out), ...flags], folder);
const metrics = (out: string) =>
  readFileSync(at("runs", out, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { kind: string; step: number; loss: number; losses: object });
const bytesOf = (run: string): Buffer[] =>
  readdirSync(at("runs", run, "checkpoints", "step-3")).map((name) =>
    readFileSync(at("runs", run, "checkpoints", "step-3", name)),
  );

beforeAll(async () => {
  mom = await buildMom();
  const pairs = Array.from({ length: 20 }, (_, i) => ({
    segments: [{ text: `word ${i}` }, { tokens: [i, (3 * i) % 20, 19 - i, i], modality: "codes" }],
  }));
  write("pairs.jsonl", pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(""));
  write("dense.mom", SPEC);
  write("up.mom", `import "dense.mom"\n${DECOUPLED}${startingFrom('"runs/dense"')}`);
  if (!missing) {
    const { code, stderr } = trainTo("dense.mom", "dense");
    expect(code, stderr).toBe(0);
  }
}, 60_000);
afterAll(() => {
  mom.dispose();
  rmSync(folder, { recursive: true, force: true });
});

test.skipIf(missing)("an upcycled run has bit-identical losses to the dense model at step 0, and trains", () => {
  const { code, stderr } = trainTo("up.mom", "up");
  expect(code, stderr).toBe(0);
  expect(stderr).toContain("Weights from runs/dense/checkpoints/step-3: tensors (numbers)");
  expect(stderr).toMatch(/in_proj +– +4 \(4,096\) +–/);
  const { loss, losses } = metrics("dense").at(-1) ?? {};
  const [begun, , , third, last] = metrics("up");
  expect(begun).toEqual({ kind: "validation", step: 0, loss, losses });
  expect(third?.step).toBe(3);
  expect(last?.loss).toBeLessThan(loss as number);
  const record = JSON.parse(readFileSync(at("runs/up/init.json"), "utf8"));
  expect(record.parts.find(({ part }: { part: string }) => part === "x_proj").copied.tensors).toBe(4);
});

test.skipIf(missing)("a resumed run continues from its own checkpoint and equals an uninterrupted one", () => {
  const whole = bytesOf("up");
  const before = readFileSync(at("runs/up/metrics.jsonl"), "utf8");
  cpSync(at("runs/up"), at("runs/cut"), { recursive: true });
  rmSync(at("runs/cut/checkpoints/step-3"), { recursive: true });
  cpSync(at("runs/dense"), at("dense-aside"), { recursive: true });
  rmSync(at("runs/dense"), { recursive: true });
  const { code, stderr } = trainTo("up.mom", "cut", "--resume");
  expect(code, stderr).toBe(0);
  expect(stderr).not.toContain("Weights from");
  expect(bytesOf("cut")).toEqual(whole);
  expect(readFileSync(at("runs/cut/metrics.jsonl"), "utf8")).toBe(before);

  // Before its first checkpoint it restarts, but only with the same initial weights.
  rmSync(at("runs/cut/checkpoints/step-2"), { recursive: true });
  rmSync(at("runs/cut/checkpoints/step-3"), { recursive: true });
  cpSync(at("dense-aside"), at("runs/dense"), { recursive: true });
  rmSync(at("runs/dense/checkpoints/step-3"), { recursive: true });
  const other = trainTo("up.mom", "cut", "--resume");
  expect(other.code).toBe(1);
  expect(other.stderr).toMatch(/The weights in runs\/dense\/checkpoints\/step-2 have changed since the run in/);
  cpSync(at("dense-aside"), at("runs/dense"), { recursive: true });
  const begun = trainTo("up.mom", "cut", "--resume");
  expect(begun.code, begun.stderr).toBe(0);
  expect(bytesOf("cut")).toEqual(whole);
  expect(readFileSync(at("runs/cut/metrics.jsonl"), "utf8")).toBe(before);
});

test.skipIf(missing)("a file may have prefixed names, and a compiled folder contains the weights", () => {
  const { tensors } = readOwnSafetensors(
    readFileSync(at("runs/dense/checkpoints/step-3/weights.safetensors")),
    "weights",
  );
  const under = new Map([...tensors].map(([name, tensor]) => [`model.${name}`, tensor]));
  writeFileSync(
    at("released.safetensors"),
    writeSafetensors(new Map([...under, ["other.x", under.values().next().value as never]])),
  );
  write("released.mom", `import "up.mom"\n${startingFrom('"released.safetensors", prefix: "model."')}`);
  const compiled = mom.run(["compile", at("released.mom"), "-o", at("made"), "--device", "swiftshader"], folder);
  expect(compiled.code, compiled.stderr).toBe(0);
  expect(compiled.stderr).toContain("Weights from released.safetensors");
  cpSync(at("made"), at("elsewhere/made"), { recursive: true });
  mkdirSync(at("elsewhere/made/node_modules"));
  symlinkSync(join(ROOT, "node_modules/webgpu"), at("elsewhere/made/node_modules/webgpu"));
  const ran = spawnSync(process.execPath, ["train.mjs"], { cwd: at("elsewhere/made"), encoding: "utf8" });
  expect(ran.status, ran.stderr).toBe(0);
  const [begun] = readFileSync(at("elsewhere/made/run/metrics.jsonl"), "utf8").split("\n");
  const { loss, losses } = metrics("dense").at(-1) ?? {};
  const found = JSON.parse(begun ?? "") as { loss: number };
  if (/swiftshader/i.test(ran.stderr)) expect(found).toEqual({ kind: "validation", step: 0, loss, losses });
  else expect(found.loss).toBeCloseTo(loss as number, 3);
});

test.skipIf(missing).each([
  ["a missing folder", '"runs/none"', /there is no runs\/none\. \[MOM0719\]\s+help Use the folder of a run/],
  ["a folder without a run", '"."', /is not a run folder: spec\.mom is missing/],
  ["a file without weights", '"dense.mom"', /dense\.mom: the header has/],
  ["an unused prefix", '"runs/dense", prefix: "init."', /no weight in runs\/dense begins with "init\."/],
  [
    "a path outside of the project",
    '"../elsewhere.safetensors"',
    /is outside the project's folder\.\s+help .*--allow \S+/,
  ],
])("%s is rejected before the run's folder is made", (_, path, message) => {
  write("wrong.mom", `import "dense.mom"\n${startingFrom(path)}`);
  const { code, stderr } = trainTo("wrong.mom", "wrong");
  expect(code, stderr).toBe(1);
  expect(stderr).toMatch(message);
  expect(existsSync(at("runs/wrong"))).toBe(false);
});

test.skipIf(missing)("--allow permits weights elsewhere; a damaged checkpoint is skipped with a warning", () => {
  mkdirSync(at("inner"));
  write("inner/package.json", "{}");
  cpSync(at("pairs.jsonl"), at("inner/pairs.jsonl"));
  write("inner/spec.mom", SPEC.replace("steps: 3,", 'steps: 1, init: checkpoint("../runs/dense"),'));
  const compileTo = (out: string, ...flags: string[]) =>
    mom.run(["compile", at("inner/spec.mom"), "-o", at(out), ...flags], folder);
  const refused = compileTo("outside");
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("`../runs/dense` is outside the project's folder.");
  const whole = compileTo("outside", "--allow", at("runs/dense"));
  expect(whole.code, whole.stderr).toBe(0);
  expect(whole.stderr).toContain("Weights from ../runs/dense/checkpoints/step-3");
  writeFileSync(at("runs/dense/checkpoints/step-3/weights.safetensors"), "damaged");
  const { code, stderr } = compileTo("passed-over", "--allow", at("runs"));
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/Damaged checkpoint.*Weights from \.\.\/runs\/dense\/checkpoints\/step-2/s);
  write("inner/spec.mom", SPEC.replace("steps: 3,", 'init: checkpoint("../runs/dense/checkpoints/step-2"), steps: 3,'));
  const named = compileTo("named", "--allow", at("runs"));
  expect(named.code, named.stderr).toBe(0);
  expect(named.stderr).toMatch(/Weights from \.\.\/runs\/dense\/checkpoints\/step-2: .*in_proj +2 \(2,048\) +– +–/s);
});
