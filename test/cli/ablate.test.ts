// `mom ablate` as a process that is stopped, killed or retried, and the state of its folder afterwards.
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missingAdapter } from "../gpu/adapter.js";
import { buildMom, type Mom, ROOT } from "../support/mom.js";

const missing = await missingAdapter();

// In the arm with the largest learning rate, each step multiplies weights by 99: it diverges, and no other arm does.
const SPEC = `
model {
  modality text: bytes
  modality codes: tokens(vocab: 20)
  d_model: 16
  block mixer: mamba { d_state: 4 }
  layers: 2 * mixer
}
objective { text: cross_entropy, codes: cross_entropy }
data { source: files("words.jsonl"), length: 64, held_out: 0.2 }
train { steps: 8, batch: 2, optimizer: adamw(lr: 1e-3, weight_decay: 10), validate_every: 8, checkpoint_every: 3 }

ablate parts {
  vary mixer.decouple: subsets([in_proj, out_proj])
  vary train.seed: [1, 2]
  baseline { mixer.decouple: [] }
  widen_baseline: true
}
ablate rates {
  vary train.optimizer.lr: [1e-3, 10, 2e-3]
  baseline { train.optimizer.lr: 1e-3 }
}
// The tests train this one several times.
ablate few {
  vary mixer.decouple: [[], [in_proj, out_proj]]
  vary train.seed: [1, 2]
  baseline { mixer.decouple: [] }
  widen_baseline: true
}
`;
/** Variants of `few`: both lists and the widened baseline, with two seeds each. */
const FEW = 6;

