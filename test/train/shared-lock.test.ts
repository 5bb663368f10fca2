// A lock in a folder that several machines share: another machine's process counts by its heartbeat, and a process whose lock
// was taken over writes nothing more.
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type AblationFolder, runOf, stateOf } from "../../src/ablate/folder.js";
import { nodeDisk } from "../../src/api/node/disk.js";
import type { Disk } from "../../src/data/disk.js";
import { startHeartbeat } from "../../src/train/heartbeat.js";
import { VANISHED_MS } from "../../src/train/lock-holder.js";
import { closeRun, createRun, openRun, pathIn, type Run } from "../../src/train/run-folder.js";

/** The disk as a process of another machine sees it; process ids mean nothing there. */
const elsewhere = (host: string): Disk => ({
  ...nodeDisk,
  processes: {
    ...nodeDisk.processes,
    machine: host,
    host,
    token: `${process.pid}-${Buffer.from(host).toString("hex")}`,
  },
});
const [near, far] = [elsewhere("near"), elsewhere("far")];

let folder: AblationFolder;
let run: Run;
beforeEach(() => {
  folder = { path: mkdtempSync(join(tmpdir(), "mom-shared-")), disk: near };
  run = createRun(runOf(folder, "a").path, { spec: "a spec", plan: "{}" }, near);
});
afterEach(() => rmSync(folder.path, { recursive: true, force: true }));

/** Sets the time of the lock and the heartbeats back. */
function silence(milliseconds: number): void {
  const at = (Date.now() - milliseconds) / 1000;
  for (const name of readdirSync(run.path).filter((one) => one.startsWith("lock.json")))
    utimesSync(join(run.path, name), at, at);
}
const names = () => readdirSync(run.path).filter((name) => name.startsWith("lock.json"));

test("a worker elsewhere holds its run while its heart beats, and vanishes after two minutes of silence", () => {
  const end = startHeartbeat(run.disk, pathIn(run, "lock"));
  const there = { path: folder.path, disk: far };
  expect(stateOf(there, "a")).toMatchObject({ state: "running", pid: process.pid, host: "near" });
  expect(() => openRun(run.path, far)).toThrow(/^Process \d+ on near is writing to /);
  silence(VANISHED_MS - 5000);
  expect(stateOf(there, "a")).toMatchObject({ state: "running" });
  silence(VANISHED_MS + 5000);
  expect(stateOf(there, "a")).toMatchObject({ state: "pending", vanished: { host: "near" } });
  closeRun(openRun(run.path, far));
  expect(names()).toEqual([]);
  end();
});

test("a process whose run was taken over cannot write to it, nor release or block the lock of its successor", async () => {
  const end = startHeartbeat(run.disk, pathIn(run, "lock"));
  silence(VANISHED_MS + 5000);
  const next = openRun(run.path, far);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const metrics = pathIn(run, "metrics");
  expect(() => run.disk.append(metrics, new Uint8Array([65]))).toThrow(/^Another process has taken over /);
  expect(() => run.disk.create(join(run.path, "outcome.json"), new Uint8Array())).toThrow(/taken over/);
  end();
  closeRun(run);
  expect(names()).toEqual(["lock.json"]);
  expect(stateOf(folder, "a")).toMatchObject({ state: "running", host: "far" });
  next.disk.append(metrics, new Uint8Array([65]));
  closeRun(next);
  expect(stateOf(folder, "a")).toEqual({ state: "pending" });
});

test("a temporary folder of another machine is kept while it is new", () => {
  const parent = join(folder.path, "variants");
  const [fresh, old] = ["1-66", "2-66"].map((token) => join(parent, `.writing-b-${token}`)) as [string, string];
  for (const path of [fresh, old]) nodeDisk.makeFolder(path);
  const at = (Date.now() - VANISHED_MS - 5000) / 1000;
  utimesSync(old, at, at);
  createRun(join(parent, "b"), { spec: "a spec", plan: "{}" }, near);
  expect(readdirSync(parent)).toEqual([".writing-b-1-66", "a", "b"]);
});

test("a lock of an earlier version, without a machine, is one of this machine", () => {
  writeFileSync(pathIn(run, "lock"), JSON.stringify({ pid: 2 ** 30, started: "1" }));
  closeRun(openRun(run.path, far));
  expect(names()).toEqual([]);
});
