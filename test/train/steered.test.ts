// A run is resumed with changes of its spec.
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import { type TrainOptions, train } from "../../src/api/node/trainings.js";
import { readToResume } from "../../src/api/resume.js";
import { readRuns } from "../../src/api/watch/read-runs.js";
import type { Failure } from "../../src/diagnostics/failure.js";
import { runsJson, runsLatex, runsText } from "../../src/report/page/forms.js";
import { readSamples, sampleSteps } from "../../src/report/samples.js";
import { changesOf } from "../../src/train/changes.js";
import { BEST, checkpointSteps, runWeights } from "../../src/train/checkpoint.js";
import { type MetricRecord, parseMetrics, type StoppedEarly, type ValidationRecord } from "../../src/train/metrics.js";
import { missingAdapter } from "../gpu/adapter.js";

const missing = await missingAdapter();
let folder = "";
const at = (...names: string[]) => join(folder, ...names);
const SPEC = `model {
  modality text: bytes
  d_model: 8
  block mixer: mamba { d_state: 2 }
  layers: mixer
}
objective { text: cross_entropy }
data { source: files("a.jsonl"), length: 24 }
train { steps: 4, batch: 2, validate_every: 2, checkpoint_every: 2, optimizer: adamw(lr: 1e-2) }
`;
const line = (n: number) => `{"segments": [{"text": "${"word ".repeat(1 + (n % 3))}${n}"}]}\n`;
const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => line(from + i)).join("");

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mom-steered-"));
  writeFileSync(at("a.jsonl"), lines(0, 40));
  writeFileSync(at("spec.mom"), SPEC);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (out: string) => ({ path: at(out), disk: nodeDisk });
const metrics = (out: string) => parseMetrics(readFileSync(at(out, "metrics.jsonl"), "utf8")) as MetricRecord[];
async function trained(out: string, options: TrainOptions = {}): Promise<string> {
  let printed = "";
  const print = (text: string) => {
    printed += text;
  };
  await train(at("spec.mom"), { tune: "off", print, ...options, out: at(out) });
  return printed;
}
const copied = (out: string) => {
  cpSync(at("run"), at(out), { recursive: true });
  return out;
};

test.skipIf(missing)(
  "steps, rate, schedule and batch change, the run records it, and its report shows it",
  async () => {
    await trained("run");
    const set = ["train.steps=8", "train.optimizer.lr=5e-3", "train.schedule=constant(warmup: 1)", "train.batch=3"];
    const printed = await trained(copied("more"), { resume: true, set });
    expect(printed).toContain("Changed train.optimizer.lr: 0.01 → 0.005");
    const { started, changes } = changesOf(run("more"));
    expect(changes).toMatchObject([
      { step: 4, path: "train.steps", from: "4", to: "8" },
      { step: 4, path: "train.batch", from: "2", to: "3" },
      { step: 4, path: "train.optimizer.lr", from: "0.01", to: "0.005" },
      { step: 4, path: "train.schedule.warmup", from: "0", to: "1" },
    ]);
    expect(started).toBe(readFileSync(at("run", "spec.mom"), "utf8"));
    expect(readFileSync(at("more", "spec.mom"), "utf8")).toContain("batch: 3");
    expect(JSON.parse(readFileSync(at("more", "plan.json"), "utf8")).compiled.batch).toBe(3);
    expect(readFileSync(at("more", "report.html"), "utf8")).toContain("train.batch: 2 → 3");
    const [before, after] = [metrics("run"), metrics("more")];
    expect(after.slice(0, before.length)).toEqual(before);
    const losses = after.filter(({ kind }) => kind === "train").map(({ loss }) => loss);
    expect(losses).toHaveLength(8);
    expect(losses[4]).toBeLessThan(losses[3] as number);
  },
);

