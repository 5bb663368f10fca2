// Runs of earlier versions can be evaluated, sampled and reported. They cannot be resumed, because that would not be exact.

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import { rightTrained } from "../../src/api/trained.js";
import { writeReport } from "../../src/report/run-report.js";
import { latestCheckpoint } from "../../src/train/checkpoint.js";
import { runAt } from "../../src/train/run-folder.js";
import { buildMom, type Mom, ROOT } from "../support/mom.js";

const FIXTURES = join(ROOT, "test/fixtures/runs/format-1");
let mom: Mom;
let folder = "";
beforeAll(async () => {
  mom = await buildMom();
  folder = mkdtempSync(join(tmpdir(), "mom-formats-"));
  cpSync(FIXTURES, folder, { recursive: true });
});
afterAll(() => {
  mom.dispose();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(["pairs", "stream"])("a run of format 1: %s", (name) => {
  const run = (...args: string[]) => mom.run(args, folder, { MOM_CACHE: join(folder, "cache") });

  test("is evaluated", () => {
    const { code, stdout } = run("eval", name, "--json");
    expect(code).toBe(0);
    const { step, losses } = JSON.parse(stdout) as { step: number; losses: Record<string, number> };
    const then = JSON.parse(readFileSync(join(FIXTURES, `${name}.eval.json`), "utf8")) as { losses: { text: number } };
    expect(step).toBe(4);
    // If no noise of pictures enters the states, the loss equals that of the version that made the run, up to the order of
    // sums. That version drew the noise of held-out pictures by position in a batch, and documents of a row saw each other.
    expect(losses.text).toBeCloseTo(then.losses.text, name === "stream" ? 4 : 0);
  });

  test("is sampled", () => {
    expect(run("sample", name, "--prompt", "dot", "--modality", "text", "--tokens", "4").code).toBe(0);
  });

  test("is reported", () => {
    const path = join(folder, name);
    const { spec } = rightTrained(nodeDisk, path, {});
    const report = readFileSync(writeReport(runAt(path, nodeDisk), { title: name, spec }), "utf8");
    expect(report).toContain("held out");
  });

  test("is not resumed and not changed", () => {
    const path = join(folder, name);
    const before = readFileSync(join(path, "metrics.jsonl"), "utf8");
    const { code, stderr } = run("train", `${name}.mom`, "--out", name, "--resume");
    expect(code).not.toBe(0);
    expect(stderr).toContain("MOM0515");
    expect(stderr).toContain(`init: checkpoint("${name}")`);
    expect(readFileSync(join(path, "metrics.jsonl"), "utf8")).toBe(before);
    expect(readdirSync(join(path, "checkpoints"))).toEqual(["step-4"]);
  });

  test("prints its format", () => {
    expect(latestCheckpoint(runAt(join(folder, name), nodeDisk)).checkpoint?.format).toBe(1);
  });
});
