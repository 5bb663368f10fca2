// The page of `mom watch` in a real browser, while runs are written.
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, type TestContext, test } from "vitest";
import { launch } from "../../scripts/browser.mjs";
import { recordLines, writeSampleRun } from "../../scripts/sample-runs.mjs";
import { nodeDisk } from "../../src/api/node/disk.js";
import { serveRuns, type Watching } from "../../src/api/node/watch-server.js";
import { readRuns } from "../../src/api/watch/read-runs.js";

import { writeSamples } from "../../src/report/samples.js";
import { sampleReport } from "../report/sample-report.js";

const WAIT = { timeout: 20_000 };

let folder: string;
let served: Watching;
let browser: Browser | Error;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mom-watch-"));
  writeSampleRun(join(folder, "first"), { steps: 400, to: 200, seed: 1 });
  writeSampleRun(join(folder, "second"), { steps: 400, seed: 12, lr: 1e-3 });
  served = await serveRuns([folder]);
  browser = await launch().catch((error: Error) => error);
});
afterAll(async () => {
  if (!(browser instanceof Error)) await browser.close();
  await served.close();
  rmSync(folder, { recursive: true, force: true });
});

const status = (path: string, headers: Record<string, string>, method = "GET"): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request(new URL(path, served.url), { headers, method }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });

test("only pages of this machine get data, and nothing can be changed", async () => {
  const { port, origin } = new URL(served.url);
  expect(await status("/state?since=0", {})).toBe(200);
  expect(await status("/state?since=0", { host: `localhost:${port}` })).toBe(200);
  expect(await status("/state?since=0", { origin })).toBe(200);
  for (const headers of [
    { host: `evil.example:${port}` },
    { host: "127.0.0.1" },
    { origin: "http://evil.example" },
    { origin: "null" },
  ] as Record<string, string>[])
    for (const path of ["/", "/state?since=0", "/records?run=0", "/samples?run=0&step=1"])
      expect(await status(path, headers)).toBe(403);
  expect(await status("/state?since=0", {}, "POST")).toBe(405);
  for (const path of ["/records?run=9", "/records?run=x", "/records", "/samples?run=-1&step=1", "/../etc/passwd", "/x"])
    expect(await status(path, {}), path).toBe(404);
});

/** The text of a run's cell under a heading. */
async function cell(page: Page, run: string, head: string): Promise<string> {
  const heads = await page.locator(".runs thead tr:last-child th").allTextContents();
  const row = page.locator(".runs tbody tr", { has: page.getByRole("button", { name: run, exact: true }) });
  return (await row.locator("td").nth(heads.indexOf(head)).textContent()) ?? "";
}

/** The share of the columns of a chart's pixels that have something of a run's colour. */
const inked = (page: Page, chart: string, colour: number): Promise<number> =>
  page.locator(`[data-chart="${chart}"] canvas`).evaluate((canvas, number) => {
    const { width, height } = canvas as HTMLCanvasElement;
    const context = (canvas as HTMLCanvasElement).getContext("2d") as CanvasRenderingContext2D;
    const probe = document.createElement("canvas").getContext("2d") as CanvasRenderingContext2D;
    probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(`--run-${number}`);
    probe.fillRect(0, 0, 1, 1);
    const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
    const { data } = context.getImageData(0, 0, width, height);
    const columns = new Set<number>();
    for (let i = 0; i < data.length; i += 4)
      if (data[i] === r && data[i + 1] === g && data[i + 2] === b && data[i + 3] === 255) columns.add((i / 4) % width);
    return columns.size / width;
  }, colour);

/** A page without faults that loads nothing from elsewhere. Without a browser the test is skipped with the reason. */
async function watching(context: TestContext, act: (page: Page) => Promise<void>): Promise<void> {
  if (browser instanceof Error) return context.skip(`Chromium does not start: ${browser.message.split("\n")[0]}`);
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("dialog", (dialog) => faults.push(dialog.message()));
  page.on("request", (request) => {
    const own = [served.url, pathToFileURL(folder).href];
    if (!own.some((url) => request.url().startsWith(url)) && !request.url().startsWith("data:"))
      faults.push(request.url());
  });
  await page.goto(served.url);
  await act(page);
  await page.close();
  expect(faults).toEqual([]);
}