test.skipIf(missing)("samples on the way change no number, and a resumed run has the same ones", async () => {
  const set = ["train.samples_every=1"];
  await trained("sampled", { set });
  expect(metrics("sampled")).toEqual(metrics("run"));
  expect(sampleSteps(run("sampled"))).toEqual([1, 2, 3, 4]);
  cpSync(at("sampled"), at("killed-sampled"), { recursive: true });
  rmSync(at("killed-sampled", "checkpoints", "step-4"), { recursive: true });
  writeFileSync(at("killed-sampled", "samples", "step-3", "index.json"), "[]");
  await trained("killed-sampled", { resume: true, set });
  expect(metrics("killed-sampled")).toEqual(metrics("run"));
  for (const step of [1, 2, 3, 4]) {
    const [again, once] = ["killed-sampled", "sampled"].map((out) => readSamples(run(out), step));
    expect(once?.length).toBeGreaterThan(0);
    expect(again).toEqual(once);
  }
});

test.skipIf(missing)("a field that may not change is refused with both values and the remedy", async () => {
  const resumed = trained("run", { resume: true, set: ["mixer.d_state=4", "train.steps=9", "train.seed=1"] });
  const { diagnostics } = (await resumed.catch((error: unknown) => error)) as Failure;
  expect(diagnostics.map(({ name, message }) => [name, message])).toEqual([
    ["other-spec", expect.stringMatching(/^`mixer.d_state` cannot change .* has `2`, and the spec now has `4`\.$/)],
    ["other-spec", expect.stringMatching(/^`train.seed` cannot change .* has `0`, and the spec now has `1`\.$/)],
  ]);
  expect(diagnostics[0]?.help).toBe("Undo the change, or start a new run with another --out.");
  expect(diagnostics[1]?.help).toContain(`init: checkpoint("${at("run")}")`);
  expect(changesOf(run("run")).changes).toEqual([]);
});

test.skipIf(missing)("the file that a run started with leaves its changes alone, and an edited one changes it", () => {
  const read = (set?: string[]) => readToResume(nodeDisk, at("spec.mom"), at("more"), { set }).spec?.train;
  expect(read()).toMatchObject({ steps: 8, batch: 3, optimizer: { lr: 0.005 } });
  expect(read(["train.steps=20"])).toMatchObject({ steps: 20, batch: 3, optimizer: { lr: 0.005 } });
  copyFileSync(at("spec.mom"), at("kept.mom"));
  writeFileSync(at("spec.mom"), SPEC.replace("steps: 4", "steps: 12"));
  expect(read()).toMatchObject({ steps: 12, batch: 2, optimizer: { lr: 0.01 } });
  copyFileSync(at("kept.mom"), at("spec.mom"));
});

test.skipIf(missing)("settings that a run started with stay when it is resumed with its file", async () => {
  await trained("set", { set: ["train.steps=2", "train.optimizer.lr=3e-3"] });
  const read = (set?: string[]) => readToResume(nodeDisk, at("spec.mom"), at("set"), { set }).spec?.train;
  expect(read()).toMatchObject({ steps: 2, optimizer: { lr: 0.003 } });
  expect(read(["train.steps=4"])).toMatchObject({ steps: 4, optimizer: { lr: 0.003 } });
});

test.skipIf(missing)("a run cannot become shorter than its last checkpoint", async () => {
  const shorter = trained(copied("shorter"), { resume: true, set: ["train.steps=3"] });
  const { diagnostics } = (await shorter.catch((error: unknown) => error)) as Failure;
  expect(diagnostics[0]?.message).toContain("has made 4 updates, so `train.steps` cannot become 3.");
  expect(readFileSync(at("shorter", "spec.mom"), "utf8")).toBe(readFileSync(at("run", "spec.mom"), "utf8"));
});

test.skipIf(missing)("tables show all values of a setting that changed, and omit what is alike on paper", () => {
  const { views } = readRuns(nodeDisk, [at("run"), at("more")]);
  expect(runsText(views)).toMatch(/^more +finished .*0\.01, from step 4 on 0\.005/m);
  const paper = runsLatex(views);
  expect(paper).toContain("0.01, from step 4 on 0.005");
  expect(paper).not.toMatch(/Device|State/);
  expect(runsText(views)).toMatch(/State.*Device/);
  expect(JSON.parse(runsJson(views)).runs[1].changes).toContainEqual({
    step: 4,
    path: "train.optimizer.lr",
    from: "0.01",
    to: "0.005",
  });
});

test.skipIf(missing)("changes that a killed process recorded before the spec do not count", () => {
  const out = copied("killed");
  cpSync(at("more", "changes.json"), at(out, "changes.json"));
  expect(changesOf(run(out)).changes).toEqual([]);
});

