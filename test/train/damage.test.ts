// Random damage to each file of a checkpoint, and damage to the records of a run. It is always detected and reported.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { corrupted, randomFrom } from "../../scripts/corruptions.mjs";
import { nodeDisk } from "../../src/api/node/disk.js";
import type { Tensor } from "../../src/data/tensor.js";
import { Failure } from "../../src/diagnostics/failure.js";
import { InputError } from "../../src/diagnostics/input-error.js";
import { folderWeights, latestCheckpoint, runWeights } from "../../src/train/checkpoint.js";
import type { Checkpoint } from "../../src/train/checkpoint-files.js";
import { recordLine } from "../../src/train/metrics.js";
import { lostRecords } from "../../src/train/recorded.js";
import { createRun, type Run } from "../../src/train/run-folder.js";
import { readWeights } from "../../src/train/start-source.js";
import { sampleCheckpoint, storeCheckpoint } from "./sample-checkpoint.js";

let folder = "";
let run: Run;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mom-damage-"));
  run = createRun(join(folder, "run"), { spec: "model {}", plan: "{}" }, nodeDisk);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const sequences = new Map<string, Tensor>([
  ["layers.0.h", { dtype: "F32", shape: [3], data: Float32Array.of(1, 2, 3) }],
]);
const carrying = (step: number): Checkpoint => ({ ...sampleCheckpoint(step, 6), sequences });
const stepFolder = (step: number): string => join(run.path, "checkpoints", `step-${step}`);
const write = (name: string, bytes: Uint8Array | string): void => writeFileSync(join(stepFolder(2), name), bytes);
const textOf = (name: string): string => readFileSync(join(stepFolder(2), name), "utf8");

/** The result of reading, or "refused" for an InputError or a Failure. Other errors are thrown again. */
function outcome<T>(read: () => T): T | "refused" {
  try {
    return read();
  } catch (error) {
    if (error instanceof Failure || error instanceof InputError) return "refused";
    throw error;
  }
}

const FILES = ["SHA256SUMS", "optimizer.safetensors", "sequences.safetensors", "state.json", "weights.safetensors"];

test("a checkpoint with carried states has these files", async () => {
  await storeCheckpoint(run, carrying(1), 2);
  expect(readdirSync(stepFolder(1))).toEqual(FILES);
});

test.each(FILES)(
  "%s: after random damage, the previous checkpoint is used with a warning, or reading fails",
  async (name) => {
    for (const step of [1, 2]) await storeCheckpoint(run, carrying(step), 2);
    const random = randomFrom(7);
    const bytes = readFileSync(join(stepFolder(2), name));
    const readForWeights = !["optimizer.safetensors", "sequences.safetensors"].includes(name);
    for (let i = 0; i < 12; i++) {
      const { kind, bytes: damaged } = corrupted(bytes, i, random);
      rmSync(join(stepFolder(2), name));
      if (damaged) write(name, damaged);
      const { checkpoint, warnings } = latestCheckpoint(run);
      expect(checkpoint, kind).toEqual(carrying(1));
      expect(warnings.map(({ name }) => name)).toEqual(["damaged-checkpoint"]);
      const evaluated = runWeights(run);
      expect(evaluated.weights.step, kind).toBe(readForWeights ? 1 : 2);
      expect(evaluated.warnings).toHaveLength(readForWeights ? 1 : 0);
      const tensors = outcome(() => folderWeights(stepFolder(2), nodeDisk).tensors);
      expect(tensors, kind).toEqual(readForWeights ? "refused" : carrying(2).tensors);
      if (!damaged) write(name, "");
    }
  },
);

test("a flipped bit in the list of checksums cannot hide a carried state", async () => {
  for (const step of [1, 2]) await storeCheckpoint(run, carrying(step), 2);
  write("SHA256SUMS", textOf("SHA256SUMS").replace("sequences.", "sequencec."));
  const { checkpoint, warnings } = latestCheckpoint(run);
  expect(checkpoint).toEqual(carrying(1));
  expect(warnings[0]?.message).toContain('line 3 names "sequencec.safetensors", which is not a checkpoint file');
});

