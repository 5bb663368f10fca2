// Checkpoints are read back as written, damage is detected, and intact checkpoints are never lost.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import type { Disk } from "../../src/data/disk.js";
import { Failure } from "../../src/diagnostics/failure.js";
import { checkpointSteps, latestCheckpoint, readCheckpoint, writeCheckpoint } from "../../src/train/checkpoint.js";
import { closeRun, createRun, openRun, type Run, runAt } from "../../src/train/run-folder.js";
import { live, sampleCheckpoint, storeCheckpoint } from "./sample-checkpoint.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mom-checkpoint-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const newRun = (name = "run", disk: Disk = nodeDisk): Run =>
  createRun(join(folder, name), { spec: "model {}", plan: "{}" }, disk);
const filesOf = (run: Run, step: number): Record<string, string> => {
  const path = join(run.path, "checkpoints", `step-${step}`);
  return Object.fromEntries(readdirSync(path).map((name) => [name, readFileSync(join(path, name)).toString("base64")]));
};
const thrownBy = (act: () => void): unknown => {
  try {
    act();
    return undefined;
  } catch (error) {
    return error;
  }
};
const failureOf = (act: () => void): Failure => {
  const thrown = thrownBy(act);
  if (thrown instanceof Failure) return thrown;
  throw thrown ?? new Error("nothing was thrown");
};

test("a checkpoint is read back as it was written", async () => {
  const run = newRun();
  const checkpoint = sampleCheckpoint(100);
  await storeCheckpoint(run, checkpoint, 2);
  expect(latestCheckpoint(run)).toEqual({ checkpoint, warnings: [] });
  expect(readdirSync(join(run.path, "checkpoints", "step-100")).sort()).toEqual([
    "SHA256SUMS",
    "optimizer.safetensors",
    "state.json",
    "weights.safetensors",
  ]);
});

test("sha256sum accepts the list of checksums", async () => {
  const run = newRun();
  await storeCheckpoint(run, sampleCheckpoint(1), 1);
  const cwd = join(run.path, "checkpoints", "step-1");
  expect(spawnSync("sha256sum", ["-c", "SHA256SUMS"], { cwd, encoding: "utf8" }).stdout).toBe(
    "weights.safetensors: OK\noptimizer.safetensors: OK\nstate.json: OK\n",
  );
});

test("equal checkpoints have equal bytes", async () => {
  const first = newRun("first");
  const second = newRun("second");
  for (const run of [first, second]) await storeCheckpoint(run, sampleCheckpoint(7), 1);
  expect(filesOf(first, 7)).toEqual(filesOf(second, 7));
  await storeCheckpoint(second, sampleCheckpoint(8), 2);
  expect(filesOf(second, 8)).not.toEqual(filesOf(first, 7));
});

test("the checkpoints with the highest steps are kept, in numeric order", async () => {
  const run = newRun();
  for (const step of [8, 9, 10, 11]) await storeCheckpoint(run, sampleCheckpoint(step, 4), 3);
  expect(readdirSync(join(run.path, "checkpoints")).sort()).toEqual(["step-10", "step-11", "step-9"]);
});

test("writing a step again replaces its checkpoint", async () => {
  const run = newRun();
  const first = sampleCheckpoint(5, 4);
  const again = { ...first, state: { ...first.state, seed: 8 } };
  await storeCheckpoint(run, first, 2);
  await storeCheckpoint(run, again, 2);
  expect(latestCheckpoint(run).checkpoint).toEqual(again);
  expect(readdirSync(join(run.path, "checkpoints"))).toEqual(["step-5"]);
});

