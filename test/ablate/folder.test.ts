// The state of a variant, read from its folder: it is well defined whichever process was killed, and whenever.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  type AblationFolder,
  dropWeights,
  runOf,
  stateOf,
  strangers,
  variantsIn,
  writeEnding,
  writeInto,
} from "../../src/ablate/folder.js";
import { nodeDisk } from "../../src/api/node/disk.js";
import { closeRun, createRun, pathIn } from "../../src/train/run-folder.js";

let folder: AblationFolder;
beforeEach(() => {
  folder = { path: mkdtempSync(join(tmpdir(), "mom-ablation-")), disk: nodeDisk };
});
afterEach(() => rmSync(folder.path, { recursive: true, force: true }));

const begin = (id: string) => {
  const run = runOf(folder, id);
  createRun(run.path, { spec: "a spec", plan: "{}" }, nodeDisk);
  return run;
};

test("a variant without a folder is pending", () => {
  expect(stateOf(folder, "a")).toEqual({ state: "pending" });
});

test("a variant whose run was closed is pending from its last checkpoint", () => {
  const run = begin("a");
  closeRun(run);
  expect(stateOf(folder, "a")).toEqual({ state: "pending" });
  mkdirSync(join(pathIn(run, "checkpoints"), "step-40"));
  mkdirSync(join(pathIn(run, "checkpoints"), "step-20"));
  expect(stateOf(folder, "a")).toEqual({ state: "pending", step: 40 });
});

test("a variant is running if another live process has its lock; if that process ended, or is this one, it is pending", () => {
  const run = begin("a");
  expect(stateOf(folder, "a")).toEqual({ state: "pending" });
  // The parent of this process is alive. Its start time is unknown without /proc.
  const stat = `/proc/${process.ppid}/stat`;
  const text = nodeDisk.exists(stat) ? readFileSync(stat, "utf8") : undefined;
  const started = text === undefined ? "" : (text.slice(text.lastIndexOf(")") + 2).split(" ")[19] as string);
  writeFileSync(pathIn(run, "lock"), JSON.stringify({ pid: process.ppid, started }));
  expect(stateOf(folder, "a")).toMatchObject({ state: "running", pid: process.ppid });
  writeFileSync(pathIn(run, "lock"), JSON.stringify({ pid: 2 ** 30, started: "1" }));
  expect(stateOf(folder, "a")).toMatchObject({ state: "pending", vanished: { pid: 2 ** 30 } });
});

test("an outcome lasts until it is cleared, and a truncated outcome is ignored", () => {
  const run = begin("a");
  closeRun(run);
  const failed = { state: "failed", reason: "It broke.", exit: 4 } as const;
  writeEnding(folder, "a", failed);
  expect(stateOf(folder, "a")).toEqual(failed);
  writeEnding(folder, "a", undefined);
  expect(stateOf(folder, "a")).toEqual({ state: "pending" });
  writeEnding(folder, "a", { state: "done", device: "a card" });
  expect(stateOf(folder, "a")).toEqual({ state: "done", device: "a card" });
  writeFileSync(join(run.path, "outcome.json"), '{"state":"do');
  expect(stateOf(folder, "a")).toEqual({ state: "pending" });
});

test("an outcome can be written before the run's folder exists", () => {
  writeEnding(folder, "b", { state: "failed", reason: "Its process was killed (SIGKILL).", exit: 3 });
  expect(stateOf(folder, "b")).toMatchObject({ state: "failed", exit: 3 });
});

test("dropping weights keeps metrics", () => {
  const run = begin("a");
  mkdirSync(join(pathIn(run, "checkpoints"), "step-40"));
  writeFileSync(pathIn(run, "metrics"), "{}\n");
  dropWeights(folder, "a");
  expect(nodeDisk.list(pathIn(run, "checkpoints"))).toEqual([]);
  expect(nodeDisk.exists(pathIn(run, "metrics"))).toBe(true);
});

test("a file is replaced as a whole", () => {
  writeInto(folder, "report.md", "one");
  writeInto(folder, "report.md", "two");
  expect(new TextDecoder().decode(nodeDisk.read(join(folder.path, "report.md")))).toBe("two");
  expect(nodeDisk.list(folder.path)).toEqual(["report.md"]);
});

test("runs of another spec are listed", () => {
  for (const id of ["a", "b"]) closeRun(begin(id));
  // The remains of a run that a killed process was creating are not a run.
  mkdirSync(join(variantsIn(folder), ".writing-c-1"));
  expect(strangers(folder, ["a"])).toEqual(["b"]);
});