const without = (text: string, line: RegExp): string =>
  text
    .split("\n")
    .filter((one) => !line.test(one))
    .join("\n");

test("a list of checksums and a state that disagree are rejected", async () => {
  for (const step of [1, 2]) await storeCheckpoint(run, carrying(step), 2);
  const [state, sums] = [textOf("state.json"), textOf("SHA256SUMS")];
  const warned = (): string | undefined => latestCheckpoint(run).warnings[0]?.message;
  write("SHA256SUMS", without(sums, /sequences/));
  expect(warned()).toContain("state.json and SHA256SUMS have different checksums of sequences.safetensors");
  write("SHA256SUMS", without(sums, /state/));
  expect(warned()).toContain("SHA256SUMS has no checksum of state.json");
  write("SHA256SUMS", sums + sums.split("\n")[0]);
  expect(warned()).toContain("its last line is incomplete");
  write("SHA256SUMS", sums);
  expect(warned()).toBeUndefined();
  write("state.json", state.replace('"step": 2', '"step": 3'));
  expect(warned()).toContain("state.json has changed since it was written");
});

describe("weights beside a list of checksums", () => {
  const path = (): string => join(stepFolder(2), "weights.safetensors");
  const init = () => readWeights({ kind: "checkpoint", path: path() }, path(), nodeDisk).weights.tensors;
  beforeEach(async () => await storeCheckpoint(run, carrying(2), 2));

  test("are checked against it", () => {
    expect(outcome(init)).toEqual(carrying(2).tensors);
    const bytes = readFileSync(path());
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 2) ^ 1, bytes.length - 2);
    writeFileSync(path(), bytes);
    expect(init).toThrow(/weights\.safetensors does not match its checksum in .*SHA256SUMS/);
  });

  test("are rejected if it does not name them, or is malformed", () => {
    const sums = textOf("SHA256SUMS");
    write("SHA256SUMS", without(sums, /weights/));
    expect(init).toThrow(/SHA256SUMS has no checksum of weights\.safetensors/);
    write("SHA256SUMS", `x${sums}`);
    expect(init).toThrow(/SHA256SUMS: line 1 is not a checksum and a file name/);
    rmSync(join(stepFolder(2), "SHA256SUMS"));
    expect(outcome(init)).toEqual(carrying(2).tensors);
  });
});

describe("records of a resumed run", () => {
  const metric = (step: number): string =>
    recordLine({ kind: "train", step, loss: 1, losses: { text: 1 }, lr: 1, gradient_norm: 1 });
  const timing = (step: number): string => recordLine({ step, seconds: step, tokens_per_second: 5 });
  const records = (steps: readonly number[], line: (step: number) => string): string => steps.map(line).join("");
  const keep = (name: string, text: string): void => writeFileSync(join(run.path, name), text);
  const warned = (step = 3): string[] => lostRecords(run, step).map(({ message }) => message.replace(run.path, "RUN"));
  beforeEach(() => {
    keep("metrics.jsonl", records([1, 2, 3, 4], metric));
    keep("timing.jsonl", records([1, 2, 3, 4], timing));
  });

  test("give no warning if they are complete", () => expect(warned()).toEqual([]));

  test("give a warning if some are missing", () => {
    rmSync(join(run.path, "timing.jsonl"));
    keep("metrics.jsonl", records([2], metric));
    expect(warned()).toEqual([
      "RUN/metrics.jsonl has no record of 2 of the 3 steps; the first missing step is 1.",
      "RUN/timing.jsonl is missing.",
    ]);
  });

  test("are rejected if they are damaged before later records, which would be removed", () => {
    keep("metrics.jsonl", `${metric(1)}${metric(2).replace('"step"', '"stop"')}${metric(3)}`);
    expect(warned).toThrow(/Line 2 of .*metrics\.jsonl is not a metrics record/);
  });

  test("are removed with a warning if they are damaged after the checkpoint", () => {
    keep("metrics.jsonl", `${records([1, 2, 3], metric)}\0\0\0\n`);
    expect(warned()).toEqual(["RUN/metrics.jsonl is damaged from line 4 on, and that part is removed."]);
  });
});