describe("damage", () => {
  const damages: readonly [string, (path: string) => void, RegExp][] = [
    ["a flipped bit", (path) => flipBit(join(path, "weights.safetensors"), 1000), /weights\.safetensors.*checksum/],
    ["a truncated file", (path) => writeFileSync(join(path, "state.json"), "{"), /state\.json.*checksum/],
    ["a missing file", (path) => rmSync(join(path, "optimizer.safetensors")), /optimizer\.safetensors is missing/],
    ["a missing list of checksums", (path) => rmSync(join(path, "SHA256SUMS")), /SHA256SUMS is missing/],
    ["an empty list of checksums", (path) => writeFileSync(join(path, "SHA256SUMS"), ""), /SHA256SUMS: it is empty/],
    [
      "a folder in place of a file",
      folderFor("weights.safetensors"),
      /weights\.safetensors cannot be read: it is a folder/,
    ],
  ];
  test.each(damages)("%s is reported, and the previous checkpoint is used", async (_, damage, message) => {
    const run = newRun();
    for (const step of [1, 2]) await storeCheckpoint(run, sampleCheckpoint(step), 2);
    damage(join(run.path, "checkpoints", "step-2"));
    const { checkpoint, warnings } = latestCheckpoint(run);
    expect(checkpoint).toEqual(sampleCheckpoint(1));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({ severity: "warning", message: expect.stringMatching(message) });
    expect(warnings[0]?.message).toContain("step-2");
  });

  test("if no checkpoint is intact, the run does not restart", async () => {
    const run = newRun();
    for (const step of [1, 2]) await storeCheckpoint(run, sampleCheckpoint(step), 2);
    for (const step of [1, 2]) flipBit(join(run.path, "checkpoints", `step-${step}`, "weights.safetensors"), 99);
    expect(failureOf(() => latestCheckpoint(run)).message).toMatch(/step-2.*step-1/);
  });

  test("a run without checkpoints gives no checkpoint and no warning", () => {
    expect(latestCheckpoint(newRun())).toEqual({ warnings: [] });
  });
});

test("a device that is lost while a checkpoint is written leaves the earlier one and reports its own error", async () => {
  const run = newRun();
  await storeCheckpoint(run, sampleCheckpoint(1), 2);
  const { weights, ...rest } = live(sampleCheckpoint(2));
  const lost = new Error("the device was lost");
  const losing = {
    ...weights,
    async *pieces(names: readonly string[]) {
      yield* weights.pieces(names.slice(0, 1));
      throw lost;
    },
  };
  await expect(writeCheckpoint(run, { ...rest, weights: losing }, 2)).rejects.toBe(lost);
  expect(readdirSync(join(run.path, "checkpoints"))).toEqual(["step-1"]);
  expect(latestCheckpoint(run)).toEqual({ checkpoint: sampleCheckpoint(1), warnings: [] });
});

const folderFor =
  (name: string) =>
  (path: string): void => {
    rmSync(join(path, name));
    mkdirSync(join(path, name));
  };

function flipBit(path: string, index: number): void {
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(index) ^ 4, index);
  writeFileSync(path, bytes);
}

