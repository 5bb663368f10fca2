// Makes, opens and rewinds the folder of a run.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import type { DataSet } from "../../src/data/data-set.js";
import { Failure } from "../../src/diagnostics/failure.js";
import { checkpointSteps } from "../../src/train/checkpoint.js";
import { parseMetrics, parseTiming, type TrainRecord } from "../../src/train/metrics.js";
import { recorder, rewindRun } from "../../src/train/recorder.js";
import { closeRun, createRun, meaningOf, openRun, originOf, type Run } from "../../src/train/run-folder.js";
import { lockedBy } from "../../src/train/run-lock.js";
import { readSessions, recordSession } from "../../src/train/sessions.js";
import { eventBytesUpTo } from "../../src/train/tensorboard.js";
import { sampleCheckpoint, storeCheckpoint } from "./sample-checkpoint.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mom-run-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const contents = { spec: "model {}\n", plan: "{}\n" };
const newRun = (name = "run"): Run => createRun(join(folder, name), contents, nodeDisk);
const record = (step: number, loss = 1 / step): TrainRecord => ({
  kind: "train",
  step,
  loss,
  losses: { text: loss / 3, image: loss / 7 },
  lr: 3e-4,
  gradient_norm: 2,
});
const textOf = (run: Run, file: string): string => readFileSync(join(run.path, file), "utf8");

test("a run contains its spec and plan", () => {
  const run = newRun("a/b/run");
  expect(textOf(run, "spec.mom")).toBe(contents.spec);
  expect(textOf(run, "plan.json")).toBe(contents.plan);
  expect(openRun(run.path, nodeDisk).path).toBe(run.path);
});

test("a run records the path of its spec, and both can be moved together", () => {
  const file = join(folder, "specs", "a.mom");
  const run = createRun(join(folder, "runs", "a"), { ...contents, file }, nodeDisk);
  expect(originOf(run)).toEqual({ format: 2, spec: file, written: meaningOf(contents.spec) });
  renameSync(join(folder, "runs"), join(folder, "moved"));
  const moved = { ...run, path: join(folder, "moved", "a") };
  expect(originOf(moved)?.spec).toBe(file);
  expect(originOf(newRun("plain"))).toBeUndefined();
  writeFileSync(join(moved.path, "origin.json"), '{"spec": 5}');
  expect(() => originOf(moved)).toThrow(/origin\.json: spec is not text/);
});

test("an existing folder is rejected and not changed, even if it is empty", () => {
  const path = join(folder, "taken");
  mkdirSync(path);
  expect(() => createRun(path, contents, nodeDisk)).toThrow(Failure);
  expect(() => createRun(path, contents, nodeDisk)).toThrow(/taken exists/);
  expect(readdirSync(path)).toEqual([]);
});

test("a full disk leaves no incomplete run", () => {
  const full = Object.assign(new Error("full"), { code: "ENOSPC" });
  const create = (): never => {
    throw full;
  };
  const path = join(folder, "run");
  expect(() => createRun(path, contents, { ...nodeDisk, create })).toThrow(/could not be written: the disk is full/);
  expect(existsSync(path)).toBe(false);
});

test("after a kill at any moment, a new run is complete or absent, and making it again leaves no leftovers", async () => {
  const child = join(folder, "child.mjs");
  const entryPoints = [join(import.meta.dirname, "run-folder.child.ts")];
  await build({ entryPoints, outfile: child, bundle: true, platform: "node", format: "esm", logLevel: "silent" });
  const parent = join(folder, "runs");
  const path = join(parent, "a");
  const left: string[] = [];
  for (let last = 0; ; last++) {
    rmSync(parent, { recursive: true, force: true });
    const { signal, stderr } = spawnSync(process.execPath, [child, path, String(last)], { encoding: "utf8" });
    const whole = existsSync(path);
    if (whole) {
      expect(readdirSync(parent)).toEqual(["a"]);
      closeRun(openRun(path, nodeDisk));
    } else {
      left.push(...(existsSync(parent) ? readdirSync(parent) : []));
      closeRun(createRun(path, contents, nodeDisk));
      expect(readdirSync(parent)).toEqual(["a"]);
    }
    expect(textOf({ path, disk: nodeDisk }, "spec.mom")).toBe(contents.spec);
    if (signal === null) {
      expect(stderr).toBe("");
      break;
    }
    expect(signal).toBe("SIGKILL");
  }
  // The operations are the folder, the lock, two folders, plan, origin, spec and a sync, then a rename and a sync of the
  // parent.
  expect(left).toHaveLength(8);
});

