// The report of a run is well-formed and self-contained and has the recorded numbers.
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import { provenance } from "../../src/report/provenance.js";
import { renderReport } from "../../src/report/render.js";
import { readRun, writeAbout, writeReport } from "../../src/report/run-report.js";
import { latestSamples, writeSamples } from "../../src/report/samples.js";
import { recorder } from "../../src/train/recorder.js";
import { createRun, runAt } from "../../src/train/run-folder.js";
import { sampleReport } from "./sample-report.js";
import { unclosed } from "./unclosed.js";

const count = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length;

test("the page is well-formed and has a chart for each modality and an image for each sample", () => {
  const data = sampleReport(500);
  const html = renderReport(data);
  expect(unclosed(html)).toEqual([]);
  expect(html.match(/<h3>[^<]*/g)?.map((heading) => heading.slice(4).trim())).toEqual([
    "text",
    "image",
    "Gradient norm",
    "Learning rate",
    "Speed",
  ]);
  expect(html.match(/<h2>[^<]*/g)?.map((heading) => heading.slice(4))).toEqual([
    "Losses",
    "Final losses",
    "Seen names",
    "Held-out names",
    "Captions",
    "Training",
    "Spec",
  ]);
  expect(count(html, /<img src="data:image\/png;base64,[A-Za-z0-9+/=]+"/g)).toBe(23);
  // Each of two charts has ten validations, each with a title.
  expect(count(html, /<title>validation, step \d+: /g)).toBe(20);
  expect(html).toContain("12.4 M (7.1 M active)");
  expect(html).toContain("<td>red app</td><td>le</td><td>etite</td>");
  expect(html).toContain("<td>a &lt;b&gt;cat&lt;/b&gt;</td>");
});

test("the page loads nothing, and text is escaped", () => {
  const html = renderReport(sampleReport(50));
  expect(html).not.toMatch(/(src|href)="(?!data:)|url\(|@import|<script/);
  expect(html).toContain("&lt;b&gt;bold&lt;/b&gt;");
  expect(html).not.toContain("<b>");
  expect(html).toContain("a &amp; b &lt; &quot;c&quot;");
});

test("every coordinate is finite, for runs of any length and with losses that are not finite", () => {
  for (const steps of [0, 1, 2, 3, 2000]) {
    const data = sampleReport(steps);
    const metrics = data.metrics.map((record, index) =>
      index === 1
        ? { ...record, loss: Number.NaN, losses: { text: Number.NaN, image: Number.POSITIVE_INFINITY } }
        : record,
    );
    const html = renderReport({ ...data, metrics });
    expect(unclosed(html)).toEqual([]);
    expect(html.replace(/data:image[^"]*/g, "")).not.toMatch(/NaN|Infinity|undefined/);
    if (steps === 2000)
      expect(html).toContain("1 of 2000 steps had a loss or gradient norm that is not finite, the first at step 2.");
  }
});

test("the table has the last and the best validation, and the mean of the last steps", () => {
  const losses = [4, 2, 3];
  const metrics = losses.flatMap((text, index) => [
    { kind: "train", step: index + 1, loss: text, losses: { text }, lr: 1, gradient_norm: 1 } as const,
    { kind: "validation", step: index + 1, loss: text + 0.5, losses: { text: text + 0.5 } } as const,
  ]);
  const html = renderReport({ ...sampleReport(0), metrics });
  expect(html).toContain("<td>text</td><td>3.000</td><td>3.500</td><td>2.500</td><td>2</td>");
  expect(html).toContain("<td>weighted sum</td><td>3.000</td>");
  expect(html).toContain("each loss times its weight");
});

test("the heading states when, how long, on what and with which version a run was trained", () => {
  const { sessions, timing } = sampleReport(500);
  expect(provenance(sessions, timing)).toEqual([
    ["Started", "2026-03-01 09:30 UTC"],
    ["Resumed", "after step 250, 2026-03-02 18:05 UTC"],
    ["Wall time", "1:11"],
    ["Tokens seen", "4.10M"],
    ["Version", "mom 0.1.0, then mom 0.2.0"],
    ["Spec", "SHA-256 abababababab…"],
    ["Data", "fingerprint 0000beef"],
  ]);
  expect(renderReport(sampleReport(500))).toContain("<dt>Tokens seen</dt><dd>4.10M</dd>");
  expect(provenance([], [])).toEqual([]);
  // A run of an earlier version, whose second process started its clock again.
  const earlier = [3, 5, 1, 2].map((seconds, i) => ({ step: i + 1, seconds, tokens_per_second: 9 }));
  expect(provenance([], earlier)).toEqual([["Wall time", "7s"]]);
});

test("a long run makes a page of moderate size", () => {
  expect(renderReport(sampleReport(50_000)).length).toBeLessThan(400_000);
});

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mom-report-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("the folder of a run reads back as its report", () => {
  const data = sampleReport(30);
  const run = createRun(join(folder, "run"), { spec: data.spec, plan: "{}" }, nodeDisk);
  const records = recorder(run);
  for (const record of data.metrics) records.metric(record);
  for (const record of data.timing) records.timing(record);
  for (const session of data.sessions) appendFileSync(join(run.path, "sessions.jsonl"), `${JSON.stringify(session)}\n`);
  writeAbout(run, data.about);
  writeSamples(run, 15, data.samples.slice(0, 1));
  writeSamples(run, 30, data.samples);
  const read = readRun(runAt(run.path, nodeDisk));
  expect(read.metrics).toEqual(data.metrics);
  expect(renderReport(read)).toBe(renderReport(data));
  writeReport(run);
  const path = writeReport(run);
  expect(readFileSync(path, "utf8")).toBe(renderReport(data));
  expect(readdirSync(run.path).filter((name) => name.endsWith(".writing"))).toEqual([]);
});

test("the report of a run without records states that there are none", () => {
  const run = createRun(join(folder, "run"), { spec: "model {}", plan: "{}" }, nodeDisk);
  const html = readFileSync(writeReport(run), "utf8");
  expect(html).toContain("No steps were recorded.");
  expect(html).toContain("<title>run</title>");
  expect(latestSamples(run)).toEqual([]);
});
