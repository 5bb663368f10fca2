// The report of a run is one self-contained page with the recorded numbers.
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import { emptyTable, type FrozenPage, type RunView, type Table, unpackInto } from "../../src/report/page/view.js";
import { provenance } from "../../src/report/provenance.js";
import { writeReport } from "../../src/report/run-report.js";
import { latestSamples, writeSamples } from "../../src/report/samples.js";
import type { MetricRecord } from "../../src/train/metrics.js";
import { spentBy } from "../../src/train/metrics.js";
import { createRun, type Run } from "../../src/train/run-folder.js";
import { sketch } from "../support/spec.js";
import { type ReportData, sampleReport, writeRun } from "./sample-report.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mom-report-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const spec = sketch({ modalities: [{ kind: "bytes", name: "text" }], vocabulary: 261, d_model: 8, layers: 1 });

/** The page of a run, and its data. */
function reported(run: Run): { html: string; data: FrozenPage; view: RunView; train: Table } {
  const html = readFileSync(writeReport(run, { title: "specs/emoji.mom", spec }), "utf8");
  const text = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)?.[1] ?? "";
  const data = JSON.parse(text) as FrozenPage;
  const train = emptyTable();
  unpackInto(train, (data.records[0] as FrozenPage["records"][number]).tables.train);
  return { html, data, view: data.state.runs[0] as RunView, train };
}

const reportOf = (data: ReportData) => reported(writeRun(join(folder, `run-${data.metrics.length}`), data));

test("the page has every record of a short run, its facts and its samples", () => {
  const sample = sampleReport(500);
  const { data, view, train } = reportOf(sample);
  const steps = sample.metrics.filter(({ kind }) => kind === "train");
  expect(train.steps).toEqual(steps.map(({ step }) => step));
  expect(train.columns.get("loss/image")).toEqual(steps.map(({ losses }) => Math.fround(losses.image as number)));
  expect(Object.keys(view.losses)).toEqual(["text", "image", "weighted sum"]);
  expect(view.facts).toContainEqual(["Parameters", "12.4 M (7.1 M active)"]);
  expect(view.facts).toContainEqual(["Tokens seen", "4.10M"]);
  expect(view.spec).toBe(sample.spec);
  const shown = data.samples["0/500"];
  if (shown === undefined || "problem" in shown) throw new Error("there are no samples");
  expect(shown.groups.map(({ label }) => label)).toEqual(["Seen names", "Held-out names", "Captions"]);
  expect(shown.groups[2]?.texts[1]).toEqual({ name: "apple", given: "red app", truth: "le", sampled: "etite" });
  expect(shown.groups[0]?.samples[6]?.truth).toMatch(/^data:image\/png;base64,[A-Za-z0-9+/]+=*$/);
});

test("the page loads nothing, runs only its own script, and texts cannot leave their element", () => {
  const sample = sampleReport(50);
  const hostile = '</script><script>alert(1)</script><!-- <img src=x onerror="alert(1)">';
  const { html, data } = reportOf({
    ...sample,
    about: { ...sample.about, facts: [[hostile, hostile]] },
    spec: hostile,
  });
  expect(data.state.runs[0]).toMatchObject({ spec: hostile });
  expect(data.state.runs[0]?.facts[0]).toEqual([hostile, hostile]);
  const scripts = [...html.matchAll(/<script([^>]*)>(.*?)<\/script>/gs)];
  expect(scripts.map(([, attributes]) => attributes)).toEqual([' type="application/json" id="data"', ""]);
  const hash = createHash("sha256").update(String(scripts[1]?.[2])).digest("base64");
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1];
  expect(policy).toContain(
    `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}';`,
  );
  expect(policy).not.toContain("connect-src");
  const markup = html.replace(/<(script|style)[^>]*>.*?<\/\1>/gs, "");
  expect(markup).not.toMatch(/ (?:src|href)="(?!data:)/);
});

test("numbers that are not finite are counted, and lack in the sums", () => {
  for (const steps of [0, 1, 2, 3, 2000]) {
    const data = sampleReport(steps);
    const bad = { loss: Number.NaN, losses: { text: Number.NaN, image: Number.POSITIVE_INFINITY } };
    const metrics = data.metrics.map((record, i): MetricRecord => (i === 1 ? { ...record, ...bad } : record));
    const { view } = reportOf({ ...data, metrics });
    expect(JSON.stringify(view)).not.toMatch(/NaN|Infinity|undefined/);
    if (steps === 2000)
      expect(view.notes).toEqual([
        "1 of 2000 steps had a loss or gradient norm that is not finite, the first at step 2.",
      ]);
  }
});