test("a folder that another process is making is kept, and so are folders of other names", async ({ skip }) => {
  if (!existsSync("/proc/self/stat")) skip("only Linux reports the start time of a process");
  const other = spawn("sleep", ["60"]);
  const gone = new Promise((resolve) => other.once("exit", resolve));
  const started = readFileSync(`/proc/${other.pid}/stat`, "utf8").split(" ")[21];
  const making = join(folder, `.writing-run-${other.pid}`);
  // The process that makes the second folder has not locked it yet.
  const kept = [
    making,
    join(folder, ".writing-run-1"),
    join(folder, ".writing-run-b-1"),
    join(folder, ".writing-run-"),
  ];
  for (const path of kept) mkdirSync(path);
  writeFileSync(join(making, "lock.json"), JSON.stringify({ pid: other.pid, started }));
  const ended = spawnSync("true").pid;
  const left = ["1000000000", ended].map((pid) => join(folder, `.writing-run-${pid}`));
  for (const path of left) mkdirSync(path);
  newRun();
  for (const path of kept) expect(existsSync(path)).toBe(true);
  for (const path of left) expect(existsSync(path)).toBe(false);
  other.kill();
  await gone;
});

test("if two processes make the same run, one succeeds", () => {
  const path = join(folder, "run");
  const rename: typeof nodeDisk.rename = (from, to) => {
    mkdirSync(path);
    writeFileSync(join(path, "spec.mom"), "of the other\n");
    nodeDisk.rename(from, to);
  };
  expect(() => createRun(path, contents, { ...nodeDisk, rename })).toThrow(/run exists/);
  expect(readdirSync(folder)).toEqual(["run"]);
  expect(textOf({ path, disk: nodeDisk }, "spec.mom")).toBe("of the other\n");
});

test("a path through a file is rejected with help", () => {
  writeFileSync(join(folder, "file"), "");
  expect(() => createRun(join(folder, "file", "run"), contents, nodeDisk)).toThrow(/a folder in the path is a file/);
});

test("a folder without a run is not opened", () => {
  expect(() => openRun(join(folder, "absent"), nodeDisk)).toThrow(/absent is not a run folder/);
  expect(() => openRun(folder, nodeDisk)).toThrow(/spec\.mom is missing/);
});

test("one process at a time trains a run; the lock of a dead process does not count", async ({ skip }) => {
  if (!existsSync("/proc/self/stat")) skip("only Linux reports the start time of a process");
  const run = newRun();
  const lock = join(run.path, "lock.json");
  expect(openRun(run.path, nodeDisk).path).toBe(run.path);
  const other = spawn("sleep", ["60"]);
  const gone = new Promise((resolve) => other.once("exit", resolve));
  const started = readFileSync(`/proc/${other.pid}/stat`, "utf8").split(" ")[21];
  writeFileSync(lock, JSON.stringify({ pid: other.pid, started }));
  expect(() => openRun(run.path, nodeDisk)).toThrow(new RegExp(`Process ${other.pid} is writing to`));
  writeFileSync(lock, JSON.stringify({ pid: other.pid, started: "1" }));
  expect(openRun(run.path, nodeDisk).path).toBe(run.path);
  writeFileSync(lock, JSON.stringify({ pid: other.pid, started }));
  other.kill();
  await gone;
  expect(openRun(run.path, nodeDisk).path).toBe(run.path);
  writeFileSync(lock, "{");
  expect(openRun(run.path, nodeDisk).path).toBe(run.path);
  closeRun(run);
  expect(existsSync(lock)).toBe(false);
});

test.runIf(process.platform === "linux")("a zombie process holds no lock", async () => {
  // The shell is replaced by `sleep`, which never waits for the child, so the child becomes a zombie.
  const parent = spawn("sh", ["-c", "sleep 0.05 & echo $!; exec sleep 20"], { stdio: ["ignore", "pipe", "ignore"] });
  const pid = await new Promise<number>((resolve) => parent.stdout.on("data", (text) => resolve(Number(text))));
  const lock = join(folder, "lock.json");
  const statOf = () => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") as string[];
  writeFileSync(lock, JSON.stringify({ pid, started: statOf()[19] }));
  expect(lockedBy(nodeDisk, lock)).toBe(pid);
  while (statOf()[0] !== "Z") await new Promise((resolve) => setTimeout(resolve, 10));
  expect(lockedBy(nodeDisk, lock)).toBeUndefined();
  parent.kill();
});

