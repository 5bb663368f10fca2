// Ablations that PyTorch trains: what is refused, and jobs that are run, stopped, killed and taken over.
import { type ChildProcess, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { takeRun } from "../../src/ablate/take-run.js";
import { nodeDisk } from "../../src/api/node/disk.js";
import { closeRun } from "../../src/train/run-folder.js";
import { missingAdapter } from "../gpu/adapter.js";
import { buildMom, type Mom } from "../support/mom.js";
import { missingTorch } from "../targets/torch/python.js";

const PYTHON = process.env.MOM_TORCH_PYTHON ?? "python3";
// Debian's PyTorch lacks libuv, and more threads than free cores make small tensors many times slower.
Object.assign(process.env, { OMP_NUM_THREADS: "1", USE_LIBUV: "0", GLOO_SOCKET_IFNAME: "lo" });

const STEPS = 30;
const specOf = (decode: string): string => `
model {
  modality text: bytes
  modality image: patches(size: 8x8, patch: 4x4, decode: ${decode})
  d_model: 16
  block mixer: mamba { d_state: 4 }
  layers: 1 * mixer
}
objective { text: cross_entropy, image: ddpm(weight: 5, steps: 1000, schedule: cosine) }
data { source: emoji, length: 64 }
train { steps: ${STEPS}, batch: 2, optimizer: adamw(lr: 3e-3), seed: 3, checkpoint_every: 5 }
ablate parts {
  vary mixer.decouple: [[], [in_proj, out_proj]]
  baseline { mixer.decouple: [] }
}
`;

const missing = await missingAdapter();
const folder = mkdtempSync(join(tmpdir(), "mom-ablate-torch-"));
const spec = join(folder, "tiny.mom");
let mom: Mom;
beforeAll(async () => {
  mom = await buildMom();
  writeFileSync(spec, specOf("ahead"));
});
afterAll(() => {
  mom.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const at = (...names: string[]): string => join(folder, ...names);
const TORCH = ["--target", "torch", "--gpus", "0", "--python", PYTHON];
const ablate = (...args: string[]) => mom.run(["ablate", spec, ...args]);

describe("what is refused", () => {
  const emitted = (...args: string[]) => {
    const { code, stderr } = ablate("--emit", "slurm", "-o", at("none"), "--target", "torch", ...args);
    expect({ code, written: existsSync(at("none")) }).toEqual({ code: 1, written: false });
    return stderr;
  };
  test("a spec that a PyTorch project cannot train, before any job is written", () => {
    writeFileSync(spec, specOf("live"));
    expect(emitted()).toContain(
      "`--target torch` does not support `decode: live`: the project has no decoder of pictures",
    );
    writeFileSync(spec, specOf("ahead"));
  });
  test("GPUs that cannot share an update", () => {
    expect(emitted("--gpus", "4")).toContain(
      "4 GPUs cannot share the 2 sequences (batch × accumulate) of an update in the arm `none`",
    );
  });
  test("options of mom's own kernels", () => {
    expect(emitted("--adapter", "swiftshader")).toContain("Use --gpus; 0 trains on a CPU.");
    expect(ablate("--dry-run", ...TORCH).stderr).toContain("--dry-run measures mom's own kernels, not PyTorch");
  });
  test("a Python that does not exist", () => {
    const { code, stderr } = ablate("--out", at("no-python"), "--target", "torch", "--python", at("python"));
    expect(code).toBe(3);
    expect(stderr).toContain("python does not start");
    expect(stderr).toContain("--python PATH");
  });
  test("a run that the other trainer began", () => {
    const variants = { path: at("others"), disk: nodeDisk };
    const request = { text: "model {}\n", files: () => [], specFile: spec };
    const taken = (by: "mom" | "torch", plan?: string) =>
      takeRun(variants, { ...request, id: by }, by, () => ({ plan }));
    closeRun(taken("torch").run);
    closeRun(taken("mom", "{}").run);
    expect(taken("torch").begun).toBe(true);
    expect(() => takeRun(variants, { ...request, id: "torch" }, "mom", () => ({ plan: "{}" }))).toThrow(
      /^PyTorch began the run in .*torch, so mom itself cannot continue it/,
    );
    expect(() => takeRun(variants, { ...request, id: "mom" }, "torch", () => ({ plan: undefined }))).toThrow(
      /^mom itself began the run in .*mom, so PyTorch cannot continue it/,
    );
  });
});

/** Python takes seconds to start, on busy cores many. */
const SLOW = { timeout: 600_000 };

describe.skipIf(missingTorch !== undefined)("jobs on a CPU", SLOW, () => {
  const ended = (child: ChildProcess) =>
    new Promise<number | null>((resolve) => child.on("close", (code) => resolve(code)));
  /** The folder of the only run in an ablation's folder. */
  const runIn = (out: string): string => at(out, "variants", readdirSync(at(out, "variants"))[0] as string);
  const metrics = (out: string): string => readFileSync(join(runIn(out), "metrics.jsonl"), "utf8");
  const start = (out: string, steps = STEPS) =>
    mom.start(["ablate", spec, "--index", "1", "--out", at(out), "--set", `train.steps=${steps}`, ...TORCH]);
  /** The process of a job that trains. */
  const projectOf = ({ pid }: ChildProcess): number =>
    Number(spawnSync("pgrep", ["-P", `${pid}`], { encoding: "utf8" }).stdout.trim());
  /** Waits until a run has records of so many steps. */
  async function reached(out: string, steps: number): Promise<void> {
    while (!existsSync(at(out, "variants")) || !existsSync(join(runIn(out), "metrics.jsonl"))) await after(50);
    while (metrics(out).split("\n").length <= steps) await after(20);
  }
  const states = (out: string): string[] =>
    JSON.parse(ablate("--out", at(out), "--list", "--json").stdout).variants.map(
      (one: { readonly state: string }) => one.state,
    );

  test("a job trains its variant, and the report has runs of both trainers", () => {
    const out = at("both");
    const emit = ["ablate", spec, "--out", out, "--emit", "shell", "-o", at("jobs"), ...TORCH];
    expect(mom.runAlone(emit)).toMatchObject({ code: 0, stderr: "" });
    const trained = spawnSync("sh", ["-c", `mkdir logs && sh train.sh 0 1 && cat logs/0.txt`], { cwd: at("jobs") });
    expect(trained.stdout.toString()).toContain("2 variants: 1 done, 1 pending");
    const other = missing ? TORCH : ["--adapter", "swiftshader"];
    expect(ablate("--out", out, "--index", "1", ...other).code).toBe(0);
    const reported = spawnSync("sh", ["-c", '. ./sweep.sh; cd "$project" && mom --report'], { cwd: at("jobs") });
    expect(reported.stderr.toString()).toContain("2 variants: 2 done");
    const { arms, clock, runs } = JSON.parse(readFileSync(join(out, "report.json"), "utf8"));
    expect(runs.map(({ state }: { readonly state: string }) => state)).toEqual(["done", "done"]);
    expect(arms).toHaveLength(2);
    expect(clock.devices).toContainEqual(expect.stringMatching(/^a CPU, by PyTorch \d/));
    expect(clock.devices).toHaveLength(missing ? 1 : 2);
    const left = readdirSync(at("both", "variants", runs[0].id));
    expect(left).toEqual(expect.arrayContaining(["metrics.jsonl", "outcome.json", "sessions.jsonl", "train.log"]));
    expect(left.filter((name) => ["project", "lock.json", "plan.json"].includes(name))).toEqual([]);
  });

  test("a job that is stopped or killed continues as if it had not been, and a second one does not train", async () => {
    expect(await ended(start("whole"))).toBe(0);
    const killed = start("parts");
    await reached("parts", 3);
    const project = projectOf(killed);
    process.kill(project, "SIGSTOP");
    expect(states("parts")).toEqual(["pending", "running"]);
    expect(ablate("--index", "1", "--out", at("parts"), ...TORCH).code).toBe(75);
    killed.kill("SIGKILL");
    await ended(killed);
    process.kill(project, "SIGCONT");
    const stopped = start("parts");
    // Its project starts from the checkpoint, whose later records it removes.
    while (readFileSync(join(runIn("parts"), "sessions.jsonl"), "utf8").split("\n").length < 3) await after(50);
    stopped.kill("SIGTERM");
    expect(await ended(stopped)).toBe(130);
    expect(readFileSync(join(runIn("parts"), "ended.json"), "utf8")).toContain('"stopped"');
    expect(await ended(start("parts"))).toBe(0);
    expect(metrics("parts")).toBe(metrics("whole"));
  });

  test("a run that another machine has taken over is left to it", async () => {
    const steps = 1000;
    const job = start("taken", steps);
    await reached("taken", 3);
    const lock = join(runIn("taken"), "lock.json");
    const other = JSON.stringify({ pid: 1, started: "1", machine: "elsewhere", host: "elsewhere" });
    writeFileSync(lock, other);
    expect(await ended(job)).toBe(75);
    expect(readFileSync(lock, "utf8")).toBe(other);
    expect(metrics("taken").split("\n").length).toBeLessThan(steps);
    expect(existsSync(join(runIn("taken"), "outcome.json"))).toBe(false);
  });

  test("a run that diverges ends as one", async () => {
    // Each step multiplies weights by 99.
    const LARGE = ["--set", "train.optimizer.lr=10", "--set", "train.optimizer.weight_decay=10"];
    const { code, stderr } = ablate("--index", "1", "--out", at("rates"), ...LARGE, ...TORCH);
    expect({ code }, stderr).toEqual({ code: 4 });
    expect(stderr).toMatch(/The gradients of step \d+ are not finite/);
  });
});