test("a run has its last and its best validation, and the mean of its last steps", () => {
  const metrics = [4, 2, 3].flatMap((text, index) => [
    { kind: "train", step: index + 1, loss: text, losses: { text }, lr: 1, gradient_norm: 1 } as const,
    { kind: "validation", step: index + 1, loss: text + 0.5, losses: { text: text + 0.5 } } as const,
  ]);
  const { view } = reportOf({ ...sampleReport(0), metrics });
  const loss = { training: 3, validation: 3.5, best: 2.5, bestStep: 2 };
  expect(view.losses).toEqual({ text: loss, "weighted sum": loss });
});

test("the heading states when, how long, on what and with which version a run was trained", () => {
  const { sessions, timing } = sampleReport(500);
  expect(provenance(sessions, spentBy(timing))).toEqual([
    ["Started", "2026-03-01 09:30 UTC"],
    ["Resumed", "after step 250, 2026-03-02 18:05 UTC"],
    ["Wall time", "1:11"],
    ["Tokens seen", "4.10M"],
    ["Version", "mom 0.1.0, then mom 0.2.0"],
    ["Spec", "SHA-256 abababababab…"],
    ["Data", "fingerprint 0000beef"],
  ]);
  expect(provenance([], undefined)).toEqual([]);
  // A run of an earlier version, whose second process started its clock again.
  const earlier = [3, 5, 1, 2].map((seconds, i) => ({ step: i + 1, seconds, tokens_per_second: 9 }));
  expect(provenance([], spentBy(earlier))).toEqual([["Wall time", "7s"]]);
});

test("a long run makes a page of moderate size, with means and extremes of groups of records", () => {
  const sample = sampleReport(20_000);
  const { html, train } = reportOf(sample);
  expect(html.length).toBeLessThan(400_000);
  const losses = sample.metrics.filter(({ kind }) => kind === "train").map(({ losses }) => losses.text as number);
  const [mean, low, high] = ["loss/text", "loss/text low", "loss/text high"].map(
    (name) => train.columns.get(name) ?? [],
  );
  expect(Math.min(...(low ?? []))).toBe(Math.fround(Math.min(...losses)));
  expect(Math.max(...(high ?? []))).toBe(Math.fround(Math.max(...losses)));
  const average = (values: readonly number[] = []): number => values.reduce((sum, one) => sum + one, 0) / values.length;
  expect(average(mean)).toBeCloseTo(average(losses), 5);
  expect(train.steps.at(-1)).toBe(20_000);
});

test("samples of several steps are in the page, and it is replaced as a whole", () => {
  const data = sampleReport(30);
  const run = writeRun(join(folder, "run"), data);
  writeSamples(run, 15, data.samples.slice(0, 1));
  reported(run);
  expect(Object.keys(reported(run).data.samples)).toEqual(["0/15", "0/30"]);
  expect(readdirSync(run.path).filter((name) => name.endsWith(".writing"))).toEqual([]);
});

test("what is missing or damaged is a sentence on the page", () => {
  const bare = createRun(join(folder, "bare"), { spec: "model {}", plan: "{}" }, nodeDisk);
  expect(reported(bare).view.problems).toEqual(["There is no about.json.", "There is no metrics.jsonl yet."]);
  expect(latestSamples(bare)).toEqual([]);
  const run = writeRun(join(folder, "run"), sampleReport(20));
  const metrics = readFileSync(join(run.path, "metrics.jsonl"), "utf8");
  writeFileSync(join(run.path, "metrics.jsonl"), metrics.replace("\n", '\ngarbage\n{"kind": "train"}\n').slice(0, -9));
  writeFileSync(join(run.path, "about.json"), "[]");
  writeFileSync(join(run.path, "samples/step-20/index.json"), "{");
  const { view, data, train } = reported(run);
  expect(train.steps.length).toBe(20);
  expect(view.problems).toEqual([
    "about.json cannot be read: it is not an object.",
    "2 lines of metrics.jsonl are not records, the first is line 2.",
  ]);
  expect(data.samples["0/20"]).toMatchObject({ problem: expect.stringContaining("index.json") });
});
