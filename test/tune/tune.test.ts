// The tuner on a device: it checks every candidate's results, and takes the fastest correct one.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import type { OpenDevice } from "../../src/gpu/dawn.js";
import { DeviceError } from "../../src/gpu/device-error.js";
import type { Pipelines } from "../../src/gpu/pipelines.js";
import type { Choices } from "../../src/ir/plan.js";
import { openCache, type Verdicts } from "../../src/tune/cache.js";
import type { Rewrite } from "../../src/tune/nodes.js";
import { choicesFor, type TuneMode } from "../../src/tune/tune.js";
import { freshDevice, missingAdapter } from "../gpu/adapter.js";
import type { SpecSketch } from "../support/spec.js";
import { asAnyKind, smallModel } from "./small-model.js";

const missing = await missingAdapter();
const folder = mkdtempSync(join(tmpdir(), "mom-tune-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Tuned {
  readonly choices: Choices;
  readonly lines: readonly string[];
  readonly verdicts: Verdicts;
  readonly path: string;
}

describe.skipIf(missing)("tuning", () => {
  let opened: OpenDevice;
  const pipelines: Pipelines = new Map();
  beforeAll(async () => {
    // Without bounds checks a software adapter compiles kernels in a fraction of the time.
    opened = asAnyKind(await freshDevice(undefined, true));
  });

  async function tune(
    cache: string,
    mode: TuneMode,
    kinds: readonly string[],
    rewrite?: Rewrite,
    otherwise: Partial<SpecSketch> = {},
  ): Promise<Tuned> {
    const lines: string[] = [];
    const notice = (line: string) => lines.push(line);
    const kept = openCache(nodeDisk, join(folder, cache), opened, notice);
    const { spec, options, stages } = smallModel(opened.profile, kinds, otherwise);
    const choices = await choicesFor({
      ...{ mode, spec, options, stages, opened, cache: kept, notice, pipelines },
      ...(rewrite && { rewrite }),
    });
    return { choices, lines, verdicts: kept.read(), path: kept.path };
  }

  const KINDS = ["rms", "scan_grad", "token_loss", "squared_error", "norm_grad"];

  test("measures every candidate once, and every mode except off uses the cached choices", async () => {
    const { nodes } = smallModel(opened.profile, KINDS);
    expect(new Set(nodes.map(({ op }) => op.kind))).toEqual(new Set(KINDS));
    expect((await tune("once", "cached", KINDS)).choices).toEqual({});
    const first = await tune("once", "full", KINDS);
    expect(first.lines).toHaveLength(1 + nodes.length);
    expect(Object.keys(first.choices).sort()).toEqual(nodes.map(({ key }) => key).sort());
    expect(Object.values(first.verdicts)).toHaveLength(nodes.length);
    for (const { variant, candidates } of Object.values(first.verdicts)) {
      const times = Object.values(candidates).map((found) =>
        "milliseconds" in found ? found.milliseconds : Number.NaN,
      );
      expect(times.length).toBeGreaterThan(1);
      const taken = candidates[variant];
      expect(taken && "milliseconds" in taken && taken.milliseconds).toBeLessThanOrEqual(1.02 * Math.min(...times));
    }
    for (const mode of ["full", "cached"] as const) {
      const again = await tune("once", mode, KINDS);
      expect(again).toEqual({ ...first, lines: [] });
    }
    expect((await tune("once", "off", KINDS)).choices).toEqual({});
  });

  test("measures the products of the update, and compares each with float64 on one matrix of its stack", async () => {
    const rest = { kind: "adamw", lr: 3e-3, betas: [0.9, 0.95], eps: 1e-8, weight_decay: 0.1 } as const;
    const optimizer = { kind: "muon", lr: 2e-2, momentum: 0.95, weight_decay: 0.1, rest } as const;
    const { choices, verdicts } = await tune("update", "full", ["matmul"], undefined, { train: { optimizer } });
    expect(Object.keys(choices).length).toBeGreaterThan(2);
    expect(Object.keys(choices).every((key) => key.startsWith("matmul "))).toBe(true);
    for (const { candidates } of Object.values(verdicts))
      for (const found of Object.values(candidates)) expect(found).toHaveProperty("milliseconds");
  });

  test("the choices of a damaged cache are measured again, and the file is renamed", async () => {
    const { path, choices } = await tune("damaged", "full", ["rms"]);
    const text = readFileSync(path, "utf8");
    for (const damage of [text.slice(0, -9), "[]", text.replace('"milliseconds"', '"seconds"')]) {
      writeFileSync(path, damage);
      const { lines, choices: none } = await tune("damaged", "cached", ["rms"]);
      expect(none).toEqual({});
      expect(lines).toEqual([expect.stringContaining(`${path} is damaged`)]);
      expect(readFileSync(`${path}.damaged`, "utf8")).toBe(damage);
      expect(existsSync(path)).toBe(false);
    }
    expect(Object.keys((await tune("damaged", "full", ["rms"])).choices)).toEqual(Object.keys(choices));
  });

  /** Breaks the kernels whose name matches. */
  const spoil =
    (name: RegExp, from: string, to: string): Rewrite =>
    (kernel) => {
      if (!name.test(kernel.name)) return kernel;
      expect(kernel.source).toContain(from);
      return { ...kernel, source: kernel.source.replaceAll(from, to) };
    };
  const RSTD = "rstd[row] = ";

  test.each([
    ["is off by a thousandth in some rows", "shared-row", RSTD, `${RSTD}select(1.0, 1.001, row > 150u) * `],
    ["writes nothing", "shared-row", RSTD, `let unused = `],
    ["is the least demanding, with which others are compared", "row", RSTD, `${RSTD}1.0001 * `],
  ])("a variant that %s does not win, however fast", async (_, variant, from, to) => {
    const label = new RegExp(`^rms\\.${variant}\\.`);
    const { choices, verdicts } = await tune(`spoilt ${to}`, "full", ["rms"], spoil(label, from, to));
    const other = variant === "row" ? "shared-row" : "row";
    expect(Object.values(choices)).toEqual([other]);
    const [verdict] = Object.values(verdicts);
    expect(verdict?.candidates[variant]).toHaveProperty("error");
    expect(verdict?.candidates[other]).toHaveProperty("milliseconds");
  });

  test("a variant that overwrites gradients of earlier micro-batches does not win", async () => {
    const forgets = spoil(/^linear_dw\.tile\./, "step.accumulate != 0u", "false");
    const { verdicts } = await tune("forgets", "full", ["linear_dw"], forgets);
    const found = Object.values(verdicts).map(({ candidates }) => candidates.tile);
    expect(found.length).toBeGreaterThan(1);
    for (const tile of found) expect(tile).toMatchObject({ error: expect.closeTo(0.5, 1) });
  });

  test("a variant that the device refuses does not win", async () => {
    const refused = spoil(/^rms\.shared-row\./, RSTD, `rstd[row] = true * `);
    const { verdicts, choices } = await tune("refused", "full", ["rms"], refused);
    expect(Object.values(verdicts)[0]?.candidates["shared-row"]).toEqual({ refused: expect.stringContaining("rms") });
    expect(Object.values(choices)).toEqual(["row"]);
  });

  test("if no variant is correct, the error reports that the device computes wrong results", async () => {
    const wrong = tune("wrong", "full", ["rms"], spoil(/^rms\./, RSTD, `${RSTD}2.0 * `));
    await expect(wrong).rejects.toThrow(DeviceError);
    await expect(wrong).rejects.toThrow(/No variant of rms .*: row is off by 1\.0e\+0; shared-row is off by 1\.0e\+0/);
  });

  test("of two variants that are correct on few rows but differ on many, neither is chosen", async () => {
    const late = spoil(/^rms\.shared-row\./, RSTD, `${RSTD}select(1.0, 2.0, row > 170u) * `);
    const { choices, verdicts, lines } = await tune("late", "full", ["rms"], late);
    expect(choices).toEqual({});
    expect(verdicts).toEqual({});
    expect(lines.at(-1)).toContain("not with each other");
  });

  test.each([
    ["attention", ["attention", "attention_grad"], { attention: { heads: 2 } }],
    ["a scan of many documents", ["scan_grad"], { decouple: ["A", "D"], reset: true }],
    ["a scan that continues another", ["scan_grad"], { decouple: ["A"], carry: true }],
  ] as const)("gradients run on the outputs of the forward kernels: %s", async (cache, kinds, otherwise) => {
    const { verdicts } = await tune(cache, "full", kinds, undefined, otherwise);
    const names = Object.keys(verdicts);
    for (const kind of kinds) expect(names.some((name) => name.startsWith(`${kind} `))).toBe(true);
    for (const [name, { candidates }] of Object.entries(verdicts)) {
      expect(Object.keys(candidates).length).toBeGreaterThan(1);
      for (const found of Object.values(candidates)) expect(found, name).toHaveProperty("milliseconds");
    }
  });

  test("variants in f16 may have the error of rounding to f16", async (context) => {
    if (!opened.profile.f16) context.skip("the adapter has no 16-bit floats");
    const kinds = ["linear", "linear_dx", "linear_dw", "scan_grad", "norm_grad", "token_loss"];
    const { verdicts } = await tune("halves", "full", kinds, undefined, { train: { precision: "f16" } });
    expect(Object.keys(verdicts).length).toBeGreaterThan(10);
    for (const [name, { candidates }] of Object.entries(verdicts)) {
      for (const found of Object.values(candidates)) expect(found, name).toHaveProperty("milliseconds");
    }
  });

  test("changed kernels are measured again", async () => {
    const before = await tune("edited", "full", ["rms"]);
    const edit: Rewrite = (kernel) => ({ ...kernel, source: `// edited\n${kernel.source}` });
    expect((await tune("edited", "cached", ["rms"], edit)).choices).toEqual({});
    expect(Object.keys((await tune("edited", "full", ["rms"], edit)).verdicts)).toHaveLength(2);
    expect((await tune("edited", "cached", ["rms"])).choices).toEqual(before.choices);
  });
});
