// Random changes to the JSON files of a run. They are read, or rejected with a message, and never cause another error.

import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { randomFrom } from "../../scripts/corruptions.mjs";
import { mutated } from "../../scripts/json-mutations.mjs";
import { nodeDisk } from "../../src/api/node/disk.js";
import { Failure } from "../../src/diagnostics/failure.js";
import { InputError } from "../../src/diagnostics/input-error.js";
import { readAbout } from "../../src/report/about.js";
import { openRunReader } from "../../src/report/page/run-reader.js";
import { latestSamples } from "../../src/report/samples.js";
import { latestCheckpoint } from "../../src/train/checkpoint.js";
import { lostRecords } from "../../src/train/recorded.js";
import { originOf, type Run, runAt } from "../../src/train/run-folder.js";
import { ROOT } from "../support/mom.js";
import { sampleCheckpoint, storeCheckpoint } from "./sample-checkpoint.js";

let folder = "";
let run: Run;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mom-foreign-"));
  cpSync(join(ROOT, "test/fixtures/runs/format-1/pairs"), join(folder, "run"), { recursive: true });
  run = runAt(join(folder, "run"), nodeDisk);
  await storeCheckpoint(run, sampleCheckpoint(9, 4), 1);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(run.path, name);

/** Updates the checksum of the changed state. Otherwise only the checksum would be tested. */
function resum(): void {
  const sum = createHash("sha256")
    .update(readFileSync(at("checkpoints/step-9/state.json")))
    .digest("hex");
  const list = readFileSync(at("checkpoints/step-9/SHA256SUMS"), "utf8");
  writeFileSync(at("checkpoints/step-9/SHA256SUMS"), list.replace(/^.{64}(?= {2}state\.json$)/m, sum));
}

/** What the page of runs shows. It never fails. */
function viewed(): void {
  const specOf = (_: Run, text: string) => ({ text, steps: 4, modalities: [], settings: {} });
  const reader = openRunReader({ id: 0, name: "run", run, specOf });
  reader.read(2 ** 20);
  JSON.stringify([reader.view(), reader.samples(4)]);
}

const FILES: Readonly<Record<string, () => unknown>> = {
  "checkpoints/step-9/state.json": () => {
    resum();
    return latestCheckpoint(run);
  },
  "origin.json": () => originOf(run),
  "metrics.jsonl": () => [lostRecords(run, 4), viewed()],
  "about.json": () => {
    viewed();
    const read = readAbout(readFileSync(at("about.json")));
    if ("wrong" in read) throw new InputError("bad-record", read.wrong, "");
  },
  "samples/step-4/index.json": () => [viewed(), latestSamples(run)],
};

test.each(Object.keys(FILES))("%s", (name) => {
  const text = readFileSync(at(name), "utf8");
  const random = randomFrom(3);
  let refused = 0;
  for (let i = 0; i < 40; i++) {
    writeFileSync(at(name), mutated(text, name.endsWith(".jsonl"), random));
    try {
      FILES[name]?.();
    } catch (error) {
      if (!(error instanceof Failure || error instanceof InputError)) throw error;
      refused++;
    }
  }
  writeFileSync(at(name), text);
  expect(FILES[name]).not.toThrow();
  expect(refused).toBeGreaterThan(0);
});

test("a report shows only the run's own files", () => {
  const name = "samples/step-4/index.json";
  const index = readFileSync(at(name), "utf8");
  writeFileSync(at(name), index.replace("1-1-true.png", "../../spec.mom"));
  expect(() => latestSamples(run)).toThrow(/index\.json: \[0\]\.samples\[0\]\.truth must match pattern/);
  writeFileSync(at(name), index);
  rmSync(at("samples/step-4/1-1-true.png"));
  symlinkSync(at("spec.mom"), at("samples/step-4/1-1-true.png"));
  expect(() => latestSamples(run)).toThrow(/1-1-true\.png is a link/);
});