test.skipIf(missing)(
  "a run keeps its best checkpoint, stops early, reports it, and continues with more patience",
  async () => {
    const set = [
      'train.keep_best="text"',
      'train.stop=patience(2, on: "text")',
      "train.keep=1",
      "train.validate_every=1",
    ];
    const rate = "train.optimizer.lr=5";
    const printed = await trained("early", { set: [...set, rate, "train.steps=40", "train.clip=none"] });
    const records = metrics("early");
    const last = records.at(-1) as ValidationRecord;
    const { best_step: best, ...stopped } = last.stopped as StoppedEarly;
    expect(stopped).toMatchObject({ on: "text", validations: 2 });
    expect(last.step).toBe(best + 2);
    const losses = records.filter(({ kind }) => kind === "validation").map(({ loss }) => loss);
    expect(losses.indexOf(Math.min(...losses)) + 1).toBe(best);
    expect(printed).toContain(`Stopped early after step ${last.step}: the held-out text loss has not fallen in 2`);
    expect(readFileSync(at("early", "report.html"), "utf8")).toContain(
      `The run stopped early, after step ${last.step}`,
    );
    expect(checkpointSteps(run("early"))).toEqual([best, last.step]);
    expect([runWeights(run("early"), BEST), runWeights(run("early"))].map(({ weights }) => weights.step)).toEqual([
      best,
      last.step,
    ]);
    expect(() => runWeights(run("run"), BEST)).toThrow(/has no best checkpoint/);
    const more = await trained("early", { resume: true, set: [...set, rate, "train.steps=40", "train.clip=none"] });
    expect(more).toContain("To continue, raise the patience");
    expect(metrics("early")).toEqual(records);
  },
);

test.skipIf(missing)("documents that are added at the end are taken in, and changed ones are refused", async () => {
  const settings = { resume: true, set: ["train.steps=6"] };
  writeFileSync(at("a.jsonl"), lines(1, 50));
  await expect(trained(copied("grown"), settings)).rejects.toThrow(/trained on documents that differ/);
  writeFileSync(at("a.jsonl"), lines(0, 50));
  expect(await trained("grown", settings)).toContain("Changed data: 40 documents → 50 documents");
  expect(changesOf(run("grown")).changes.at(-1)).toMatchObject({ step: 4, path: "data", to: "50 documents" });
  const state = JSON.parse(readFileSync(at("grown", "checkpoints", "step-6", "state.json"), "utf8")).state;
  expect([state.sources[0].documents, state.position.grown[0]]).toEqual([50, [{ until: 1, documents: 35 }]]);
});

test.skipIf(missing)(
  "init takes the optimizer's state: with equal batches, a new run continues the old one",
  async () => {
    // Every batch is the same document, so the data position has no influence.
    writeFileSync(at("one.jsonl"), line(3));
    const set = ["train.steps=2", "train.batch=1", "data.held_out=0", `data.source.path="${at("one.jsonl")}"`];
    const losses = (out: string) => metrics(out).map(({ loss }) => loss);
    await trained("old", { set: [...set, "train.steps=4"] });
    const from = (more: string) => `train.init=checkpoint("${at("old", "checkpoints", "step-2")}"${more})`;
    const printed = await trained("warm", { set: [...set, from(", optimizer: true")] });
    await trained("old", { resume: true, set: [...set, "train.steps=4"] });
    expect(losses("warm")).toEqual(losses("old").slice(2));
    expect(printed).toContain("with the optimizer's state after 2 updates");
    const state = JSON.parse(readFileSync(at("warm", "checkpoints", "step-2", "state.json"), "utf8")).state;
    expect(state.updates).toBe(2);
    const other = trained("bad", { set: [...set, from(", optimizer: true"), "train.optimizer=muon"] });
    await expect(other).rejects.toThrow(/holds the state of another optimizer: it has m, v, but/);
    const wider = trained("bad", { set: [...set, from(", optimizer: true"), "model.layers=2 * mixer"] });
    await expect(wider).rejects.toThrow(/has no layers\.1\..* so it has no optimizer state/);
  },
);