let mom: Mom;
let folder: string;
let spec: string;
beforeAll(async () => {
  mom = await buildMom();
  // Packages are found from a folder in the project.
  folder = mkdtempSync(join(ROOT, "node_modules/.cache/mom-ablate-"));
  spec = join(folder, "tiny.mom");
  writeFileSync(spec, SPEC);
  const words = Array.from({ length: 60 }, (_, i) => [{ text: `word ${i}` }, { tokens: [i % 20, (3 * i) % 20, 7] }]);
  writeFileSync(join(folder, "words.jsonl"), words.map((segments) => `${JSON.stringify({ segments })}\n`).join(""));
});
afterAll(() => {
  mom.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const ablate = (...args: string[]) => mom.run(["ablate", spec, ...args]);
const ended = (child: ChildProcess) => new Promise<void>((resolve) => child.on("close", () => resolve()));
interface Listing {
  readonly variants: readonly {
    readonly id: string;
    readonly arm: string;
    readonly seed: number;
    readonly state: string;
    readonly reason?: string;
  }[];
}
const list = (name: string, out: string) =>
  JSON.parse(ablate(name, "--out", out, "--list", "--json").stdout) as Listing;
const report = (out: string) => {
  const { clock: _, ...rest } = JSON.parse(readFileSync(join(out, "report.json"), "utf8"));
  return rest;
};

describe("mom ablate without training", () => {
  test("--list names every variant", () => {
    const { stdout, code } = ablate("parts", "--out", join(folder, "none"), "--list");
    expect(code).toBe(0);
    expect(stdout.split("\n").length).toBe(1 + 10 + 1 + 1);
    expect(stdout).toMatch(/^ {4}3 {2}[0-9a-f]{12} {2}in_proj \+ out_proj +1 {2}pending$/m);
    expect(stdout).toContain("10 variants: 10 pending");
  });
  test("unknown names, indexes and folders are reported", () => {
    expect(ablate("--list").stderr).toContain("has several `ablate` blocks: parts, rates, few.");
    expect(ablate("part", "--list").stderr).toContain("Did you mean `parts`?");
    expect(ablate("parts", "--list", "--index", "10").stderr).toContain(
      "Unknown variant 10: the ablation has variants 0 to 9.",
    );
    expect(ablate("parts", "--jobs", "0").code).toBe(2);
    const nothing = join(folder, "nothing");
    expect(ablate("parts", "--report", "--out", nothing).stderr).toContain(
      "does not exist, so there is nothing to report",
    );
    expect(existsSync(nothing)).toBe(false);
  });
});

describe.skipIf(missing)("mom ablate on a device", () => {
  test("--dry-run estimates time and memory, and trains nothing", () => {
    const out = join(folder, "dry");
    const { stdout, code } = ablate("rates", "--out", out, "--dry-run", "--json");
    expect(code).toBe(0);
    const { arms, variants, estimate } = JSON.parse(stdout);
    expect(variants.length).toBe(3);
    expect(arms[0].parameters.total).toBeGreaterThan(1000);
    expect(arms[0].flops).toBeGreaterThan(6 * arms[0].parameters.active);
    expect(estimate.seconds).toBeGreaterThan(0);
    expect(estimate.peakBytes).toBeGreaterThan(estimate.bytes);
    expect(list("rates", out).variants.every(({ state }) => state === "pending")).toBe(true);
  });

  test("an arm that diverges is reported, the others train, and --retry retries that arm alone", () => {
    const out = join(folder, "rates");
    const first = ablate("rates", "--out", out, "--jobs", "2");
    expect(first.code).toBe(4);
    expect(first.stderr).toContain("3 variants: 2 done, 1 failed");
    const states = list("rates", out).variants;
    expect(states.map(({ state }) => state)).toEqual(["done", "failed", "done"]);
    expect(states[1]?.reason).toMatch(/not finite/);
    expect(report(out).runs[1]).toMatchObject({ state: "failed" });
    const again = ablate("rates", "--out", out);
    expect(again.stderr).not.toContain("1/1");
    const retried = ablate("rates", "--out", out, "--retry");
    expect(retried.stderr.match(/^1\/1 {2}.*failed/m)).not.toBeNull();
    expect(retried.code).toBe(4);
  });

  test("a killed ablation resumes, and its report equals that of an uninterrupted one", async () => {
    const uninterrupted = join(folder, "uninterrupted");
    const killed = join(folder, "killed");
    expect(ablate("few", "--out", uninterrupted).code).toBe(0);
    for (const milliseconds of [900, 2200, 3500]) {
      const child = mom.start(["ablate", spec, "few", "--out", killed, "--jobs", "2"]);
      const end = ended(child);
      await Promise.race([end, setTimeout(milliseconds)]);
      child.kill("SIGKILL");
      await end;
    }
    const last = ablate("few", "--out", killed, "--jobs", "2");
    expect(last.stderr).toContain(`${FEW} variants: ${FEW} done`);
    expect(last.code).toBe(0);
    expect(report(killed)).toEqual(report(uninterrupted));
    expect(report(uninterrupted).runs.length).toBe(FEW);
  }, 180_000);

  test("a variant whose process is killed fails with that reason, the others finish, and --retry completes it", async () => {
    const out = join(folder, "worker");
    const child = mom.start(["ablate", spec, "few", "--out", out]);
    const end = ended(child);
    const variants = join(out, "variants");
    const isHeld = () =>
      existsSync(variants) && readdirSync(variants).some((name) => existsSync(join(variants, name, "lock.json")));
    // Finds the first worker as soon as it has a variant's lock.
    const holder = async (): Promise<number> => {
      for (;;) {
        await setTimeout(50);
        if (!isHeld() && child.exitCode === null) continue;
        const held = list("few", out).variants.find(({ state }) => state === "running") as { pid?: number } | undefined;
        if (held?.pid !== undefined) return held.pid;
        if (child.exitCode !== null) throw new Error("the ablation ended before a variant was running");
      }
    };
    process.kill(await holder(), "SIGKILL");
    await end;
    expect(child.exitCode).toBe(3);
    const states = list("few", out).variants;
    expect(states.filter(({ state }) => state === "done").length).toBe(FEW - 1);
    expect(states.find(({ state }) => state === "failed")?.reason).toBe("Its process was killed (SIGKILL).");
    const retried = ablate("few", "--out", out, "--retry");
    expect(retried.stderr).toContain(`${FEW} variants: ${FEW} done`);
    expect(report(out)).toEqual(report(join(folder, "uninterrupted")));
  }, 120_000);

  test("--index trains one variant; an interrupted ablation saves and prints how to continue", async () => {
    const out = join(folder, "index");
    expect(ablate("few", "--out", out, "--index", "3").code).toBe(0);
    expect(list("few", out).variants.map(({ state }) => state)).toEqual(
      Array.from({ length: FEW }, (_, i) => (i === 3 ? "done" : "pending")),
    );
    const child = mom.start(["ablate", spec, "few", "--out", out]);
    let output = "";
    child.stderr?.on("data", (text) => {
      output += text;
      if (output.includes("done in") && !child.killed) child.kill("SIGINT");
    });
    await ended(child);
    expect(child.exitCode).toBe(130);
    expect(output).toMatch(/Continue with: mom ablate .*tiny\.mom few --out/);
    expect(list("few", out).variants.filter(({ state }) => state === "done").length).toBeLessThan(FEW);
  });
});
