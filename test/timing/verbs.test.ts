// Measures how long commands take as processes.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildMom, type Mom, ROOT } from "../support/mom.js";

let mom: Mom;
let folder: string;
beforeAll(async () => {
  mom = await buildMom();
  folder = mkdtempSync(join(tmpdir(), "mom-timing-"));
});
afterAll(() => {
  mom.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Milliseconds of the fastest try, because the machine may be busy. Stops at the first try under the limit. */
function fastest(tries: number, limit: number, run: (attempt: number) => readonly string[]): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < tries && best >= limit; i++) {
    const { code, stderr, milliseconds } = mom.runAlone(run(i), folder);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    best = Math.min(best, milliseconds);
  }
  return best;
}

test("mom check of a valid spec of 200 lines: less than half a second", () => {
  const blocks = Array.from(
    { length: 24 },
    (_, i) =>
      `  block b${i}: mamba {\n    d_state: 16\n    d_conv: 4\n    expand: 2\n    dt_rank: auto\n    decouple: [in_proj, out_proj]\n  }\n`,
  );
  const layers = blocks.map((_, i) => `b${i}`).join(" + ");
  const text = `model {\n  modality text: bytes\n  d_model: 64\n${blocks.join("")}  layers: ${layers}\n}\nobjective {\n  text: cross_entropy\n}\ndata {\n  source: emoji\n  length: 128\n}\ntrain {\n  steps: 10\n  batch: 2\n}\n${"// a comment\n".repeat(15)}`;
  expect(text.split("\n").length).toBeGreaterThanOrEqual(200);
  writeFileSync(join(folder, "long.mom"), text);
  expect(fastest(12, 500, () => ["check", "long.mom"])).toBeLessThan(500);
});

test("mom compile of a spec of 200 lines whose data is prepared: less than 3 seconds", () => {
  const quickstart = readFileSync(join(ROOT, "specs/quickstart.mom"), "utf8");
  const notes = Array.from({ length: 170 }, (_, i) => `// note ${i}`).join("\n");
  writeFileSync(join(folder, "train.mom"), `${quickstart}${notes}\n`);
  expect(mom.runAlone(["compile", "train.mom", "-o", "first"], folder).code).toBe(0);
  expect(fastest(6, 3000, (i) => ["compile", "train.mom", "-o", `again${i}`])).toBeLessThan(3000);
});