test("metrics are read back exactly and contain no clock times", () => {
  const runs = [newRun("first"), newRun("second")];
  for (const [index, run] of runs.entries()) {
    const records = recorder(run, () => 1e12 + index);
    for (let step = 1; step <= 3; step++) records.metric(record(step));
    records.metric({ kind: "validation", step: 3, loss: 0.1 + 0.2, losses: { text: 1 / 3 } });
    records.timing({ step: 3, seconds: index, tokens_per_second: 5e4 });
    records.sync();
  }
  const [first, second] = runs as [Run, Run];
  expect(textOf(first, "metrics.jsonl")).toBe(textOf(second, "metrics.jsonl"));
  expect(parseMetrics(textOf(first, "metrics.jsonl"))).toEqual([
    ...[1, 2, 3].map((step) => record(step)),
    { kind: "validation", step: 3, loss: 0.1 + 0.2, losses: { text: 1 / 3 } },
  ]);
  for (const tag of [
    "train/loss",
    "train/loss/image",
    "train/lr",
    "train/gradient_norm",
    "train/tokens_per_second",
    "validation/loss/text",
  ])
    expect(textOf(first, "events.out.tfevents.0")).toContain(`${tag}\x15`);
  expect(parseTiming(textOf(second, "timing.jsonl"))).toEqual([{ step: 3, seconds: 1, tokens_per_second: 5e4 }]);
});

test("on a full disk, a record is written completely or not at all, and the help describes how to continue", () => {
  const run = newRun();
  const records = recorder(run);
  for (let step = 1; step <= 3; step++) records.metric(record(step));
  const before = textOf(run, "metrics.jsonl");
  const full = Object.assign(new Error("full"), { code: "ENOSPC" });
  const append = (): never => {
    throw full;
  };
  const refused = recorder({ ...run, disk: { ...nodeDisk, append } });
  expect(() => refused.metric(record(4))).toThrow(/The metrics in .* could not be written: the disk is full/);
  expect(textOf(run, "metrics.jsonl")).toBe(before);
});

test("NaN is read back as NaN, an invalid line is reported by number, and an incomplete last line is skipped", () => {
  const run = newRun();
  recorder(run).metric(record(1, Number.POSITIVE_INFINITY));
  expect(parseMetrics(textOf(run, "metrics.jsonl"))).toMatchObject([
    { loss: Number.NaN, losses: { text: Number.NaN } },
  ]);
  expect(parseMetrics(`${textOf(run, "metrics.jsonl")}{"kind":"tr`)).toHaveLength(1);
  expect(parseMetrics(`${textOf(run, "metrics.jsonl")}nonsense\n`)).toBe(2);
});

test("a rewound run equals a run that stopped at that step", () => {
  const until = (name: string, steps: number): Run => {
    const run = newRun(name);
    const records = recorder(run, () => 5000);
    for (let step = 1; step <= steps; step++) {
      records.metric(record(step));
      records.timing({ step, seconds: step, tokens_per_second: 1 });
      if (step % 2 === 0) records.metric({ kind: "validation", step, loss: 1, losses: {} });
    }
    return run;
  };
  const stopped = until("stopped", 4);
  const rewound = until("rewound", 9);
  writeFileSync(join(rewound.path, "metrics.jsonl"), `${textOf(rewound, "metrics.jsonl")}{"kind":"train","st`);
  rewindRun(rewound, 4);
  for (const file of ["metrics.jsonl", "timing.jsonl", "events.out.tfevents.0"])
    expect(textOf(rewound, file)).toBe(textOf(stopped, file));
  const events = readFileSync(join(rewound.path, "events.out.tfevents.0"));
  expect(eventBytesUpTo(events, 4)).toBe(events.length);
  expect(eventBytesUpTo(events, 3)).toBeLessThan(events.length);
});

test("each process that trains a run records a session, and damaged lines are left out", () => {
  const run = newRun();
  const dataSet = { fingerprint: 0xbeef, documents: [1, 2, 3] } as unknown as DataSet;
  const first = recordSession(run, { step: 0, device: "a GPU", dataSet });
  appendFileSync(join(run.path, "sessions.jsonl"), '{"began":"some day","step":1}\nnonsense\n');
  const second = recordSession(run, { step: 4, device: "another", dataSet });
  expect(readSessions(run)).toEqual([first, second]);
  const spec = createHash("sha256")
    .update(readFileSync(join(run.path, "spec.mom")))
    .digest("hex");
  expect(second).toMatchObject({ step: 4, device: "another", spec, data: 0xbeef, documents: 3 });
  expect(second.version).toBe(JSON.parse(readFileSync("package.json", "utf8")).version);
  expect(Math.abs(Date.parse(second.began) - Date.now())).toBeLessThan(60_000);
});

test("checkpoints after the step are set aside and do not replace complete ones", async () => {
  const run = newRun();
  for (const step of [1, 2, 9]) await storeCheckpoint(run, sampleCheckpoint(step, 4), 3);
  rewindRun(run, 2);
  expect(checkpointSteps(run)).toEqual([1, 2]);
  expect(readdirSync(join(run.path, "checkpoints"))).toContain("set-aside-step-9");
  await storeCheckpoint(run, sampleCheckpoint(3, 4), 2);
  expect(checkpointSteps(run)).toEqual([2, 3]);
});
