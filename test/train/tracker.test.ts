// Trackers: what they receive, and that one which fails, hangs or is slow delays and loses only its own calls.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTracker } from "../../src/api/node/tracker.js";
import {
  type OpenTracker,
  type TrackedCall,
  type TrackedRun,
  type Tracker,
  type Tracking,
  trackerHere,
  trackingOf,
} from "../../src/api/tracking.js";
import { InputError } from "../../src/diagnostics/input-error.js";

const folder = mkdtempSync(join(tmpdir(), "mom-tracker-"));
const thread = pathToFileURL(join(folder, "thread.mjs"));
beforeAll(async () => {
  const entry = "src/api/node/tracker-worker.ts";
  await build({
    entryPoints: [entry],
    outfile: join(folder, "thread.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const RUN: TrackedRun = {
  id: "0123456789abcdef",
  name: "few",
  folder: "runs/few",
  step: 0,
  steps: 3,
  hyperparameters: { "train.steps": 3 },
  spec: "model {}\n",
  parameters: 12,
  device: "a GPU",
  version: "0.1.0",
  units: { text: "nats per token" },
};
const record = (step: number) =>
  ({ kind: "train", step, loss: 1 / step, losses: { text: 1 }, lr: 0.1, gradient_norm: 2 }) as const;
const png = Uint8Array.of(0x89, 0x50);

/** Reports a short run, and returns the warnings and how long the end took. */
async function report(opened: OpenTracker, limits = { milliseconds: 150, waiting: 1000 }, steps = 3) {
  const warnings: string[] = [];
  const tracking: Tracking = trackingOf(opened, ({ message }) => warnings.push(message), limits);
  tracking.start(RUN);
  for (let step = 1; step <= steps; step++) tracking.step(record(step), { "train/tokens_per_second": 9 });
  tracking.step({ kind: "validation", step: steps, loss: 2, losses: { text: 2 } });
  tracking.samples([
    { label: "image, held-out", samples: [{ name: "cat", truth: png, sampled: [png] }] },
    { label: "text, training", samples: [], texts: [{ name: "cat", given: "c", truth: "at", sampled: "ow" }] },
  ]);
  const before = Date.now();
  await tracking.end({ how: "done", report: "runs/few/report.html" });
  return { warnings, waited: Date.now() - before };
}

const recording = (calls: TrackedCall[], how: (to: string) => void | Promise<void> = () => {}): Tracker => {
  const heard = (to: TrackedCall["to"]) => async (value: unknown) => {
    calls.push({ to, value } as TrackedCall);
    await how(to);
  };
  return { start: heard("start"), step: heard("step"), sample: heard("sample"), end: heard("end") };
};

test("a tracker receives the run, its metrics and samples, and its end, in order", async () => {
  const calls: TrackedCall[] = [];
  expect(await report(trackerHere(recording(calls)))).toMatchObject({ warnings: [] });
  expect(calls.map(({ to }) => to)).toEqual(["start", "step", "step", "step", "step", "sample", "sample", "end"]);
  expect(calls[0]?.value).toEqual(RUN);
  expect(calls[2]?.value).toEqual({
    step: 2,
    values: {
      "train/loss": 0.5,
      "train/loss/text": 1,
      "train/lr": 0.1,
      "train/gradient_norm": 2,
      "train/tokens_per_second": 9,
    },
  });
  expect(calls[4]?.value).toEqual({ step: 3, values: { "validation/loss": 2, "validation/loss/text": 2 } });
  expect(calls[5]?.value).toEqual({
    kind: "picture",
    step: 3,
    group: "image, held-out",
    name: "cat",
    truth: png,
    sampled: [png],
  });
  expect(calls[6]?.value).toMatchObject({ kind: "text", group: "text, training", given: "c", sampled: "ow" });
  expect(calls[7]?.value).toEqual({ step: 3, how: "done", report: "runs/few/report.html" });
});

test("all functions are optional, and a run that never started does not end", async () => {
  expect(await report(trackerHere({}))).toMatchObject({ warnings: [] });
  const calls: TrackedCall[] = [];
  await trackingOf(trackerHere(recording(calls)), () => {}).end({ how: "failed" });
  expect(calls).toEqual([]);
});

test("a tracker that throws is called again, and causes one warning", async () => {
  const calls: TrackedCall[] = [];
  const throwing = recording(calls, (to) => {
    if (to !== "start") throw new Error("fetch failed", { cause: new Error("connect ECONNREFUSED") });
  });
  const { warnings } = await report(trackerHere(throwing));
  expect(warnings).toEqual(["the tracker failed in `step`: fetch failed (connect ECONNREFUSED)."]);
  expect(calls).toHaveLength(8);
});

test("a tracker that hangs may take the time limit for each call, and once at the end", async () => {
  const calls: TrackedCall[] = [];
  const { warnings, waited } = await report(trackerHere(recording(calls, () => new Promise(() => {}))));
  expect(warnings).toEqual(["the tracker did not finish `start` within 0.15 s."]);
  expect(waited).toBeGreaterThanOrEqual(149);
  expect(waited).toBeLessThan(1500);
});

test("steps that a slow tracker has no time for are left out; its other calls are not", async () => {
  const calls: TrackedCall[] = [];
  const slow = recording(calls, () => new Promise((resolve) => setTimeout(resolve, 5)));
  const { warnings } = await report(trackerHere(slow), { milliseconds: 5000, waiting: 10 }, 500);
  expect(warnings).toEqual([
    "the tracker cannot keep up with the run: 10 calls wait, so the oldest steps are left out.",
  ]);
  const steps = calls.flatMap(({ to, value }) => (to === "step" ? [value.step] : []));
  expect(steps.length).toBeLessThan(12);
  expect(steps.at(-1)).toBe(500);
  expect(calls.filter(({ to }) => to !== "step").map(({ to }) => to)).toEqual(["start", "sample", "sample", "end"]);
});

/** Opens a module with this text. */
let count = 0;
async function open(text: string): Promise<OpenTracker> {
  const file = join(folder, `module-${count++}.mjs`);
  writeFileSync(file, text);
  return await openTracker(file, thread);
}

test.each([
  ["blocks its thread", "export function step() { for (;;); }", "did not finish `step` within 0.4 s"],
  ["ends its thread", "export function step() { process.exit(); }", "failed in `step`: its thread has ended"],
  [
    "leaves a rejected promise",
    'export const step = () => void Promise.reject(new Error("stray"));',
    "failed in `step`: stray",
  ],
  [
    "throws later",
    'export const step = () => void setTimeout(() => { throw new Error("late"); }, 1); export const end = () => new Promise((r) => setTimeout(r, 50));',
    /failed in `(?:step|end)`: late\.$/,
  ],
])("a module that %s does not disturb the run", async (_, text, problem) => {
  const { warnings, waited } = await report(await open(text), { milliseconds: 400, waiting: 1000 });
  expect(warnings).toEqual([expect.stringMatching(problem)]);
  expect(waited).toBeLessThan(3000);
});

test.each([
  ["export const steps = () => {};", "exports none of `start`, `step`, `sample` and `end`"],
  ["export const step = 1;", "exports none of"],
  ["export const step = (", "cannot be loaded: Unexpected"],
  ['throw new Error("no key");', "cannot be loaded: no key"],
  ['import "no-such-package";', "cannot be loaded: Cannot find package"],
  ["process.exit();", "cannot be loaded: it ended its thread"],
])("the module %j is refused before the run starts", async (text, problem) => {
  const refused = await open(text).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(InputError);
  expect((refused as InputError).message).toContain(problem);
});

test("a missing module is refused", async () => {
  await expect(openTracker(join(folder, "none.mjs"), thread)).rejects.toThrow("none.mjs does not exist");
});

async function serving(answer: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

/** The example of the documentation, which posts to this server. */
async function example(url: string): Promise<OpenTracker> {
  const text = readFileSync("examples/trackers/http.mjs", "utf8");
  return await open(text.replace("process.env.TRACKER_URL", JSON.stringify(url)));
}

test("the example posts a run to an HTTP server", async () => {
  const heard: { path: string; body: unknown }[] = [];
  const { url, server } = await serving((request, response) => {
    let body = "";
    request.on("data", (piece) => {
      body += piece;
    });
    request.on("end", () => {
      heard.push({ path: `${request.method} ${request.url}`, body: JSON.parse(body) });
      response.end();
    });
  });
  const { warnings } = await report(await example(url), { milliseconds: 5000, waiting: 1000 });
  server.close();
  server.closeAllConnections();
  expect(warnings).toEqual([]);
  const paths = heard.map(({ path }) => path.replace(`POST /runs/${RUN.id}/`, ""));
  expect(paths).toEqual(["start", "metrics", "samples", "samples", "metrics", "end"]);
  expect(heard[0]?.body).toEqual({ name: "few", step: 0, hyperparameters: { "train.steps": 3 } });
  const metrics = heard.flatMap(({ path, body }) => (path.endsWith("metrics") ? (body as { step: number }[]) : []));
  expect(metrics.map(({ step }) => step)).toEqual([1, 2, 3, 3]);
  expect(heard[2]?.body).toMatchObject({ kind: "picture", name: "cat", sampled: ["iVA="] });
  expect(heard.at(-1)?.body).toEqual({ step: 3, how: "done", report: "runs/few/report.html" });
});

test("a server that fails, and one that never answers, cost one warning and the time limit", async () => {
  const failing = await serving((_, response) => {
    response.statusCode = 500;
    response.end();
  });
  const failed = await report(await example(failing.url), { milliseconds: 5000, waiting: 1000 });
  failing.server.close();
  failing.server.closeAllConnections();
  expect(failed.warnings).toEqual([expect.stringMatching(/failed in `start`: http:.* answered 500\.$/)]);

  const silent = await serving(() => {});
  const { warnings, waited } = await report(await example(silent.url), { milliseconds: 300, waiting: 1000 });
  silent.server.close();
  silent.server.closeAllConnections();
  expect(warnings).toEqual([expect.stringContaining("did not finish `start` within 0.3 s")]);
  expect(waited).toBeLessThan(2000);
});
