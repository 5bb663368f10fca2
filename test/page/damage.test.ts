// The page of runs on folders that are written, damaged, half copied or hostile: it shows every run, with what is wrong.
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { randomFrom } from "../../scripts/corruptions.mjs";
import { recordLines, writeSampleRun } from "../../scripts/sample-runs.mjs";
import { nodeDisk } from "../../src/api/node/disk.js";
import { openRuns, type Runs } from "../../src/api/watch/runs.js";
import type { RunView } from "../../src/report/page/view.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mom-damage-"));
  writeSampleRun(join(folder, "run"), { steps: 60 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, "run", name);
const open = (): Runs => openRuns(nodeDisk, [folder], () => 0);

/** Everything that the page may ask for, read to the end. */
function views(runs: Runs): readonly RunView[] {
  runs.find();
  runs.read(1);
  const state = runs.state(0);
  for (const { id, samples } of state.runs) {
    const run = runs.run(id);
    JSON.stringify(run?.records({ generation: -1, train: 0, validation: 0, timing: 0 }));
    for (const step of samples) JSON.stringify(run?.samples(step));
  }
  for (const [i] of state.ablations.entries()) runs.ablation(i)?.answer();
  return JSON.parse(JSON.stringify(state.runs)) as RunView[];
}

test("random garbage in any file is shown as what is wrong with the run", () => {
  const random = randomFrom(5);
  for (const name of readdirSync(join(folder, "run"), { withFileTypes: true })) {
    if (!name.isFile()) continue;
    const before = readFileSync(at(name.name));
    for (let i = 0; i < 8; i++) {
      const bytes = Buffer.from(before);
      const begin = Math.floor(random() * bytes.length);
      for (let j = begin; j < Math.min(bytes.length, begin + 40); j++) bytes[j] = Math.floor(random() * 256);
      writeFileSync(at(name.name), bytes.subarray(0, i % 2 === 0 ? bytes.length : begin));
      const [view] = views(open());
      expect(view?.name).toBe("run");
    }
    rmSync(at(name.name));
    const left = readdirSync(join(folder, "run")).some((file) =>
      ["metrics.jsonl", "plan.json", "about.json"].includes(file),
    );
    expect(views(open()).length).toBe(left ? 1 : 0);
    writeFileSync(at(name.name), before);
  }
});

test("links are not followed", () => {
  writeFileSync(join(folder, "secret"), '{"title": "secret", "facts": [["secret", "secret"]], "units": {}}');
  for (const name of ["about.json", "metrics.jsonl", "spec.mom", "sessions.jsonl"]) {
    rmSync(at(name), { force: true });
    symlinkSync(join(folder, "secret"), at(name));
  }
  symlinkSync(folder, at("samples/step-1"));
  const runs = open();
  const [view] = views(runs);
  expect(JSON.stringify(view)).not.toContain("secret");
  expect(view?.problems.filter((text) => text.includes("is a link")).length).toBe(3);
  expect(runs.run(0)?.samples(1)).toMatchObject({ problem: expect.stringContaining("is a link") });
});

test("records that a resume takes back leave the curves", () => {
  const runs = open();
  expect(views(runs)[0]).toMatchObject({ step: 60, state: "finished" });
  const generation = views(runs)[0]?.generation;
  const kept = readFileSync(at("metrics.jsonl"), "utf8").indexOf('{"kind":"train","step":31');
  truncateSync(at("metrics.jsonl"), kept);
  writeFileSync(at("metrics.jsonl"), recordLines({ from: 31, to: 45, of: 60, seed: 3 }).metrics, { flag: "a" });
  const [view] = views(runs);
  expect(view).toMatchObject({ step: 45, state: "stopped", problems: [] });
  expect(view?.generation).toBeGreaterThan(generation as number);
  expect(view?.records.train).toBe(45);
});