test("a live run's curve grows, and two runs are compared", (context) =>
  watching(context, async (page) => {
    await expect.poll(() => cell(page, "first", "Steps"), WAIT).toBe("200");
    expect(await cell(page, "first", "train.optimizer.lr")).toBe("0.0003");
    expect(await cell(page, "second", "train.optimizer.lr")).toBe("0.001");
    expect(await cell(page, "second", "State")).toBe("finished");
    await expect.poll(() => inked(page, "text", 1), WAIT).toBeGreaterThan(0.7);
    const before = await inked(page, "text", 0);
    expect(before).toBeGreaterThan(0.3);
    expect(before).toBeLessThan(0.55);
    // The last line is written in two parts.
    const { metrics, timing } = recordLines({ from: 201, to: 400, of: 400 });
    appendFileSync(join(folder, "first/timing.jsonl"), timing);
    appendFileSync(join(folder, "first/metrics.jsonl"), metrics.slice(0, -250));
    await expect.poll(() => cell(page, "first", "Steps"), WAIT).toBe("399");
    appendFileSync(join(folder, "first/metrics.jsonl"), metrics.slice(-250));
    await expect.poll(() => cell(page, "first", "Steps"), WAIT).toBe("400");
    await expect.poll(() => inked(page, "text", 0), WAIT).toBeGreaterThan(0.7);
    // Charts below the window are drawn too.
    await expect.poll(() => inked(page, "Speed", 0), WAIT).toBeGreaterThan(0.3);
    const svg = await saved(page, page.locator('[data-chart="text"] .save'));
    for (const text of ["first, training", "second, validation", "nats per byte", ">steps<", ">400<"])
      expect(svg).toContain(text);
    await page.getByLabel("show first").uncheck();
    // A run that is alone has the colours of training and validation.
    await expect.poll(() => inked(page, "text", 0), WAIT).toBeGreaterThan(0.7);
  }));

test("samples are shown as they come, with their steps side by side, and their names are text", (context) =>
  watching(context, async (page) => {
    const { samples } = sampleReport(1);
    const run = { path: join(folder, "first"), disk: nodeDisk };
    const hostile = samples.map((group) => ({ ...group, label: `<img src=x onerror="alert(1)"> ${group.label}` }));
    writeSamples(run, 100, hostile);
    await page.getByText("step 100").first().waitFor();
    writeSamples(run, 200, hostile);
    await page.getByText("step 200").first().waitFor();
    const card = page.locator("#samples figure", { hasText: "<b>bold</b>" });
    expect(await card.locator("img").count()).toBe(3);
    await page.locator("select[name=samples-group]").selectOption({ index: 2 });
    await page.getByText("a <b>cat</b>").first().waitFor();
  }));

/** The SVG file that a button saves, which needs no style sheet. */
async function saved(page: Page, button: Locator): Promise<string> {
  const download = page.waitForEvent("download");
  await button.click();
  const svg = readFileSync(await (await download).path(), "utf8");
  expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  expect(svg).toMatch(/<rect [^>]*fill="#fff"/);
  expect(svg).not.toMatch(/class=|var\(|undefined|NaN/);
  return svg;
}

/** The design of an ablation with two arms, each with two seeds. */
const DESIGN = {
  name: "<i>widths</i>",
  spec: "model {}",
  axes: [{ path: "mixer.d_state", values: [4, 8] }],
  arms: ["d_state 4", "d_state 8"].map((label, i) => ({
    label,
    settings: { "mixer.d_state": 4 + 4 * i },
    kind: "grid",
    parameters: { total: 1000 + i, active: 1000 },
    flops: 1e9,
  })),
  baseline: 0,
  seeds: [1, 2],
  modalities: [{ name: "text", unit: "nats per byte" }],
  steps: 100,
  runs: [0, 1, 2, 3].map((i) => ({ id: `v${i}`, arm: i % 2, seed: 1 + Math.floor(i / 2) })),
};

test("an ablation fills, and its answer with it", (context) =>
  watching(context, async (page) => {
    const at = (...names: string[]) => join(folder, "ablation", ...names);
    mkdirSync(at());
    writeFileSync(at("design.json"), JSON.stringify(DESIGN));
    const done = page.locator(".arms .cell[data-state=finished]");
    await page.getByRole("heading", { name: "Ablation: <i>widths</i>" }).waitFor();
    expect(await page.locator(".arms .cell[data-state=pending]").count()).toBe(4);
    const finish = (i: number): void => {
      writeSampleRun(at("variants", `v${i}`), { steps: 100, seed: i + 1 });
      writeFileSync(at("variants", `v${i}`, "outcome.json"), JSON.stringify({ state: "done", device: "here" }));
    };
    finish(0);
    await expect.poll(() => done.count(), WAIT).toBe(1);
    for (const i of [1, 2, 3]) finish(i);
    await expect.poll(() => done.count(), WAIT).toBe(4);
    await page.locator(".answer dd", { hasText: "4 of 4" }).waitFor();
    expect(await page.locator(".answer .lead").first().textContent()).toContain("than the baseline (d_state 4)");
    await saved(page, page.locator(".answer .save").first());
    // Its report is the same page as one file, with the answer first.
    const report = join(folder, "report.html");
    writeFileSync(report, readRuns(nodeDisk, [at()]).page());
    await page.goto(pathToFileURL(report).href);
    expect(await page.locator("h1").textContent()).toBe("Ablation: <i>widths</i>");
    await page.locator(".answer dd", { hasText: "4 of 4" }).waitFor();
    expect(await page.locator(".runs tbody tr").count()).toBe(4);
    await expect.poll(() => inked(page, "text", 0), WAIT).toBeGreaterThan(0.3);
  }));
