// The file of choices: concurrent writers lose no verdicts, and the first verdict on a node is kept.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, expect, test } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import type { OpenDevice } from "../../src/gpu/dawn.js";
import type { Profile } from "../../src/ir/plan.js";
import { profileNamed } from "../../src/ir/profiles.js";
import { openCache } from "../../src/tune/cache.js";
import type { Verdict } from "../../src/tune/trial.js";

const folder = mkdtempSync(join(tmpdir(), "mom-tune-cache-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const device = (description: string, profile = "nvidia-h100") =>
  ({ profile: profileNamed(profile) as Profile, description }) as OpenDevice;
const verdict = (variant: string): Verdict => ({ variant, candidates: { a: { milliseconds: 1 }, b: { error: null } } });

test("each device, driver and set of limits has its own file", async () => {
  const paths = [
    device("H100, driver 1"),
    device("H100, driver 2"),
    device("H100, driver 1", "llvmpipe"),
    { ...device("H100, driver 1"), profile: { ...(profileNamed("nvidia-h100") as Profile), f16: false } },
  ].map((opened) => openCache(nodeDisk, folder, opened, () => {}).path);
  expect(new Set(paths).size).toBe(4);
  const cache = openCache(nodeDisk, folder, device("H100, driver 1"), () => {});
  expect(cache.read()).toEqual({});
  expect(await cache.add("a node", verdict("a"))).toEqual(verdict("a"));
  expect(openCache(nodeDisk, folder, device("H100, driver 1"), () => {}).read()).toEqual({ "a node": verdict("a") });
  expect(openCache(nodeDisk, folder, device("H100, driver 2"), () => {}).read()).toEqual({});
});

test("the first verdict on a node is valid for every process", async () => {
  const [one, two] = [0, 1].map(() => openCache(nodeDisk, folder, device("shared"), () => {}));
  expect(await one?.add("a node", verdict("a"))).toEqual(verdict("a"));
  expect(await two?.add("a node", verdict("b"))).toEqual(verdict("a"));
  expect(two?.read()).toEqual({ "a node": verdict("a") });
});

test("processes that write at the same time keep each other's verdicts", async () => {
  const child = join(folder, "child.mjs");
  const entryPoints = [join(import.meta.dirname, "cache.child.ts")];
  await build({ entryPoints, outfile: child, bundle: true, platform: "node", format: "esm", logLevel: "silent" });
  const writers = Array.from({ length: 4 }, (_, i) => spawn(process.execPath, [child, folder, String(i)]));
  const codes = await Promise.all(writers.map((one) => new Promise((resolve) => one.once("exit", resolve))));
  expect(codes).toEqual([0, 0, 0, 0]);
  const cache = openCache(nodeDisk, folder, device("written at once"), () => {});
  const all = [0, 1, 2, 3].flatMap((writer) => Array.from({ length: 25 }, (_, i) => `${writer} ${i}`));
  expect(Object.keys(cache.read()).sort()).toEqual([...all, "everyone's"].sort());
  const left = readdirSync(join(cache.path, "..")).filter((name) => /lock|writing|damaged/.test(name));
  expect(left).toEqual([]);
}, 60_000);

test("a lock left by a dead process is removed", async () => {
  const cache = openCache(nodeDisk, folder, device("locked"), () => {});
  const lock = `${cache.path}.lock`;
  mkdirSync(lock, { recursive: true });
  const before = new Date(Date.now() - 60_000);
  utimesSync(lock, before, before);
  await cache.add("a node", verdict("a"));
  expect(cache.read()).toEqual({ "a node": verdict("a") });
});

test("an unwritable folder is reported once, and the verdict is valid for this run", async () => {
  const file = join(folder, "a-file");
  writeFileSync(file, "");
  const warnings: string[] = [];
  const cache = openCache(nodeDisk, file, device("nowhere"), (line) => warnings.push(line));
  expect(await cache.add("a node", verdict("a"))).toEqual(verdict("a"));
  expect(await cache.add("another", verdict("b"))).toEqual(verdict("b"));
  expect(warnings).toEqual([expect.stringContaining("can't be saved")]);
});