describe("a full disk", () => {
  /** A disk whose nth call of a writing function fails after half of the file is written. */
  function failingDisk(nth: number): { disk: Disk; failed: () => boolean } {
    let calls = 0;
    const full = (): Error => Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
    const guard =
      <A extends unknown[]>(act: (...args: A) => void, half?: (...args: A) => void) =>
      (...args: A): void => {
        if (++calls === nth) {
          half?.(...args);
          throw full();
        }
        act(...args);
      };
    const disk: Disk = {
      ...nodeDisk,
      makeFolder: guard(nodeDisk.makeFolder),
      async createFrom(path, pieces) {
        if (++calls !== nth) return await nodeDisk.createFrom(path, pieces);
        for await (const piece of pieces) {
          writeFileSync(path, piece.subarray(0, piece.length / 2));
          throw full();
        }
      },
      sync: guard(nodeDisk.sync),
      rename: guard(nodeDisk.rename),
    };
    return { disk, failed: () => calls >= nth };
  }

  test("at any write leaves earlier checkpoints unchanged and no temporary files", async () => {
    const earlier = newRun();
    for (const step of [1, 2]) await storeCheckpoint(earlier, sampleCheckpoint(step), 2);
    const before = [1, 2].map((step) => filesOf(earlier, step));
    let failures = 0;
    for (;;) {
      const { disk, failed } = failingDisk(failures + 1);
      // Step 2 is written again, because replacing a folder makes the most calls.
      const write = storeCheckpoint(runAt(earlier.path, disk), sampleCheckpoint(2), 2);
      const outcome = await write.catch((error: unknown) => error);
      expect(readdirSync(join(earlier.path, "checkpoints"))).toEqual(["step-1", "step-2"]);
      expect([1, 2].map((step) => filesOf(earlier, step))).toEqual(before);
      if (!failed()) break;
      failures++;
      expect(outcome).toBeInstanceOf(Failure);
      const [diagnostic] = (outcome as Failure).diagnostics;
      expect(diagnostic?.message).toMatch(/step-2 could not be written: the disk is full/);
      expect(diagnostic?.help).toMatch(/Free some space, then continue from step-2/);
    }
    expect(failures).toBeGreaterThanOrEqual(9);
  });

  test("leaves complete checkpoints on a real disk of 300 kB", async ({ skip }) => {
    const path = join(folder, "small");
    mkdirSync(path);
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=300k", "tmpfs", path]).status !== 0)
      return skip("mounting a small disk needs root");
    try {
      const run = createRun(join(path, "run"), { spec: "", plan: "" }, nodeDisk);
      await storeCheckpoint(run, sampleCheckpoint(1), 2);
      const failure = await storeCheckpoint(run, sampleCheckpoint(2), 2).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(Failure);
      expect((failure as Failure).message).toMatch(/step-2 could not be written: the disk is full/);
      expect(readdirSync(join(run.path, "checkpoints"))).toEqual(["step-1"]);
      expect(latestCheckpoint(run)).toEqual({ checkpoint: sampleCheckpoint(1), warnings: [] });
      const metrics = join(run.path, "metrics.jsonl");
      const line = new TextEncoder().encode(`${"x".repeat(6999)}\n`);
      const failed = thrownBy(() => {
        for (;;) nodeDisk.append(metrics, line);
      });
      expect(failed).toMatchObject({ code: "ENOSPC" });
      expect(statSync(metrics).size % line.length).toBe(0);
    } finally {
      spawnSync("umount", [path]);
    }
  });
});

test("after a kill at any moment, a run has complete checkpoints, and opening it removes leftovers", async () => {
  const child = join(folder, "child.mjs");
  const entryPoints = [join(import.meta.dirname, "checkpoint.child.ts")];
  await build({ entryPoints, outfile: child, bundle: true, platform: "node", format: "esm", logLevel: "silent" });
  const run = newRun();
  closeRun(run);
  let leftovers = 0;
  let last = 0;
  // A busy machine writes little in each round, so it needs more rounds.
  for (let round = 0; round < 20 || (round < 200 && (last <= 5 || leftovers === 0)); round++) {
    const writer = spawn(process.execPath, [child, run.path, String(last + 1)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const gone = new Promise((resolve) => writer.once("exit", resolve));
    await new Promise((resolve) => writer.stdout.once("data", resolve));
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
    writer.kill("SIGKILL");
    await gone;
    leftovers += readdirSync(join(run.path, "checkpoints")).filter((name) => name.startsWith(".")).length;
    closeRun(openRun(run.path, nodeDisk));
    expect(readdirSync(join(run.path, "checkpoints")).filter((name) => !name.startsWith("step-"))).toEqual([]);
    for (const step of checkpointSteps(run)) expect(readCheckpoint(run, step)).toEqual(sampleCheckpoint(step));
    const newest = checkpointSteps(run).at(-1) ?? 0;
    expect(newest).toBeGreaterThanOrEqual(last);
    last = newest;
  }
  expect(last).toBeGreaterThan(5);
  // Some kills happened during a write. Otherwise this test would show nothing.
  expect(leftovers).toBeGreaterThan(0);
});
