// The performance page agrees with its numbers.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ROOT } from "../support/mom.js";

let out = "";
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), "mom-tables-"));
});
afterEach(() => rmSync(out, { recursive: true, force: true }));

const tables = (...flags: string[]) =>
  spawnSync(process.execPath, [join(ROOT, "bench/tables.mjs"), ...flags], { encoding: "utf8" });
const page = (): string => readFileSync(join(out, "performance.md"), "utf8");

test("docs/performance.md matches the numbers beside it", () => {
  const { status, stderr } = tables("--check");
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

const kernel = (op: string, shape: string, seconds: number, flops: number, bytes: number) => ({
  ...{ op, variant: "wide", shape, times: 1, seconds, flops, bytes },
  bound: Math.max(flops / 1e13, bytes / 1e12),
});
const device = "nvidia-h100-80gb-hbm3, a driver";
const step = (name: string, precision: string, stepSeconds: number, more = {}) => ({
  ...{ name, precision, device, share: null, stepSeconds, bytesAllocated: 3 * 2 ** 30, ...more },
});

test("tables are filled from numbers: ratios, components of a step, the loop, growth; --check reports an outdated page", () => {
  cpSync(join(ROOT, "docs/performance.md"), join(out, "performance.md"));
  const kernels = [
    kernel("linear", "16384×768 · 2×3072×768 → 16384×3072", 0.01, 5e10, 1e9),
    kernel("linear_dw", "16384×768 · 2×3072×768 → 2×3072×768", 0.02, 1e11, 1e9),
    kernel("linear", "16384×1536 · 2×80×1536 → 16384×80", 0.004, 1e9, 1e9),
    kernel("scan", "8×2048 → 8×2048", 0.005, 1e9, 2e9),
  ];
  const ceilings = { flopsPerSecond: 1e13, bytesPerSecond: 1e12 };
  const loop = {
    wallSeconds: 5,
    aloneSeconds: 0.098,
    busy: 0.985,
    host: { batches: 0.001, submit: 0.002, record: 0.0003 },
  };
  const performance = {
    steps: [
      step("a", "f32", 0.11, { kernels, ceilings }),
      step("a-dense", "f32", 0.1),
      step("a-rare", "f32", 0.104),
      step("a", "f16", 0.03, { kernels, ceilings, device: "nvidia-h200, a driver" }),
      step("b", "f16", 0.2, { device: "another card" }),
    ],
    loops: [{ name: "a", precision: "f32", device, steps: 50, ...loop }],
    torch: null,
  };
  const points = [1, 2].map((x) => ({ x, stepSeconds: x }));
  const series = [
    { label: "here", slope: 1, memorySlope: 0.5, expected: "1", points: [...points, { x: 3, left: "no" }] },
  ];
  writeFileSync(join(out, "performance.json"), JSON.stringify(performance));
  writeFileSync(
    join(out, "growth.json"),
    JSON.stringify({ device, precision: "f32", sweeps: [{ name: "blocks", across: "blocks", series }] }),
  );
  expect(tables("--out", out, "--check").status).toBe(1);
  expect(tables("--out", out).stderr).toBe("");
  expect(tables("--out", out, "--check").status).toBe(0);
  const text = page();
  expect(text).toContain("V 8192 | 110 ms | 100 ms | 1.10 | 3.0 GiB | 138.4 ms, 83.9 ms, 7.9 GiB |");
  expect(text).toContain("with 1 % image positions | 104 ms | 100 ms | 1.04 |");
  expect(text).toContain("V 8192 | 30.0 ms | not measured | not measured | 3.0 GiB | 83.9 ms, 28.3 ms |");
  expect(text).toContain("V 32 768 | 200 ms | not measured | not measured | 3.0 GiB | not measured |");
  expect(text).toContain("| in_proj and out_proj, forward and gradients | 30.0 | 5.0 TFLOP/s, 50 % of its bound |");
  expect(text).toContain("| x_proj and dt_proj, forward and gradients | 4.00 | 0.25 TB/s, 25 % of its bound |");
  expect(text).toContain("| `a.mom`, f32 | 100 ms | 98.0 ms | 98.5 % | 1.00 ms, 2.00 ms, 0.300 ms |");
  expect(text).toContain("| blocks | here | 1 … 2 | 1.00 | 1 | 0.50 |");
  expect(text).toContain("![Time of a step by blocks](growth-blocks.svg)");
});
